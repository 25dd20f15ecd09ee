//! The worst that a snippet can ask of each operation: between two looks at whether
//! its run is over, an operation works a little, however much it is given.

use crate::isolate::{
    Blueprint, Guard, Isolate, Tracking, Uses, Verify, guard::looks, preset::DEFAULT, tests::begin,
};

const FIRST: [&str; 4] = [
    "fetch('http://x/').catch(() => 0);",
    "Intl.supportedValuesOf('timeZone'); 'a'.localeCompare('b', 'da');",
    "for (const it of ['de', 'ar-EG', 'zh', 'hi', 'es']) { new Date().toLocaleString(it, { dateStyle: 'full', timeStyle: 'full', timeZone: 'America/New_York' }); (1e9).toLocaleString(it); new Intl.ListFormat(it).format(['a', 'b']); }",
    "for (const granularity of ['word', 'sentence', 'grapheme']) for (const it of new Intl.Segmenter('th', { granularity }).segment('\\u0e01\\u4e2d a'));",
];

/// A listing whose body is the text that an expression gives.
macro_rules! XML {
    ($body:literal) => {
        concat!("const body = new TextEncoder().encode(", $body, "); const requestHandler = { handle: async () => ({ response: { statusCode: 200, headers: {}, body } }) }; const s3 = new AwsS3.S3Client({ region: 'x', requestHandler }); await s3.send(new AwsS3.ListObjectsV2Command({ Bucket: 'b' }));")
    };
}

