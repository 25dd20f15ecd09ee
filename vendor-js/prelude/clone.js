// structuredClone. The packages for it go through JSON-like records or bring a
// polyfill framework; the algorithm is this short.
import {
  MapCtor, MapPrototypeForEach, MapPrototypeHas, MapPrototypeSet, SetPrototypeForEach, defineGlobal, defineProperty,
  getOwnPropertyDescriptor, getPrototypeOf, isArray, isError, isMap, isSet, keys, ownKeys, uncurryThis,
} from "./primordials.js";
import { DOMException } from "./domexception.js";
import { describeBriefly } from "./describe.js";
import { nodeError } from "./node-errors.js";

const { getOwnPropertySymbols, hasOwn, prototype: ObjectPrototype } = Object;
const { get, set } = Map.prototype;
// Copies an array with no look at its class or its iterator.
const ArrayToSpliced = uncurryThis(Array.prototype.toSpliced);
const timeOf = uncurryThis(Date.prototype.getTime);
const sourceOf = uncurryThis(getOwnPropertyDescriptor(RegExp.prototype, "source").get);
const lengthOf = uncurryThis(getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength").get);
const ERRORS = { __proto__: null, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

defineGlobal("structuredClone", function structuredClone(value, options) {
  if (arguments.length === 0) throw nodeError(TypeError, "ERR_MISSING_ARGS", "The value argument must be specified");
  // Its own methods, so that no patched ones are called, and at once.
  const seen = new MapCtor();
  seen.get = get;
  seen.set = set;
  for (const buffer of options?.transfer ?? []) {
    if (!(buffer instanceof ArrayBuffer)) throw refusal(buffer, "only an ArrayBuffer can be transferred");
    if (MapPrototypeHas(seen, buffer)) throw refusal(buffer, "it is listed twice in transfer");
    MapPrototypeSet(seen, buffer, null);
  }
  // Detached only when the whole value is known to be clonable.
  const moved = [];
  MapPrototypeForEach(seen, (nothing, buffer) => {
    const copy = buffer.slice();
    moved.push(buffer);
    MapPrototypeSet(seen, buffer, copy);
  });
  const result = clone(value, seen);
  for (const buffer of moved) buffer.transfer();
  return result;
});

function clone(value, seen) {
  if (typeof value === "object" && value !== null) return cloneObject(value, seen);
  if (typeof value === "function" || typeof value === "symbol") throw refusal(value);
  return value;
}

// What a snippet clones is plain data for the most part. That goes through as few
// calls and checks as the engine lets it: what is left is mostly the listing of keys.
function cloneObject(value, seen) {
  const known = seen.get(value);
  if (known !== undefined) return known;
  let idx = 0;
  let item, copy, names, length;
  if (isArray(value)) {
    names = keys(value);
    length = value.length;
    copy = ArrayToSpliced(value, 0, 0);
    // Indices come first: so many names, and the last of them an index, mean no holes
    // and nothing else.
    if (names.length !== length || (length > 0 && !hasOwn(copy, names[length - 1]))) {
      copy = [];
      copy.length = length;
      seen.set(value, copy);
      return copyProperties(value, copy, names, seen);
    }
  } else {
    item = getPrototypeOf(value);
    if (item !== ObjectPrototype && item !== null) return cloneOther(value, seen);
    // The engine copies faster than a loop; what is no plain data is replaced.
    copy = { ...value };
    names = ownKeys(copy);
    length = names.length;
    if (length > 0 && typeof names[length - 1] === "symbol") {
      dropSymbols(copy);
      names = keys(copy);
      length = names.length;
    }
    seen.set(value, copy);
    for (; idx < length; idx++) {
      item = copy[names[idx]];
      if (typeof item === "object") {
        if (item !== null) copy[names[idx]] = cloneObject(item, seen);
      } else if (typeof item === "function" || typeof item === "symbol") throw refusal(item);
    }
    return copy;
  }
  seen.set(value, copy);
  for (; idx < length; idx++) {
    item = copy[idx];
    if (typeof item === "object") {
      if (item !== null) copy[idx] = cloneObject(item, seen);
    } else if (typeof item === "function" || typeof item === "symbol") throw refusal(item);
  }
  return copy;
}

function cloneOther(value, seen) {
  const remember = (copy) => {
    MapPrototypeSet(seen, value, copy);
    return copy;
  };
  if (ArrayBuffer.isView(value)) {
    const buffer = clone(value.buffer, seen);
    const length = value instanceof DataView ? value.byteLength : value.length;
    const type = value instanceof DataView ? DataView : globalThis[value[Symbol.toStringTag]];
    return remember(new type(buffer, value.byteOffset, length));
  }
  if (value instanceof ArrayBuffer && answers(lengthOf, value)) {
    if (value.detached) throw refusal(value, "its memory was transferred away");
    return remember(value.slice());
  }
  if (value instanceof SharedArrayBuffer) return value;
  if (value instanceof Date && answers(timeOf, value)) return remember(new Date(timeOf(value)));
  if (value instanceof RegExp && answers(sourceOf, value)) return remember(new RegExp(value.source, value.flags));
  if (value instanceof Map && isMap(value)) {
    const copy = remember(new Map());
    const entries = [];
    MapPrototypeForEach(value, (item, key) => entries.push([key, item]));
    for (const [key, item] of entries) copy.set(clone(key, seen), clone(item, seen));
    return copy;
  }
  if (value instanceof Set && isSet(value)) {
    const copy = remember(new Set());
    const items = [];
    SetPrototypeForEach(value, (item) => items.push(item));
    for (const item of items) copy.add(clone(item, seen));
    return copy;
  }
  if (value instanceof DOMException) {
    const copy = remember(new DOMException(value.message, value.name));
    Object.defineProperty(copy, "stack", { value: value.stack, writable: true, configurable: true });
    return copy;
  }
  if (isError(value)) return cloneError(value, remember, seen);
  for (const type of [Boolean, Number, String, BigInt]) {
    if (value instanceof type) return remember(Object(type.prototype.valueOf.call(value)));
  }
  // Both are immutable.
  if (value instanceof Blob) return value;
  for (const type of [Promise, WeakMap, WeakSet, WeakRef, Symbol, ReadableStream, WritableStream, EventTarget, Iterator]) {
    if (value instanceof type) throw refusal(value);
  }
  return copyProperties(value, remember({}), keys(value), seen);
}

function copyProperties(value, copy, names, seen) {
  for (let idx = 0; idx < names.length; idx++) {
    const key = names[idx];
    put(copy, key, clone(value[key], seen));
  }
  return copy;
}

function put(copy, key, value) {
  if (key === "__proto__") defineProperty(copy, key, { value, writable: true, enumerable: true, configurable: true });
  else copy[key] = value;
}

function dropSymbols(copy) {
  const symbols = getOwnPropertySymbols(copy);
  for (let idx = 0; idx < symbols.length; idx++) delete copy[symbols[idx]];
}

function cloneError(value, remember, seen) {
  const copy = remember(new (ERRORS[value.name] ?? Error)());
  const put = (name, item) => Object.defineProperty(copy, name, { value: item, writable: true, configurable: true });
  if (getOwnPropertyDescriptor(value, "message") !== undefined) put("message", `${value.message}`);
  put("stack", value.stack);
  if (getOwnPropertyDescriptor(value, "cause") !== undefined) put("cause", clone(value.cause, seen));
  return copy;
}

function answers(read, value) {
  try {
    read(value);
    return true;
  } catch {
    return false;
  }
}

const refusal = (value, reason = "it cannot be cloned") =>
  new DOMException(`${describeBriefly(value)} could not be cloned: ${reason}`, "DataCloneError");
