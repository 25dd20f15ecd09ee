// `require` exists only to say what stands in for the module asked for.
import modules from "./modules.json";
import { ErrorCtor, StringStartsWith, StringSlice, defineGlobal } from "./primordials.js";

// What src/transpile/contract.rs says about an `import`.
const advice = { __proto__: null, ...modules };

defineGlobal("require", function require(name) {
  name = `${name}`;
  const instead = advice[StringStartsWith(name, "node:") ? StringSlice(name, 5) : name];
  throw new ErrorCtor(`a snippet cannot load modules: ${instead ?? `there is none in place of '${name}'`}`);
});
