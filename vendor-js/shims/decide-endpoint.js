// In place of @smithy/core's decideEndpoint: walks the same diagram to the same
// endpoint. The SDK's describes every condition and its value for a log that is
// nobody's, and takes three calls and as many objects for each; some thirty stand
// between a bucket and its endpoint, and a run meets each bucket for the first time.
import { NoOpLogger } from "@smithy/core/client";
import { decideEndpoint as decideAloud } from "../node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/decideEndpoint.js";
import { EndpointError } from "../node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/types/index.js";
import { customEndpointFunctions } from "../node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/utils/customEndpointFunctions.js";
import { endpointFunctions } from "../node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/utils/endpointFunctions.js";
import { evaluateTemplate } from "../node_modules/@smithy/core/dist-es/submodules/endpoints/util-endpoints/utils/evaluateTemplate.js";

const FIRST_RESULT = 100_000_000;

export function decideEndpoint(bdd, options) {
  const { endpointParams, logger } = options;
  if (logger !== undefined && logger.constructor !== NoOpLogger) return decideAloud(bdd, options);
  const { nodes, results, conditions } = bdd;
  const scope = { referenceRecord: {}, endpointParams };
  let ref = bdd.root;
  while (ref !== 1 && ref !== -1 && ref < FIRST_RESULT) {
    const at = 3 * ((ref < 0 ? -ref : ref) - 1);
    const [fn, argv, assign] = conditions[nodes[at]];
    const value = callOf(fn, argv, scope);
    if (assign != null) scope.referenceRecord[assign] = value;
    ref = ref >= 0 === (value === "" || !!value) ? nodes[at + 1] : nodes[at + 2];
  }
  // What it leads to is made as ever: a diagram without conditions.
  const isResult = ref >= FIRST_RESULT;
  if (!isResult) throw new EndpointError("No matching endpoint.");
  const params = { __proto__: endpointParams, ...scope.referenceRecord };
  return decideAloud({ nodes, root: ref, results, conditions }, { endpointParams: params });
}

// Name of a function → it.
const known = new Map();

function functionOf(name) {
  let res = known.get(name);
  if (res !== undefined) return res;
  const [space, own] = name.split(".");
  res = (own === undefined ? undefined : customEndpointFunctions[space]?.[own]) ?? endpointFunctions[name];
  if (typeof res !== "function") throw new Error(`function ${name} not loaded in endpointFunctions.`);
  known.set(name, res);
  return res;
}

function callOf(fn, argv, scope) {
  const call = functionOf(fn);
  if (argv.length === 1) return call(valueOf(argv[0], scope));
  if (argv.length === 2) return call(valueOf(argv[0], scope), valueOf(argv[1], scope));
  return call(...argv.map((arg) => valueOf(arg, scope)));
}

function valueOf(arg, scope) {
  if (typeof arg === "string") return arg.includes("{") ? evaluateTemplate(arg, scope) : arg;
  if (typeof arg !== "object") return arg;
  if (arg.fn) return callOf(arg.fn, arg.argv, scope);
  return scope.referenceRecord[arg.ref] ?? scope.endpointParams[arg.ref];
}
