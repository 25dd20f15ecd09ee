// structuredClone. The packages for it go through JSON-like records or bring a
// polyfill framework; the algorithm is this short.
import {
  MapCtor, MapPrototypeForEach, MapPrototypeGet, MapPrototypeHas, MapPrototypeSet, SetPrototypeForEach, defineGlobal,
  defineProperty, getOwnPropertyDescriptor, getPrototypeOf, isArray, isError, isMap, isSet, isView, keys, uncurryThis,
} from "./primordials.js";
import { DOMException } from "./domexception.js";
import { describeBriefly } from "./describe.js";
import { nodeError, typeMismatch } from "./node-errors.js";
import { isProxy } from "./peek.js";

// Copies a tree of plain data and dates, which most are, as fast as a builtin;
// undefined of any other. It runs no code of the snippet.
const plain = globalThis.__plain ?? (() => undefined);
delete globalThis.__plain;

const { prototype: ObjectPrototype } = Object;
const { getTime } = Date.prototype;
const timeOf = uncurryThis(getTime);
const sourceOf = uncurryThis(getOwnPropertyDescriptor(RegExp.prototype, "source").get);
const lengthOf = uncurryThis(getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength").get);
const ERRORS = { __proto__: null, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

defineGlobal("structuredClone", function structuredClone(value, options) {
  if (arguments.length === 0) throw nodeError(TypeError, "ERR_MISSING_ARGS", "The value argument must be specified");
  if (typeof options !== "object" && options !== undefined) throw typeMismatch("options", "of type object", options);
  const transfer = options?.transfer;
  if (transfer === undefined && typeof value === "object" && value !== null) {
    const copy = plain(value, getTime);
    if (copy !== undefined) return copy;
  }
  const seen = new MapCtor();
  for (const buffer of transfer ?? []) {
    if (typeof buffer !== "object" || buffer === null) {
      throw nodeError(TypeError, "ERR_INVALID_TRANSFER_OBJECT", "Found invalid object in transferList");
    }
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

// In the order of the specification: a property's value is cloned before the next
// one is read.
function cloneObject(value, seen) {
  const known = MapPrototypeGet(seen, value);
  if (known !== undefined) return known;
  if (isProxy(value)) throw refusal(value);
  let copy;
  if (isArray(value)) {
    copy = [];
    copy.length = value.length;
  } else {
    const prototype = getPrototypeOf(value);
    if (prototype !== ObjectPrototype && prototype !== null) return cloneOther(value, seen);
    copy = {};
  }
  MapPrototypeSet(seen, value, copy);
  return copyProperties(value, copy, keys(value), seen);
}

function cloneOther(value, seen) {
  const remember = (copy) => {
    MapPrototypeSet(seen, value, copy);
    return copy;
  };
  if (isView(value)) {
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