/// Name, body.
const WORST: &[(&str, &str)] = &[
    ("encode", "new TextEncoder().encode('\u{E9}'.repeat(1e6));"),
    ("encode lone surrogates", "new TextEncoder().encode('\\ud800'.repeat(2e5));"),
    ("decode utf-8", "new TextDecoder().decode(new Uint8Array(1e6).fill(0xc3));"),
    ("decode utf-16", "new TextDecoder('utf-16le').decode(new Uint8Array(2e6).fill(0x4e));"),
    ("decode latin1", "new TextDecoder('latin1').decode(new Uint8Array(2e6).fill(0xe9));"),
    ("decode gb18030", "new TextDecoder('gb18030').decode(new Uint8Array(1e6).fill(0x82));"),
    ("decode big5", "new TextDecoder('big5').decode(new Uint8Array(1e6).fill(0xa4));"),
    (
        "decode iso-2022-jp",
        "new TextDecoder('iso-2022-jp').decode(new Uint8Array(1e6).fill(0x1b));",
    ),
    ("decode shift_jis", "new TextDecoder('shift_jis').decode(new Uint8Array(1e6).fill(0x82));"),
    ("decoder name", "new TextDecoder('x'.repeat(2e6));"),
    ("decoder name of spaces", "new TextDecoder(' '.repeat(1e7) + 'utf8');"),
    ("url", "new URL('http://x/' + '\u{E9}'.repeat(5e5));"),
    ("url path", "new URL('http://x/' + '../a/'.repeat(6000));"),
    ("url path encoded", "new URL('http://x/' + '\u{E9}'.repeat(16000));"),
    ("url path dots", "new URL('http://x/' + 'a/'.repeat(8000) + '../'.repeat(5000));"),
    ("url host", "new URL('http://' + 'a.'.repeat(16000) + 'a/');"),
    ("url host long label", "new URL('http://' + 'a'.repeat(32000) + '/');"),
    ("url host idna", "new URL('http://' + '\u{E9}'.repeat(15000) + '/');"),
    ("url host idna labels", "new URL('http://' + '\u{E9}.'.repeat(10000) + '/');"),
    (
        "url host idna mixed",
        "new URL('http://' + Array.from({ length: 8000 }, (_, i) => String.fromCharCode(0x4e00 + i * 7 % 20000)).join('') + '/');",
    ),
    ("url host percent", "new URL('http://' + '%41'.repeat(10000) + '/');"),
    ("url host punycode", "new URL('http://xn--' + 'a9'.repeat(15000) + '/');"),
    ("url host punycode labels", "new URL('http://' + 'xn--9ca.'.repeat(4000) + '/');"),
    ("url user", "new URL('http://' + '@'.repeat(16000) + '/');"),
    ("url user encoded", "new URL('http://' + '\u{E9}@'.repeat(10000) + '/');"),
    ("url ipv6", "new URL('http://[' + '0:'.repeat(16000) + ']/');"),
    ("url tabs", "new URL('http://x/' + '\\t'.repeat(32000));"),
    ("url base", "new URL('../'.repeat(5000), 'http://x/' + 'a/'.repeat(8000));"),
    ("url set path", "const u = new URL('http://x/'); u.pathname = '\u{E9}'.repeat(5e5);"),
    ("url set host", "const u = new URL('http://x/'); u.host = '\u{E9}'.repeat(15000);"),
    (
        "url set username",
        "const u = new URL('http://x/' + 'a'.repeat(10000)); u.username = '\u{E9}'.repeat(3000);",
    ),
    ("url params", "new URLSearchParams('a=b&'.repeat(1e3)).toString();"),
    (
        "url pattern",
        "new URLPattern({ pathname: '/:a' + '/x'.repeat(2000) }).test('http://x/' + 'a/'.repeat(2000));",
    ),
    (
        "stack",
        "const f = () => {}; Object.defineProperty(f, 'name', { value: 'n'.repeat(1e6) }); const g = { f() { return new Error('x'); } }; Object.defineProperty(g.f, 'name', { value: 'n'.repeat(1e6) }); String(g.f().stack);",
    ),
    ("console", "console.log('x'.repeat(2e6));"),
    ("console surrogates", "console.log('\\ud800'.repeat(1e6));"),
    ("random", "crypto.getRandomValues(new Uint8Array(65536));"),
    (
        "pack zeros",
        "await new Response(new Blob([new Uint8Array(1e6)]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer();",
    ),
    (
        "pack noise",
        "const b = new Uint8Array(1e5); for (let i = 0; i < 1e5; i++) b[i] = (i * i * 31) >> 3; await new Response(new Blob([b]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer();",
    ),
    (
        "pack chains",
        "const b = new Uint8Array(1e5); for (let i = 0; i < 1e5; i++) b[i] = i % 251 < 3 ? 1 : (i * 7919) % 5; await new Response(new Blob([b]).stream().pipeThrough(new CompressionStream('deflate'))).arrayBuffer();",
    ),
    (
        "unpack bomb",
        "const p = await new Response(new Blob([new Uint8Array(2e6)]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer(); await new Response(new Blob([p]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();",
    ),
    (
        "unpack empty blocks",
        "const b = new Uint8Array(20000); for (let i = 0; i < b.length; i += 5) b.set([0, 0, 0, 255, 255], i); await new Response(new Blob([b]).stream().pipeThrough(new DecompressionStream('deflate-raw'))).arrayBuffer();",
    ),
    (
        "unpack fixed blocks",
        "const bits = []; const put = (n, w) => { for (let i = 0; i < w; i++) bits.push(n >> i & 1); }; for (let i = 0; i < 10000; i++) { put(2, 3); put(0, 7); } const b = new Uint8Array(bits.length >> 3); for (let i = 0; i < b.length * 8; i++) b[i >> 3] |= bits[i] << (i & 7); await new Response(new Blob([b]).stream().pipeThrough(new DecompressionStream('deflate-raw'))).arrayBuffer();",
    ),
    (
        "unpack dynamic blocks",
        "const bits = []; const put = (n, w) => { for (let i = 0; i < w; i++) bits.push(n >> i & 1); }; for (let k = 0; k < 1000; k++) { put(4, 3); put(0, 5); put(0, 5); put(14, 4); for (const n of [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]) put(n, 3); /* 18 and 1 */ put(1, 1); put(127, 7); put(1, 1); put(107, 7); put(0, 1); put(0, 1); put(0, 1); } const b = new Uint8Array(bits.length >> 3); for (let i = 0; i < b.length * 8; i++) b[i >> 3] |= bits[i] << (i & 7); await new Response(new Blob([b]).stream().pipeThrough(new DecompressionStream('deflate-raw'))).arrayBuffer();",
    ),
    ("digest", "await crypto.subtle.digest('SHA-512', new Uint8Array(1e6));"),
    ("digest beside", "crypto.subtle.digest('SHA-512', new Uint8Array(2e6));"),
    (
        "hmac",
        "const k = await crypto.subtle.importKey('raw', new Uint8Array(1e6), { name: 'HMAC', hash: 'SHA-1' }, true, ['sign']); await crypto.subtle.sign('HMAC', k, new Uint8Array(1e4));",
    ),
    (
        "hkdf",
        "const k = await crypto.subtle.importKey('raw', new Uint8Array(5e5), 'HKDF', false, ['deriveBits']); await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-512', salt: new Uint8Array(2e5), info: new Uint8Array(2e5) }, k, 8 * 64 * 255);",
    ),
    (
        "pbkdf2",
        "const k = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits']); await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-512', salt: new Uint8Array(9e5), iterations: 1 }, k, 8 * 1024);",
    ),
    (
        "ctr",
        "const name = 'AES-CTR', k = await crypto.subtle.generateKey({ name, length: 256 }, true, ['encrypt']); await crypto.subtle.encrypt({ name, counter: new Uint8Array(16), length: 64 }, k, new Uint8Array(1e6));",
    ),
    (
        "gcm",
        "const name = 'AES-GCM', k = await crypto.subtle.generateKey({ name, length: 256 }, true, ['encrypt']); await crypto.subtle.encrypt({ name, iv: new Uint8Array(12), additionalData: new Uint8Array(5e5) }, k, new Uint8Array(5e5));",
    ),
    (
        "cbc",
        "const name = 'AES-CBC', k = await crypto.subtle.generateKey({ name, length: 256 }, true, ['encrypt']); await crypto.subtle.encrypt({ name, iv: new Uint8Array(16) }, k, new Uint8Array(1e6));",
    ),
    (
        "ecdsa",
        "const name = 'ECDSA', k = await crypto.subtle.generateKey({ name, namedCurve: 'P-384' }, true, ['sign', 'verify']); const s = await crypto.subtle.sign({ name, hash: 'SHA-384' }, k.privateKey, new Uint8Array(1e6)); await crypto.subtle.verify({ name, hash: 'SHA-384' }, k.publicKey, s, new Uint8Array(1e6));",
    ),
    ("xml elements", XML!("`<R>${'<Contents><Key>k</Key></Contents>'.repeat(1e4)}</R>`")),
    ("xml text", XML!("`<R><Name>${'\\u00e9'.repeat(1e6)}</Name></R>`")),
    ("xml escapes", XML!("`<R><Name>${'\\t'.repeat(5e5)}</Name></R>`")),
    ("xml entities", XML!("`<R><Name>${'&amp;'.repeat(5e4)}</Name></R>`")),
    (
        "xml attributes",
        XML!(
            "`<R ${Array.from({ length: 1e4 }, (_, i) => 'a' + i + '=\\u0022' + i + '\\u0022').join(' ')}></R>`"
        ),
    ),
    ("xml attribute", XML!("`<R a='${'x'.repeat(2e6)}'></R>`")),
    ("xml comment", XML!("`<R><!--${'x'.repeat(2e6)}--></R>`")),
    ("xml returns", XML!("`<R>${'\\r'.repeat(2e6)}</R>`")),
    ("intl request", "new Intl.NumberFormat(new Array(1e4).fill('de-DE'));"),
    ("intl long tag", "new Intl.NumberFormat('de-x-' + 'abc-'.repeat(1e5) + 'a');"),
    (
        "intl variants",
        "new Intl.NumberFormat('de-' + Array.from({ length: 1e4 }, (_, i) => 'v' + String(i).padStart(5, '0')).join('-'));",
    ),
    (
        "intl keywords",
        "new Intl.NumberFormat('de-u-' + Array.from({ length: 676 }, (_, i) => String.fromCharCode(97 + i / 26, 97 + i % 26)).join('-'));",
    ),
    (
        "intl options",
        "new Intl.NumberFormat('de', { numberingSystem: 'abcd-'.repeat(1e5) + 'abcd' });",
    ),
    ("intl unit", "new Intl.NumberFormat('de', { style: 'unit', unit: 'x'.repeat(1e6) });"),
    ("time zone", "new Intl.DateTimeFormat('de', { timeZone: 'x'.repeat(1e6) });"),
    ("canonical locales", "Intl.getCanonicalLocales(new Array(1e4).fill('de-DE'));"),
    ("supported locales", "Intl.NumberFormat.supportedLocalesOf(new Array(1e4).fill('de-DE'));"),
    ("locale", "new Intl.Locale('x-'.repeat(1e5));"),
    ("locale edits", "new Intl.Locale('de', { calendar: 'abcd-'.repeat(1e5) + 'abcd' });"),
    ("values", "Intl.supportedValuesOf('x'.repeat(1e6));"),
    ("values of zones", "Intl.supportedValuesOf('timeZone');"),
    ("number", "new Intl.NumberFormat('de').format('9'.repeat(2e5));"),
    ("number parts", "new Intl.NumberFormat('hi').formatToParts('9'.repeat(3e3));"),
    ("number big int", "new Intl.NumberFormat('de').format(10n ** 3900n);"),
    ("number exponent", "new Intl.NumberFormat('de').format('1e3990');"),
    ("number fraction", "new Intl.NumberFormat('de').format('0.' + '9'.repeat(1e6));"),
    (
        "number increment",
        "new Intl.NumberFormat('de', { roundingIncrement: 5, maximumFractionDigits: 2, minimumFractionDigits: 2 }).format('9'.repeat(3e3));",
    ),
    (
        "number compact",
        "new Intl.NumberFormat('de', { notation: 'compact' }).format('9'.repeat(1e6));",
    ),
    (
        "number range",
        "new Intl.NumberFormat('de').formatRange('9'.repeat(3e3), '9'.repeat(2e4) + '1');",
    ),
    ("number spaces", "new Intl.NumberFormat('de').format(' '.repeat(2e6));"),
    ("plural", "new Intl.PluralRules('ar').select(10n ** 3900n);"),
    ("plural range", "new Intl.PluralRules('ar').selectRange(1, 1e300);"),
    (
        "date",
        "new Date().toLocaleString('ar-EG', { dateStyle: 'full', timeStyle: 'full', timeZone: 'America/New_York' });",
    ),
    (
        "date range",
        "new Intl.DateTimeFormat('zh', { dateStyle: 'full', timeStyle: 'full' }).formatRange(-8e15, 8e15);",
    ),
    ("relative", "new Intl.RelativeTimeFormat('ar').format(1e308, 'day');"),
    ("list", "new Intl.ListFormat('de').format(new Array(1e4).fill('x'.repeat(20)));"),
    ("list es", "new Intl.ListFormat('es').format(new Array(1e4).fill('x'.repeat(20)));"),
    ("list long", "new Intl.ListFormat('de').format(['\\n'.repeat(1e6), 'b']);"),
    ("list es long", "new Intl.ListFormat('es').format(['a', 'I'.repeat(1e6)]);"),
    ("list parts", "new Intl.ListFormat('de').formatToParts(new Array(1e4).fill('\u{1}'));"),
    ("names", "new Intl.DisplayNames('en', { type: 'language' }).of('x'.repeat(1e6));"),
    ("names calendar", "new Intl.DisplayNames('en', { type: 'calendar' }).of('x'.repeat(1e6));"),
    (
        "names long",
        "new Intl.DisplayNames('en', { type: 'language' }).of('de-' + Array.from({ length: 2e3 }, (_, i) => 'v' + String(i).padStart(5, '0')).join('-'));",
    ),
    ("collate equal", "const s = '\u{E9}'.repeat(2e6); (s + 'x').localeCompare(s + 'x', 'sv');"),
    ("collate late", "const s = '\u{E9}'.repeat(2e6); s.localeCompare(s + 'x', 'sv');"),
    (
        "collate words late",
        "const s = 'one two '.repeat(2e5); (s + 'a').localeCompare(s + 'b', 'sv');",
    ),
    (
        "collate accents early",
        "const s = 'one two '.repeat(1e5); ('\u{E9}' + s).localeCompare('e' + s);",
    ),
    (
        "collate case",
        "const s = 'one two '.repeat(1e5); s.localeCompare(s.toUpperCase(), 'en', { sensitivity: 'base' });",
    ),
    ("collate early", "const s = 'one two '.repeat(1e5); ('a' + s).localeCompare('b' + s);"),
    ("collate ignorable", "'\\0'.repeat(1e6).localeCompare('\\x01'.repeat(1e6));"),
    (
        "collate numeric",
        "('1' + '0'.repeat(3e5)).localeCompare('2' + '0'.repeat(3e5), 'en', { numeric: true });",
    ),
    (
        "collate punctuation",
        "'-'.repeat(5e5).localeCompare('_'.repeat(5e5), 'en', { ignorePunctuation: true });",
    ),
    ("collate da", "('a'.repeat(2e5) + 'b').localeCompare('a'.repeat(2e5) + 'c', 'da');"),
    (
        "segment words",
        "for (const it of new Intl.Segmenter('en', { granularity: 'word' }).segment('one two '.repeat(1e3)));",
    ),
    (
        "segment one word",
        "for (const it of new Intl.Segmenter('en', { granularity: 'word' }).segment('a'.repeat(3e5)));",
    ),
    (
        "segment one sentence",
        "for (const it of new Intl.Segmenter('en', { granularity: 'sentence' }).segment('ab '.repeat(1e5)));",
    ),
    (
        "segment one grapheme",
        "for (const it of new Intl.Segmenter('en').segment('e' + '\\u0301'.repeat(3e5)));",
    ),
    (
        "segment thai",
        "for (const it of new Intl.Segmenter('th', { granularity: 'word' }).segment('\\u0e01\\u0e32\\u0e23'.repeat(1e3)));",
    ),
    (
        "segment thai absurd",
        "for (const it of new Intl.Segmenter('th', { granularity: 'word' }).segment('\\u0e01'.repeat(1e4)));",
    ),
    (
        "segment chinese",
        "for (const it of new Intl.Segmenter('zh', { granularity: 'word' }).segment('\\u4e2d\\u56fd'.repeat(1e3)));",
    ),
    ("zone", "String(new Date(8e15)) + String(new Date(-8e15));"),
    (
        "fetch",
        "fetch('http://x/', { headers: Array.from({ length: 200 }, (_, i) => ['a' + i, 'x'.repeat(3e3)]) }).catch(() => 0);",
    ),
    ("fetch body", "fetch('http://x/', { method: 'POST', body: 'x'.repeat(2e6) }).catch(() => 0);"),
    ("structured clone", "structuredClone(new Uint8Array(2e6));"),
    (
        "buffer",
        "const b = Buffer.alloc(1e5, 'x'); Buffer.from(b.toString('base64'), 'base64'); b.toString('hex'); b.toString('latin1'); b.toString('utf16le');",
    ),
];

