// Timers. The host keeps their times and says which one fired; what to call is
// kept here, because the host holds no engine values.
import * as op from "./ops.js";
import {
  MapCtor, MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, defineGlobal,
} from "./primordials.js";
import { door } from "./door.js";
import { typeMismatch } from "./node-errors.js";

// Timer id → { call: [fn, ...args], repeat }.
const timers = new MapCtor();

// As in Node: what a 32-bit timer cannot hold fires at once.
const LONGEST = 2 ** 31 - 1;

defineGlobal("setTimeout", function setTimeout(...all) {
  return start(delayOf(all[1]), withoutDelay(all), false);
});
defineGlobal("setInterval", function setInterval(...all) {
  return start(delayOf(all[1]), withoutDelay(all), true);
});
// After the jobs that are already due; a delay of 0 is told apart from the
// shortest timeout (1 ms).
defineGlobal("setImmediate", function setImmediate(...all) {
  return start(0, all, false);
});
defineGlobal("clearTimeout", function clearTimeout(id) {
  clear(id);
});
defineGlobal("clearInterval", function clearInterval(id) {
  clear(id);
});
defineGlobal("clearImmediate", function clearImmediate(id) {
  clear(id);
});

const { queueMicrotask: enqueue } = globalThis;
defineGlobal("queueMicrotask", function queueMicrotask(callback) {
  if (typeof callback !== "function") throw typeMismatch("callback", "of type function", callback);
  enqueue(callback);
});

// What the host has to call for a timer that fired, as `[fn, ...args]`. It
// calls by itself, so that no frame of ours lies below the snippet's.
export function takeTimer(id) {
  const timer = MapPrototypeGet(timers, id);
  if (timer === undefined) return undefined;
  if (!timer.repeat) MapPrototypeDelete(timers, id);
  return timer.call;
}

// What `process.nextTick` was given: `[fn, ...args]`, in order. The host calls them
// before jobs that are due, as it does with timers.
let ticks = [];
let nextTick = 0;
const announce = globalThis.__tick;
delete globalThis.__tick;

export function addTick(call) {
  ticks[ticks.length] = call;
  announce();
}

export function takeTick() {
  const call = ticks[nextTick++];
  if (nextTick >= ticks.length) {
    ticks = [];
    nextTick = 0;
  }
  return call;
}

function start(delay, call, repeat) {
  const fn = call[0];
  if (typeof fn !== "function") throw typeMismatch("callback", "of type function", fn);
  const id = door(op.TIMER_START, delay, repeat);
  MapPrototypeSet(timers, id, { __proto__: null, call, repeat });
  return id;
}

function delayOf(given) {
  const delay = +given;
  return delay >= 1 && delay <= LONGEST ? delay : 1;
}

// `[fn, delay, ...args]` → `[fn, ...args]`, without calling an array method.
function withoutDelay(all) {
  for (let idx = 2; idx < all.length; idx++) all[idx - 1] = all[idx];
  if (all.length > 1) all.length--;
  return all;
}

function clear(id) {
  if (typeof id === "string") id = +id;
  if (typeof id !== "number" || !MapPrototypeDelete(timers, id)) return;
  door(op.TIMER_CLEAR, id);
}
