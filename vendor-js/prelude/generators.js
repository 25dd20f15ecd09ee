// Async generators that several loops pull from at once.
//
// The engine (quickjs-ng 0.16.2) loses requests to an async generator that has
// ended while more than two of them wait: js_async_generator_resume_next leaves
// its loop after the first in the completed state, and the promises of the
// others never settle. A further request takes the next one off its queue, so
// one is made for each that still waits. An ended generator is not asked again:
// those further requests are what is left in its queue.
import {
  PromiseReject, PromiseResolve, PromiseThen, WeakMapCtor, WeakMapGet, WeakMapSet, defineHidden, getPrototypeOf,
  uncurryThis,
} from "./primordials.js";

const prototype = getPrototypeOf(async function* () {}.prototype);
const nativeNext = uncurryThis(prototype.next);

// Generator → how many requests wait, and whether it has ended.
const states = new WeakMapCtor();

const ANSWERS_WHEN_ENDED = {
  __proto__: null,
  next: () => PromiseResolve({ value: undefined, done: true }),
  return: (value) => PromiseThen(PromiseResolve(value), (settled) => ({ value: settled, done: true })),
  throw: (error) => PromiseReject(error),
};

replace("next");
replace("return");
replace("throw");

function replace(name) {
  const native = uncurryThis(prototype[name]);
  const answer = ANSWERS_WHEN_ENDED[name];
  const { [name]: replacement } = {
    [name](value) {
      const state = WeakMapGet(states, this);
      return state?.ended ? answer(value) : track(this, state, native(this, value));
    },
  };
  defineHidden(prototype, name, replacement);
}

function track(generator, state, promise) {
  if (state === undefined) {
    // Not a generator: the promise says so.
    if (typeof generator !== "object" || generator === null) return promise;
    state = { __proto__: null, waiting: 0, ended: false };
    WeakMapSet(states, generator, state);
  }
  state.waiting++;
  const settled = (ended) => {
    state.waiting--;
    state.ended ||= ended;
    if (state.ended && state.waiting > 0) nativeNext(generator);
  };
  PromiseThen(promise, (result) => settled(result.done), () => settled(true));
  return promise;
}
