// Intrinsics as they were before any snippet could patch them. The glue that
// answers for a run (hooks, console, timers, errors) uses these and never calls
// a method through a prototype; iteration (`for of`, spread, destructuring of
// arrays) is a call through a prototype as well.
const { bind, call } = Function.prototype;
export const uncurryThis = bind.bind(call);

export const { apply, construct, ownKeys } = Reflect;
export const { create, defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf, is, keys } = Object;
export const { isArray } = Array;
export const isView = ArrayBuffer.isView;
export const jsonStringify = JSON.stringify;
export const { floor, min, trunc, abs } = Math;
export const { isInteger } = Number;
export const isError = Error.isError;
export const NumberToString = uncurryThis(Number.prototype.toString);
export const NumberToFixed = uncurryThis(Number.prototype.toFixed);
export const ErrorToString = uncurryThis(Error.prototype.toString);
export const RegExpExec = uncurryThis(RegExp.prototype.exec);
export const StringSlice = uncurryThis(String.prototype.slice);
export const StringIndexOf = uncurryThis(String.prototype.indexOf);
export const StringStartsWith = uncurryThis(String.prototype.startsWith);
export const StringEndsWith = uncurryThis(String.prototype.endsWith);
export const StringRepeat = uncurryThis(String.prototype.repeat);
export const StringCharCodeAt = uncurryThis(String.prototype.charCodeAt);
export const StringToWellFormed = uncurryThis(String.prototype.toWellFormed);
export const StringTrimEnd = uncurryThis(String.prototype.trimEnd);

export const MapCtor = Map;
export const MapPrototypeGet = uncurryThis(Map.prototype.get);
export const MapPrototypeSet = uncurryThis(Map.prototype.set);
export const MapPrototypeHas = uncurryThis(Map.prototype.has);
export const MapPrototypeDelete = uncurryThis(Map.prototype.delete);
export const MapPrototypeForEach = uncurryThis(Map.prototype.forEach);
export const SetPrototypeForEach = uncurryThis(Set.prototype.forEach);
export const WeakMapCtor = WeakMap;
export const WeakMapGet = uncurryThis(WeakMap.prototype.get);
export const WeakMapSet = uncurryThis(WeakMap.prototype.set);
export const PromiseResolve = Promise.resolve.bind(Promise);
export const PromiseReject = Promise.reject.bind(Promise);
export const PromiseThen = uncurryThis(Promise.prototype.then);
export const PromiseCtor = Promise;
export const Uint8ArrayCtor = Uint8Array;
export const Uint8ArraySubarray = uncurryThis(Uint8Array.prototype.subarray);
export const ErrorCtor = Error;
export const TypeErrorCtor = TypeError;
export const RangeErrorCtor = RangeError;
export const SyntaxErrorCtor = SyntaxError;

export const getter = (proto, name) => uncurryThis(getOwnPropertyDescriptor(proto, name).get);

export const StringReplaceAll = uncurryThis(String.prototype.replaceAll);

export const mapSize = getter(Map.prototype, "size");
export const setSize = getter(Set.prototype, "size");

const answers = (read) => (value) => {
  try {
    read(value);
    return true;
  } catch {
    return false;
  }
};
// Whether a value really is one, whatever its prototype says.
export const isMap = answers(mapSize);
export const isSet = answers(setSize);

// Globals are not enumerable, as in Node and browsers. Where a bundler had to
// rename a class, it gets its name back.
export function defineGlobal(name, value) {
  if (typeof value === "function" && value.name !== name) {
    defineProperty(value, "name", { __proto__: null, value: name, configurable: true });
  }
  defineProperty(globalThis, name, { __proto__: null, value, writable: true, configurable: true, enumerable: false });
}

// A class as a global, with what makes `Object.prototype.toString` name it.
export function defineClass(name, type) {
  defineProperty(type.prototype, Symbol.toStringTag, { __proto__: null, value: name, configurable: true });
  defineGlobal(name, type);
}

// A property of an object of ours, shaped like a builtin's.
export function defineHidden(target, name, value) {
  defineProperty(target, name, { __proto__: null, value, writable: true, configurable: true, enumerable: false });
}
