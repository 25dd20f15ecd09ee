// A run's result as JSON text, or where and why JSON cannot say it.
//
// One pass: getters and `toJSON` of the snippet run exactly as often as
// `JSON.stringify` runs them, since it is what walks the value. The replacer
// only looks.
import {
  MapCtor, MapPrototypeGet, MapPrototypeSet, RegExpExec, StringSlice, getPrototypeOf,
  isArray, jsonStringify, mapSize, setSize,
} from "./primordials.js";

const unsayable = new MapCtor();

// What `JSON.stringify` would silently turn into `{}`. `isReal` guards against
// objects that only borrow the prototype.
export function refuse(prototype, what, hint, isReal = () => true) {
  MapPrototypeSet(unsayable, prototype, { __proto__: null, what, hint, isReal });
}

const holds = (size) => (value) => {
  try {
    return size(value) > 0;
  } catch {
    return false;
  }
};
const iteratorHint = "return an array: [...value]";
refuse(Map.prototype, "a Map", "return Object.fromEntries(map) or [...map]", holds(mapSize));
refuse(Set.prototype, "a Set", "return [...set]", holds(setSize));
refuse(WeakMap.prototype, "a WeakMap", "return plain data");
refuse(WeakSet.prototype, "a WeakSet", "return plain data");
refuse(WeakRef.prototype, "a WeakRef", "return what it refers to: ref.deref()");
refuse(Promise.prototype, "a Promise", "await it before returning; await Promise.all(list) for a list of them");
refuse(Error.prototype, "an Error", "return { name: error.name, message: error.message }, or throw it");
refuse(RegExp.prototype, "a RegExp", "return regex.source or String(regex)");
refuse(ArrayBuffer.prototype, "an ArrayBuffer", "return [...new Uint8Array(buffer)] or a base64 string");
refuse(SharedArrayBuffer.prototype, "a SharedArrayBuffer", "return [...new Uint8Array(buffer)] or a base64 string");
refuse(DataView.prototype, "a DataView", "return [...new Uint8Array(view.buffer)] or a base64 string");
refuse(Symbol.prototype, "a symbol", "return a string: symbol.description");
refuse(BigInt.prototype, "a BigInt", "return String(value), or Number(value) if it is small enough");
refuse(Iterator.prototype, "an iterator", iteratorHint);
refuse(getPrototypeOf(getPrototypeOf(async function* () {}.prototype)), "an async iterator", "collect it first: for await (const item of iterator) list.push(item)");

const PRIMITIVES = {
  __proto__: null,
  bigint: MapPrototypeGet(unsayable, BigInt.prototype),
  symbol: MapPrototypeGet(unsayable, Symbol.prototype),
  function: { __proto__: null, what: "a function", hint: "call it and return what it gives, or leave it out" },
};
const CYCLE = { __proto__: null, what: "part of a cycle", hint: "return a copy without the reference back to an object around it" };

const ObjectPrototype = Object.prototype;
const ArrayPrototype = Array.prototype;

// Where the walk is: the innermost object being written, linked to those
// around it. Set by one call of `stringify` at a time.
let place = null;
let finding = null;
const STOP = { __proto__: null };

export function stringify(value) {
  // Fast path: these cannot go wrong. A string does not come here at all.
  if (value === undefined) return "null";
  if (value === null || typeof value === "boolean" || typeof value === "number") return jsonStringify(value);
  place = null;
  finding = null;
  try {
    const text = jsonStringify(value, look);
    // A `toJSON` may give undefined.
    return text === undefined ? "null" : text;
  } catch (error) {
    if (error === STOP) return finding;
    if (isCycle()) return found(CYCLE, place.around, place.inArray, place.key);
    throw error;
  } finally {
    place = null;
    finding = null;
  }
}

function look(key, value) {
  // `null` stands for the wrapper object around the whole value.
  while (place !== null && place.holder !== this) place = place.around;
  const type = typeof value;
  if (type === "object") {
    if (value === null) return value;
    const prototype = getPrototypeOf(value);
    if (prototype !== ObjectPrototype && prototype !== ArrayPrototype && prototype !== null) {
      const reason = reasonAgainst(value, prototype);
      if (reason !== undefined) stop(reason, this, key);
    }
    place = { __proto__: null, holder: value, key, inArray: isArray(this), around: place };
    return value;
  }
  const reason = PRIMITIVES[type];
  if (reason !== undefined) stop(reason, this, key);
  return value;
}

function reasonAgainst(value, prototype) {
  // Deeper class hierarchies exist, but not above a builtin.
  for (let depth = 0; prototype !== null && depth < 16; depth++) {
    const reason = MapPrototypeGet(unsayable, prototype);
    if (reason !== undefined) return reason.isReal(value) ? reason : undefined;
    prototype = getPrototypeOf(prototype);
  }
  return undefined;
}

// Whether `JSON.stringify` threw because the innermost object is inside itself.
// It has looked by then, so looking at each object again would be waste.
function isCycle() {
  if (place === null) return false;
  for (let at = place.around; at !== null; at = at.around) {
    if (at.holder === place.holder) return true;
  }
  return false;
}

function stop(reason, holder, key) {
  finding = found(reason, place, isArray(holder), key);
  throw STOP;
}

// What `stringify` answers for the value at `key` of the object `at`.
function found(reason, at, inArray, key) {
  let path = at === null ? "" : segment(key, inArray);
  for (; at !== null && at.around !== null; at = at.around) {
    path = segment(at.key, at.inArray) + path;
    if (path.length > 2000) {
      path = `…${StringSlice(path, -1000)}`;
      break;
    }
  }
  return [`$${path}`, `${reason.what} cannot be said in JSON`, reason.hint];
}

function segment(key, inArray) {
  if (inArray) return `[${key}]`;
  if (key.length > 100) key = `${StringSlice(key, 0, 100)}…`;
  return RegExpExec(/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u, key) === null ? `[${jsonStringify(key)}]` : `.${key}`;
}
