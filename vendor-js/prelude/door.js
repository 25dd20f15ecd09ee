// The way out of the isolate. `__door` leaves the global object here, so that
// only the prelude can reach it. It takes primitives and bytes; whatever a
// caller hands in has to be converted before.
import {
  MapCtor, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, PromiseCtor, Uint8ArrayCtor, Uint8ArraySubarray,
  apply,
} from "./primordials.js";
import { makeError, refine } from "./errors.js";
import { HOLD } from "./ops.js";

// The door is not to be held for longer than copying this takes.
const SLICE_BYTES = 256 * 1024;

export const door = globalThis.__door;
delete globalThis.__door;

// Asynchronous ops in flight: call id → how to settle its promise.
const pending = new MapCtor();

// A synchronous op whose errors have classes that the door does not know.
export function ask(op, ...args) {
  try {
    return door(op, ...args);
  } catch (error) {
    throw refine(error);
  }
}

// Starts an asynchronous op. Its reply comes through `settle`, unless the op has
// it at hand.
export function call(op, ...args) {
  args = [op, ...args];
  return new PromiseCtor((resolve, reject) => {
    const id = apply(ask, undefined, args);
    if (typeof id === "number") MapPrototypeSet(pending, id, { __proto__: null, resolve, reject });
    else resolve(id);
  });
}

// The same, without a promise where the op has its reply at hand.
export function answer(op, ...args) {
  const id = ask(op, ...args);
  if (typeof id !== "number") return id;
  return new PromiseCtor((resolve, reject) => {
    MapPrototypeSet(pending, id, { __proto__: null, resolve, reject });
  });
}

// The same for one that works beside the run. What is large goes ahead in slices.
export function work(op, ...args) {
  for (let idx = 0; idx < args.length; idx++) {
    const size = args[idx]?.byteLength ?? 0;
    if (size <= SLICE_BYTES) continue;
    const bytes = new Uint8ArrayCtor(args[idx].buffer ?? args[idx], args[idx].byteOffset ?? 0, size);
    for (let at = 0; at < size; at += SLICE_BYTES) {
      ask(HOLD, idx, at, Uint8ArraySubarray(bytes, at, at + SLICE_BYTES), size);
    }
    args[idx] = null;
  }
  args = [op, ...args];
  return apply(call, undefined, args);
}

// The same for an op that has something to be named by: its number, and the
// promise of its reply. Throws where it cannot be started.
export function start(op, ...args) {
  const id = ask(op, ...args);
  const done = new PromiseCtor((resolve, reject) => {
    MapPrototypeSet(pending, id, { __proto__: null, resolve, reject });
  });
  return { id, done };
}

export function settle(id, ok, value) {
  const entry = MapPrototypeGet(pending, id);
  if (entry === undefined) return;
  MapPrototypeDelete(pending, id);
  if (ok) entry.resolve(value);
  else entry.reject(makeError(value[0], value[1]));
}
