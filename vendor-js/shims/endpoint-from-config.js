// In place of the browser's getEndpointFromConfig, which knows no environment:
// the endpoint that the operator configured on the host.
import { hostDefaults } from "./host.js";

export async function getEndpointFromConfig() {
  return (await hostDefaults()).endpoint ?? undefined;
}
