//# parse CSV with quotes
const parse = (t: string) => t.split("\n").map((l) => [...l.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map((m) => m[1]).filter((_, i, a) => i < a.length - 1).map((c) => c.replace(/^"|"$/g, "").replace(/""/g, '"')));
return parse('a,b,c\n1,"x, y","say ""hi"""');
//# build CSV
const esc = (v: unknown) => (/[",\n]/.test(String(v)) ? `"${String(v).replaceAll('"', '""')}"` : String(v));
return [["id", "note"], [1, 'a "b"'], [2, "x,y"]].map((r) => r.map(esc).join(",")).join("\n");
//# query string to object
return Object.fromEntries(new URLSearchParams("a=1&b=two%20words&c=%E2%9C%93&a=3"));
//# named groups
const m = "2024-06-01T10:20".match(/(?<y>\d+)-(?<m>\d+)-(?<d>\d+)T(?<time>.+)/)!;
return { ...m.groups, index: m.index };
//# matchAll with positions
return [..."cat bat rat".matchAll(/[cbr]at/g)].map((m) => [m[0], m.index]);
//# lookbehind and lookahead
return ["$12.50 €9 $7".match(/(?<=\$)\d+(\.\d+)?/g), "foobar foobaz".match(/foo(?!bar)\w+/g), "abc".replace(/(?<!a)b|c/g, "_")];
//# unicode property escapes
return ["Größe 12, naïve β!".match(/\p{L}+/gu), "a1٣".match(/\p{Nd}/gu), /^\p{Lu}/u.test("Éa"), "x😀y".replace(/\p{Emoji_Presentation}/gu, "*")];
//# sticky and lastIndex
const re = /\d/y; re.lastIndex = 1;
const g = /a/g;
return [re.test("a1"), re.lastIndex, g.test("aa"), g.lastIndex, g.exec("aa")!.index, g.test("aa")];
//# flags d and s and m
const r = /b(?<x>c)/d.exec("abcd") as any;
return [r.indices[0], r.indices.groups.x, /a.c/s.test("a\nc"), "x\ny".match(/^y/m)!.index, new RegExp("a/b", "gi").toString(), /x/v.flags];
//# replace with callbacks and groups
return ["John Smith".replace(/(\w+)\s(\w+)/, "$2, $1"), "a1b22".replace(/\d+/g, (d, at) => `[${+d * 2}@${at}]`), "x".replace("x", "$$&$&"), "abc".replace(/(?<l>b)/, "<$<l>>")];
//# replaceAll needs g
try { "aa".replaceAll(/a/, "b"); } catch (e) { return [(e as Error).name, "aa".replaceAll("a", "$&b")]; }
//# tokenise an expression
const tokens = "3 + 4*(2 - 1)".match(/\d+|[-+*/()]/g)!;
return tokens;
//# evaluate an expression by recursive descent
const t = "2*(3+4)-10/5".match(/\d+|[-+*/()]/g)!; let i = 0;
const atom = (): number => { const x = t[i++]; if (x === "(") { const v = sum(); i++; return v; } return +x; };
const term = (): number => { let v = atom(); while (t[i] === "*" || t[i] === "/") v = t[i++] === "*" ? v * atom() : v / atom(); return v; };
const sum = (): number => { let v = term(); while (t[i] === "+" || t[i] === "-") v = t[i++] === "+" ? v + term() : v - term(); return v; };
return sum();
//# markdown to HTML, a little
const md = "# Title\n\nSome **bold** and *it*\n- one\n- two";
return md.split("\n").map((l) => l.replace(/^# (.*)/, "<h1>$1</h1>").replace(/\*\*(.+?)\*\*/g, "<b>$1</b>").replace(/\*(.+?)\*/g, "<i>$1</i>").replace(/^- (.*)/, "<li>$1</li>")).join("");
//# escape and unescape HTML
const map: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const e = '<a href="x">&</a>'.replace(/[&<>"]/g, (c) => map[c]);
return [e, e.replace(/&(amp|lt|gt|quot);/g, (m) => Object.keys(map).find((k) => map[k] === m)!)];
//# word frequencies
const text = "It was the best of times, it was the worst of times";
const f = new Map<string, number>();
for (const w of text.toLowerCase().match(/[a-z]+/g)!) f.set(w, (f.get(w) ?? 0) + 1);
return [...f].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 4);
//# slugify
return "Héllo, Wörld! 100%".toLowerCase().replace(/é/g, "e").replace(/ö/g, "o").replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
//# levenshtein
const lev = (a: string, b: string) => { const d = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array(b.length).fill(0)]); for (let j = 0; j <= b.length; j++) d[0][j] = j; for (let i = 1; i <= a.length; i++) for (let j = 1; j <= b.length; j++) d[i][j] = Math.min(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)); return d[a.length][b.length]; };
return [lev("kitten", "sitting"), lev("", "abc")];
//# roman numerals and base conversion
const roman = (n: number) => [[1000, "M"], [900, "CM"], [500, "D"], [400, "CD"], [100, "C"], [90, "XC"], [50, "L"], [40, "XL"], [10, "X"], [9, "IX"], [5, "V"], [4, "IV"], [1, "I"]].reduce((s, [v, r]: any) => { while (n >= v) { s += r; n -= v; } return s; }, "");
return [roman(1994), parseInt("zz", 36), (35).toString(36)];
//# caesar and run-length
return ["Hello".replace(/[a-z]/gi, (c) => { const b = c < "a" ? 65 : 97; return String.fromCharCode(((c.charCodeAt(0) - b + 13) % 26) + b); }), "aaabcc".replace(/(.)\1*/g, (m) => m.length + m[0])];
//# encodeURIComponent and friends
return [encodeURIComponent("a b&c/é😀!'()*"), encodeURI("http://x/ä?q=a b"), decodeURIComponent("%E2%82%AC"), escape("é"), unescape("%E9")];
//# malformed percent sequences throw
try { decodeURIComponent("%E0%A4%A"); } catch (e) { return [(e as Error).name, e instanceof URIError]; }
//# base64 both ways
return [btoa("Hello, World!"), atob("SGk="), btoa(String.fromCharCode(255, 0)), Buffer.from("héllo ✓").toString("base64"), Buffer.from("aMOpbGxvIOKckw==", "base64").toString()];
//# log lines to records
const log = "[2024-01-02 10:00:00] ERROR db: timeout after 30s\n[2024-01-02 10:00:05] INFO web: ok";
return log.split("\n").map((l) => { const [, at, level, who, msg] = /^\[(.+?)\] (\w+) (\w+): (.*)$/.exec(l)!; return { at, level, who, msg }; });
//# INI to object
const ini = "a=1\n[s]\n; c\nb = two\n";
let cur: any = {}; const root = cur;
for (const l of ini.split("\n")) { let m; if ((m = /^\[(.+)\]$/.exec(l))) cur = root[m[1]] = {}; else if ((m = /^(\w+)\s*=\s*(.*)$/.exec(l))) cur[m[1]] = m[2]; }
return root;
//# string comparison
return ["a" < "B", "a".localeCompare("b"), "10" < "9", ["b", "a", "C"].sort(), "abc".includes("bc"), "abc".startsWith("b", 1), "abc".endsWith("b", 2), "abcabc".lastIndexOf("b"), "abc".search(/c/)];
//# raw code points
return [[..."añ😀"].map((c) => c.codePointAt(0)!.toString(16)), "\x41\u{1F600}".length, "a\ud800".isWellFormed(), "a\ud800".toWellFormed()];
//# split with captures and limits
return ["a1b2c".split(/(\d)/), "".split(""), "".split(","), "a,b,".split(","), "abc".split(/(?:)/u)];
//# catastrophic pattern on short input
return /^(a+)+$/.test("aaaaaaaaaaaaab");
//# backreferences and case-insensitive
return [/(\w)\1/.exec("hello")![0], /(?<q>['"]).*?\k<q>/.exec(`say "it's" ok`)![0], /straße/iu.test("STRASSE"), /é/i.test("É")];
//# global match with zero length
return ["abc".match(/x*/g), "abc".replace(/x*/g, "-"), [..."ab".matchAll(/(?:)/g)].length];
