// AbortController and AbortSignal. The packages for it know neither reasons
// nor `timeout` and `any`.
import { EventTarget, Event, getEventAttributeValue, setEventAttributeValue } from "event-target-shim";
import { defineClass } from "./primordials.js";
import { DOMException } from "./domexception.js";
import { outOfRange, typeMismatch } from "./node-errors.js";

const TOKEN = {};
let abort;

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason = undefined;
  // Signals that follow this one (`AbortSignal.any`).
  #followers = [];

  static {
    abort = (signal, reason) => signal.#abort(reason);
  }

  constructor(token) {
    if (token !== TOKEN) throw new TypeError("an AbortSignal comes from new AbortController().signal");
    super();
  }

  static abort(reason) {
    const signal = new AbortSignal(TOKEN);
    signal.#abort(reason);
    return signal;
  }

  static timeout(ms) {
    if (typeof ms !== "number") throw typeMismatch("delay", "of type number", ms);
    if (!(ms >= 0 && ms <= 2 ** 32 - 1)) throw outOfRange("delay", ">= 0 && <= 4294967295", ms);
    const signal = new AbortSignal(TOKEN);
    setTimeout(() => signal.#abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")), ms);
    return signal;
  }

  static any(signals) {
    if (typeof signals?.[Symbol.iterator] !== "function") throw typeMismatch("signals", "an instance of Array", signals);
    const sources = [...signals];
    for (let idx = 0; idx < sources.length; idx++) {
      if (!(sources[idx] instanceof AbortSignal)) throw typeMismatch(`signals[${idx}]`, "an instance of AbortSignal", sources[idx]);
    }
    const result = new AbortSignal(TOKEN);
    for (const signal of sources) {
      if (signal.aborted) {
        result.#abort(signal.reason);
        return result;
      }
    }
    for (const signal of sources) signal.#followers.push(result);
    return result;
  }

  get aborted() {
    return this.#aborted;
  }

  get reason() {
    return this.#reason;
  }

  get onabort() {
    return getEventAttributeValue(this, "abort");
  }

  set onabort(listener) {
    setEventAttributeValue(this, "abort", listener);
  }

  throwIfAborted() {
    if (this.#aborted) throw this.#reason;
  }

  #abort(reason = new DOMException("This operation was aborted", "AbortError")) {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    const followers = this.#followers;
    this.#followers = [];
    this.dispatchEvent(new Event("abort"));
    for (const follower of followers) follower.#abort(reason);
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    return `AbortSignal ${inspect({ aborted: this.#aborted }, options)}`;
  }
}

export class AbortController {
  #signal = new AbortSignal(TOKEN);

  get signal() {
    return this.#signal;
  }

  abort(reason) {
    abort(this.#signal, reason);
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    return `AbortController ${inspect({ signal: this.#signal }, options)}`;
  }
}

defineClass("AbortController", AbortController);
defineClass("AbortSignal", AbortSignal);
