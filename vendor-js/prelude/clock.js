// `performance`, on the host's clock. `Date` is the engine's own.
import * as op from "./ops.js";
import { defineGlobal } from "./primordials.js";
import { door } from "./door.js";

class Performance {
  get timeOrigin() {
    return door(op.TIME_ORIGIN);
  }

  now() {
    return door(op.ELAPSED);
  }

  toJSON() {
    return { timeOrigin: this.timeOrigin };
  }
}
Object.defineProperty(Performance.prototype, Symbol.toStringTag, { value: "Performance", configurable: true });
defineGlobal("Performance", Performance);
defineGlobal("performance", new Performance());