/// What hashing a slice takes, and with that this machine and how busy it is; no look
/// may be further away than so many of them. Most are nearer than three.
const MOST: u32 = 40;

#[test]
#[expect(clippy::print_stdout, reason = "the figures, for whoever asks for them")]
fn no_operation_works_long_without_a_look_at_its_run() {
    let guard = Guard::adopt_thread().unwrap();
    let blueprint = Blueprint {
        preset: *DEFAULT,
        uses: Uses::Many,
        memory_bytes: 256 << 20,
        stack_bytes: 8 << 20,
        tracking: Tracking::Best,
        verify: Verify::Trust,
    };
    let mut isolate = Isolate::build(&guard, blueprint).unwrap();
    let mut longest = |body: &str| {
        looks::take_longest();
        // Some wait for what works beside them; that is no matter of theirs.
        begin(&mut isolate, &guard, body, "1".to_owned());
        isolate.restore(&guard).unwrap();
        looks::take_longest()
    };
    // What is read or made when it is first needed: zones, locales, the network.
    for body in FIRST {
        longest(body);
    }
    let slice = "await crypto.subtle.digest('SHA-256', new Uint8Array(65536));";
    let yardstick = (0..5).map(|_| longest(slice) * 4).min().expect("measured five times");
    let mut late = Vec::new();
    for (name, body) in WORST {
        let longest = longest(body);
        println!("{:.1} slices: {name}", longest.div_duration_f64(yardstick));
        if longest > yardstick * MOST {
            late.push((name, longest));
        }
    }
    assert!(late.is_empty(), "a slice takes {yardstick:?}; {late:?}");
}
