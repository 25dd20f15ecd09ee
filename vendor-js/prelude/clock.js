// `performance`, on the host's clock. `Date` is the engine's own.
import * as op from "./ops.js";
import { defineClass, defineGlobal } from "./primordials.js";
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
defineClass("Performance", Performance);
defineGlobal("performance", new Performance());
