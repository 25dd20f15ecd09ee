// The host's ops for the shims: what the prelude leaves on the global object
// while the image is built, and nobody finds there afterwards.
import * as op from "../prelude/ops.js";

export { op };
export const { answer, ask, call, door, start, work } = globalThis.__host;

// What the host's environment and profile say about AWS; nothing secret. Asked
// once per run: the value, or its promise where the host has to look.
let defaults;

export function defaultsNow() {
  if (defaults === undefined) {
    const text = answer(op.AWS_DEFAULTS);
    if (typeof text === "string") defaults = JSON.parse(text);
    else defaults = text.then((it) => (defaults = JSON.parse(it)));
  }
  return defaults;
}

export const hostDefaults = async () => defaultsNow();
