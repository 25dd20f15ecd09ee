// What an endpoint parameter is taken from. As @smithy/core has it, but a value
// that is there is no promise: ten of them were awaited for each request, twice.
import { createConfigValueProvider } from "../node_modules/@smithy/core/dist-es/submodules/endpoints/middleware-endpoint/adaptors/createConfigValueProvider.js";

// These are made of others.
const DERIVED = ["endpoint", "credentialScope", "CredentialScope", "accountId", "AccountId"];

export function valueOf(key, parameter, config, isClientContextParam) {
  if (DERIVED.includes(key) || DERIVED.includes(parameter)) {
    return createConfigValueProvider(key, parameter, config, isClientContextParam)();
  }
  const nested = isClientContextParam ? config.clientContextParams?.[key] : undefined;
  const value = nested ?? config[key] ?? config[parameter];
  return typeof value === "function" ? value() : value;
}
