// In place of @smithy/core's normalizeProvider: what it makes of a value is at hand,
// and is made once for each of the few values that clients have by default.
import { isPromise, withValue } from "./at-hand.js";

const MAX_KNOWN = 64;
const known = new Map();

export function normalizeProvider(input) {
  if (typeof input === "function") return input;
  if (typeof input === "object" && input !== null) return providerOf(input);
  let res = known.get(input);
  if (res === undefined) {
    res = providerOf(input);
    if (known.size < MAX_KNOWN) known.set(input, res);
  }
  return res;
}

function providerOf(input) {
  const promise = Promise.resolve(input);
  const res = () => promise;
  return isPromise(input) ? res : withValue(res, () => input);
}
