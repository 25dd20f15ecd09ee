// In place of the browser's getEndpointFromConfig, which knows no environment:
// the endpoint that the operator configured on the host.
import { isPromise } from "./at-hand.js";
import { defaultsNow } from "./host.js";

// The value, or its promise.
export function getEndpointFromConfig() {
  const defaults = defaultsNow();
  return isPromise(defaults) ? defaults.then((it) => it.endpoint ?? undefined) : (defaults.endpoint ?? undefined);
}
