// In place of @smithy/core's getEndpointFromInstructions and resolveParams: the same
// parameters, in the same order, but a value that is at hand is not awaited, and what
// a command wants to know is looked at once. A dozen parameters were listed and awaited
// for each request, twice. Both give a promise only where something has to be waited
// for.
import { NOT_YET, follow, isPromise, valueNow, withValue } from "./at-hand.js";
import { resolveParamsForS3 } from "../node_modules/@smithy/core/dist-es/submodules/endpoints/middleware-endpoint/service-customizations/index.js";
import { createConfigValueProvider } from "../node_modules/@smithy/core/dist-es/submodules/endpoints/middleware-endpoint/adaptors/createConfigValueProvider.js";
import { toEndpointV1 } from "@smithy/core/transport";

export function bindGetEndpointFromInstructions(getEndpointFromConfig) {
  return (input, supplier, config, context) => {
    if (config.isCustomEndpoint || config.ignoreConfiguredEndpointUrls) return endpointOf(input, supplier, config, context);
    const { serviceConfiguredEndpoint: provider, serviceId } = config;
    return follow(provider ? read(provider) : getEndpointFromConfig(serviceId), (text) => {
      if (text) {
        const endpoint = toEndpointV1(text);
        config.endpoint = withValue(() => Promise.resolve(endpoint), () => endpoint);
        config.isCustomEndpoint = true;
        context?.logger?.debug?.(`@smithy/core/endpoints - resolved endpoint from config: ${text}`);
      }
      return endpointOf(input, supplier, config, context);
    });
  };
}

function endpointOf(input, supplier, config, context) {
  return follow(resolveParams(input, supplier, config), (params) => {
    if (typeof config.endpointProvider !== "function") throw new Error("config.endpointProvider is not set.");
    const endpoint = config.endpointProvider(params, context);
    if (!config.isCustomEndpoint || !config.endpoint) return endpoint;
    return follow(read(config.endpoint), (custom) => {
      if (custom?.headers) {
        endpoint.headers ??= {};
        for (const [name, value] of Object.entries(custom.headers)) {
          endpoint.headers[name] = Array.isArray(value) ? value : [value];
        }
      }
      return endpoint;
    });
  });
}

// What a provider gives: its value where that is at hand, or a promise.
function read(provider) {
  const value = valueNow(provider);
  return value === NOT_YET ? provider() : value;
}

export function resolveParams(input, supplier, config) {
  const instructions = supplier?.getEndpointParameterInstructions?.() || {};
  const parameters = parametersOf(instructions);
  const params = {};
  for (let idx = 0; idx < parameters.length; idx++) {
    const value = valueOf(parameters[idx], input, config);
    if (typeof value === "object" && parameters[idx].isOfConfig && isPromise(value)) {
      return collect(params, parameters, idx, value, input, config);
    }
    params[parameters[idx].name] = value;
  }
  return finish(params, parameters, config);
}

async function collect(params, parameters, idx, first, input, config) {
  params[parameters[idx].name] = await first;
  while (++idx < parameters.length) {
    const value = valueOf(parameters[idx], input, config);
    params[parameters[idx].name] = parameters[idx].isOfConfig ? await value : value;
  }
  return finish(params, parameters, config);
}

function finish(params, parameters, config) {
  if (parameters.length === 0) Object.assign(params, config);
  if (String(config.serviceId).toLowerCase() === "s3") resolveParamsForS3(params);
  return params;
}

// These are made of others.
const DERIVED = ["credentialScope", "CredentialScope", "accountId", "AccountId"];

const known = new WeakMap();

function parametersOf(instructions) {
  let res = known.get(instructions);
  if (res === undefined) {
    res = Object.entries(instructions).map(([name, instruction]) => ({
      name,
      instruction,
      type: instruction.type,
      isOfConfig: instruction.type === "clientContextParams" || instruction.type === "builtInParams",
      key: instruction.name,
      isEndpoint: instruction.name === "endpoint" || name === "endpoint",
      isDerived: DERIVED.includes(instruction.name) || DERIVED.includes(name),
    }));
    known.set(instructions, res);
  }
  return res;
}

// Its value, or the promise of it.
function valueOf({ name, instruction, type, key, isEndpoint, isDerived }, input, config) {
  switch (type) {
    case "staticContextParams":
      return instruction.value;
    case "contextParams":
      return input[key];
    case "operationContextParams":
      return instruction.get(input);
    case "clientContextParams":
    case "builtInParams":
      break;
    default:
      throw new Error("Unrecognized endpoint parameter instruction: " + JSON.stringify(instruction));
  }
  const isOfClient = type === "clientContextParams";
  if (isDerived) return createConfigValueProvider(key, name, config, isOfClient)();
  if (isEndpoint && config.isCustomEndpoint === false) return undefined;
  const nested = isOfClient ? config.clientContextParams?.[key] : undefined;
  let value = nested ?? config[key] ?? config[name];
  if (typeof value === "function") value = read(value);
  return isEndpoint ? follow(value, textOf) : value;
}

function textOf(endpoint) {
  if (typeof endpoint !== "object" || endpoint === null) return endpoint;
  if ("url" in endpoint) return endpoint.url.href;
  if (!("hostname" in endpoint)) return endpoint;
  const { protocol, hostname, port, path } = endpoint;
  return `${protocol}//${hostname}${port ? ":" + port : ""}${path}`;
}
