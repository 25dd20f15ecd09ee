// Replaces what may not work in an isolate as it does in a process. First in
// the prelude: later parts capture intrinsics, and no reference to the
// originals may survive the seal.
import { RangeErrorCtor, TypeErrorCtor, defineHidden } from "./primordials.js";

// An isolate has one thread, so nobody could ever wake a waiter; the engine's
// own versions also take a lock that a killed run would leave held.
defineHidden(Atomics, "wait", function wait() {
  throw new TypeErrorCtor("Atomics.wait cannot block: a snippet has one thread, use await instead");
});
defineHidden(Atomics, "notify", function notify(array, index) {
  if (!(array instanceof Int32Array || array instanceof BigInt64Array)) {
    throw new TypeErrorCtor("Atomics.notify takes an Int32Array or a BigInt64Array");
  }
  if (!(index >= 0 && index < array.length)) throw new RangeErrorCtor("out-of-bound access");
  return 0;
});
delete Atomics.waitAsync;
