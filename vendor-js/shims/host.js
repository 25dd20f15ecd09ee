// The host's ops for the shims: what the prelude leaves on the global object
// while the image is built, and nobody finds there afterwards.
import * as op from "../prelude/ops.js";

export { op };
export const { ask, call, door, start, work } = globalThis.__host;

let defaults;

// What the host's environment and profile say about AWS; nothing secret. Asked
// once per run.
export function hostDefaults() {
  return (defaults ??= call(op.AWS_DEFAULTS).then(JSON.parse));
}
