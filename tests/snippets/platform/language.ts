//# classes with private fields and statics
class Account { static #n = 0; #balance = 0; readonly id = ++Account.#n; deposit(x: number) { if (x <= 0) throw new RangeError("positive only"); this.#balance += x; return this; } get balance() { return this.#balance; } static isAccount(o: object) { return #balance in o; } }
const a = new Account().deposit(5).deposit(7);
return [a.balance, a.id, Account.isAccount(a), Account.isAccount({}), JSON.stringify(a)];
//# inheritance, super and instanceof
abstract class Shape { abstract area(): number; toString() { return `${this.constructor.name}(${this.area().toFixed(2)})`; } }
class Circle extends Shape { constructor(private r: number) { super(); } area() { return Math.PI * this.r ** 2; } }
class Square extends Shape { constructor(private s: number) { super(); } area() { return this.s ** 2; } override toString() { return `[${super.toString()}]`; } }
return [new Circle(1), new Square(2)].map(String);
//# getters, setters, defineProperty
const o: any = { _x: 1, get x() { return this._x; }, set x(v) { this._x = v * 2; } };
o.x = 5; Object.defineProperty(o, "hidden", { value: 1 });
return [o.x, Object.keys(o), o.hidden, Object.getOwnPropertyNames(o)];
//# Symbol.iterator and spread
class Range { constructor(public a: number, public b: number) {} *[Symbol.iterator]() { for (let i = this.a; i <= this.b; i++) yield i; } }
return [[...new Range(1, 4)], Math.max(...new Range(1, 3)), Array.from(new Range(2, 3), (x) => x * 10)];
//# generators with two-way talk
function* acc(): Generator<number, string, number> { let s = 0; try { while (s < 10) s += yield s; } finally { console.log("cleanup"); } return `done ${s}`; }
const g = acc();
return [g.next().value, g.next(4).value, g.next(3).value, g.next(9), g.next()];
//# infinite generator, take
const naturals = function* () { let n = 0; while (true) yield n++; };
const take = function* <T,>(n: number, it: Iterable<T>) { let i = 0; for (const x of it) { if (i++ >= n) return; yield x; } };
return [...take(5, naturals())];
//# fibonacci with bigint
const fib = (n: number) => { let [a, b] = [0n, 1n]; while (n--) [a, b] = [b, a + b]; return a; };
return fib(100).toString();
//# destructuring with defaults
const { a, b: { c = 5, ...rest } = {} as any, ...others } = { a: 1, b: { d: 2, e: 3 }, f: 4 } as any;
const [x, , y = 9, ...tail] = [1, 2, undefined, 4, 5];
return { a, c, rest, others, x, y, tail };
//# optional chaining and nullish
const u: any = { p: { q: null, f: () => 3 } };
return [u.p?.q?.r ?? "none", u.x?.[0], u.p.f?.(), u.g?.(), 0 ?? 1, 0 || 1, "" ?? "d"].map((v) => v ?? null);
//# closures in loops
const fs: (() => number)[] = []; for (let i = 0; i < 3; i++) fs.push(() => i);
return fs.map((f) => f());
//# labelled loops
outer: for (let i = 0; i < 5; i++) for (let j = 0; j < 5; j++) { if (i * j === 6) { console.log(i, j); break outer; } if (j > i) continue outer; }
//# switch fallthrough
const f = (n: number) => { switch (n) { case 1: case 2: return "low"; case 3: { const x = "three"; return x; } default: return "high"; } };
return [1, 2, 3, 4].map(f);
//# enums
enum Dir { Up, Down = 5, Left, Right = "R".length }
enum Color { Red = "red", Blue = "blue" }
return [Dir.Up, Dir.Left, Dir[5], Dir.Right, Object.keys(Dir), Color.Red, Object.values(Color)];
//# const enum
const enum Flag { A = 1, B = 2, C = A | B }
return [Flag.A, Flag.C, Flag["B"]];
//# generics and mapped types
type Opt<T> = { [K in keyof T]?: T[K] };
const patch = <T extends object>(o: T, p: Opt<T>): T => ({ ...o, ...p });
return patch({ a: 1, b: "x" }, { b: "y" });
//# discriminated unions
type S = { kind: "c"; r: number } | { kind: "r"; w: number; h: number };
const area = (s: S) => { switch (s.kind) { case "c": return +(Math.PI * s.r ** 2).toFixed(3); case "r": return s.w * s.h; } };
return [area({ kind: "c", r: 2 }), area({ kind: "r", w: 2, h: 3 })];
//# type guards and satisfies
const isStr = (x: unknown): x is string => typeof x === "string";
const conf = { port: 80, host: "x" } satisfies Record<string, string | number>;
return [[1, "a", null, "b"].filter(isStr), conf.port + 1];
//# overloads and this types
function len(x: string): number; function len(x: any[]): number; function len(x: any) { return x.length; }
class B { v: number[] = []; add(n: number): this { this.v.push(n); return this; } }
return [len("abc"), len([1]), new B().add(1).add(2).v];
//# decorators on methods
function log(_t: any, key: string, d: PropertyDescriptor) { const f = d.value; d.value = function (...a: any[]) { console.log(`${key}(${a})`); return f.apply(this, a); }; }
class C { @log add(a: number, b: number) { return a + b; } }
return new C().add(1, 2);
//# tagged unions of results
type R<T> = { ok: true; value: T } | { ok: false; error: string };
const parse = (s: string): R<number> => (Number.isFinite(+s) ? { ok: true, value: +s } : { ok: false, error: `bad ${s}` });
return ["1", "x"].map(parse);
//# Proxy with traps
const log: string[] = [];
const p: any = new Proxy({ a: 1 } as any, { get: (t, k) => { log.push(`get ${String(k)}`); return Reflect.get(t, k) ?? "default"; }, has: () => true, deleteProperty: (t, k) => { log.push(`del ${String(k)}`); return delete t[k]; } });
return [p.a, p.zzz, "q" in p, delete p.a, log];
//# WeakMap, WeakRef, Symbol registry
const wm = new WeakMap(); const k = {}; wm.set(k, 1);
return [wm.get(k), wm.has({}), new WeakRef(k).deref() === k, Symbol.for("a") === Symbol.for("a"), Symbol.keyFor(Symbol.for("a")), Symbol("d").description];
//# getter on prototypes, Object.create, freeze
"use strict";
const frozen = Object.freeze({ a: 1, n: { b: 1 } });
let err = ""; try { (frozen as any).a = 2; } catch (e: any) { err = e.name; }
frozen.n.b = 2;
return [err, frozen.a, frozen.n.b, Object.isFrozen(frozen), Object.isSealed(Object.seal({ x: 1 }))];
//# currying, compose, pipe
const pipe = (...fs: Function[]) => (x: any) => fs.reduce((v, f) => f(v), x);
const add = (a: number) => (b: number) => a + b;
return pipe(add(1), (x: number) => x * 2, String)(3);
//# memoise with Map and JSON keys
let calls = 0;
const memo = <A extends any[], R>(f: (...a: A) => R) => { const m = new Map<string, R>(); return (...a: A) => { const k = JSON.stringify(a); if (!m.has(k)) m.set(k, f(...a)); return m.get(k)!; }; };
const sq = memo((n: number) => { calls++; return n * n; });
return [sq(3), sq(3), sq(4), calls];
//# recursion depth
const depth = (n: number): number => (n === 0 ? 0 : 1 + depth(n - 1));
return depth(5000);
//# stack overflow is a RangeError
const f = (): number => f() + 1;
try { f(); } catch (e: any) { return [e.name, e instanceof RangeError]; }
//# typeof and instanceof zoo
return [typeof null, typeof undefined, typeof (() => 1), typeof class {}, typeof Symbol(), [] instanceof Object, Object.prototype.toString.call([]), Object.prototype.toString.call(null), Array.isArray(new Proxy([], {})), void 0 === undefined];
//# equality and coercion
return [null == undefined, NaN !== NaN, Object.is(-0, 0), "1" == (1 as any), [] + "", [1] == (1 as any), "b" + "a" + +"a" + "a", [10, 1, 5].sort() + "", "5" * ("2" as any)];
//# bit operations
return [5 & 3, 5 | 3, 5 ^ 3, ~5, 1 << 31, -1 >>> 0, -9 >> 1, (0xffffffff | 0), 2 ** 53 + 1];
//# exceptions of each class
const names: string[] = [];
for (const f of [() => (null as any).x, () => (undefined as any)(), () => new Array(-1), () => { throw new EvalError("e"); }, () => decodeURI("%"), () => new RegExp("("), () => JSON.parse("x"), () => (1).toFixed(101), () => Symbol() + "", () => BigInt(1.5), () => { (globalThis as any).undefinedVariable; return notDefined; }]) { try { (f as any)(); } catch (e: any) { names.push(e.constructor.name); } }
return names;
declare const notDefined: any;
//# custom errors keep their class and fields
class ValidationError extends Error { field: string; constructor(field: string, message: string, options?: ErrorOptions) { super(message, options); this.name = this.constructor.name; this.field = field; } }
const e = new ValidationError("age", "too low", { cause: "input" });
return [e instanceof ValidationError, e instanceof Error, String(e), e.field, e.cause, Object.keys(e), e.stack!.split("\n")[0]];
//# using declarations by hand
const log: string[] = []; const res = (n: string) => ({ n, close() { log.push(`close ${n}`); } });
{ const a = res("a"); try { const b = res("b"); try { log.push("body"); } finally { b.close(); } } finally { a.close(); } }
return log;
//# logical assignment, exponent, numeric separators
let a: any = null, b = 1, c = 0; a ??= 5; b &&= 7; c ||= 9;
return [a, b, c, 2 ** 3 ** 2, (-2) ** 2, 1_0.5_0];
//# comma, void, in, delete, spread order
const o: any = { a: 1, ...{ a: 2, b: 3 }, b: 4 }; delete o.a;
return [o, (1, 2), "b" in o, [..."ab", ...[1]], { ...[7] }, { ...null }];
//# sets of objects and map order
const m = new Map<any, number>([["b", 1], ["a", 2]]); m.delete("b"); m.set("b", 3); m.set(NaN, 4);
return [[...m.keys()].map(String), m.get(NaN), m.size, [...new Set([[1], [1]])].length];
//# property order
return Object.keys({ b: 1, 2: 1, a: 1, 1: 1, [Symbol.iterator]: 1, "-1": 1, "01": 1 });
//# static blocks and computed members
class K { static list: string[] = []; static { for (const n of ["x", "y"]) this.list.push(n.toUpperCase()); } ["m" + 1]() { return "m1"; } static async *gen() { yield 1; } }
return [K.list, (new K() as any).m1(), typeof K.gen];
//# arguments, rest and default parameters
function f(a: number, b = a * 2, ...c: number[]) { return [a, b, c, arguments.length, f.length]; }
return [f(1), f(1, undefined, 3, 4)];
//# Function name, toString, bind, call, apply
function greet(this: any, g: string) { return `${g} ${this.n}`; }
const b = greet.bind({ n: "x" }, "hi");
return [b(), greet.call({ n: "y" }, "yo"), greet.apply({ n: "z" }, ["ey"]), b.name, greet.name, (() => {}).name, new Function("a", "return a*2")(4)];
//# array destructuring swaps, nested patterns in loops
let [p, q] = [1, 2]; [p, q] = [q, p];
const out = []; for (const [k, { v, w = 0 }] of Object.entries({ a: { v: 1 }, b: { v: 2, w: 3 } } as Record<string, any>)) out.push([k, v, w]);
return [p, q, out];
//# typed arrays and DataView
const v = new DataView(new ArrayBuffer(8)); v.setInt16(0, -2); v.setFloat32(4, 1.5, true);
return [v.getUint16(0), v.getFloat32(4, true), [...new Uint8Array(v.buffer)], Array.from(new Uint8ClampedArray([300, -5, 1.5])), [...Int32Array.of(3, 1, 2).sort()], new Float32Array([0.1])[0]];
