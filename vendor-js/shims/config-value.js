// What endpoint parameters are taken from. As @smithy/core has it, but a value
// that is there is no promise, and what a command wants to know is looked at once:
// a dozen parameters were listed and awaited for each request, twice.
import { createConfigValueProvider } from "../node_modules/@smithy/core/dist-es/submodules/endpoints/middleware-endpoint/adaptors/createConfigValueProvider.js";

// These are made of others.
const DERIVED = ["endpoint", "credentialScope", "CredentialScope", "accountId", "AccountId"];

const known = new WeakMap();

// Name, instruction and whether its value is derived, of each parameter.
export function parametersOf(instructions) {
  let res = known.get(instructions);
  if (res === undefined) {
    res = Object.entries(instructions).map(([name, instruction]) => ({
      name, instruction, isDerived: DERIVED.includes(instruction.name) || DERIVED.includes(name),
    }));
    known.set(instructions, res);
  }
  return res;
}

// Its value, or the promise of it.
export function valueOf({ name, instruction, isDerived }, config) {
  const key = instruction.name;
  const isOfClient = instruction.type !== "builtInParams";
  if (isDerived) return createConfigValueProvider(key, name, config, isOfClient)();
  const nested = isOfClient ? config.clientContextParams?.[key] : undefined;
  const value = nested ?? config[key] ?? config[name];
  return typeof value === "function" ? value() : value;
}
