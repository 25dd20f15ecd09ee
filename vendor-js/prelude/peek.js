// Plain JavaScript cannot see into a promise or past a proxy's traps; the
// engine can. While the image is built it may offer `__peek(value)`: gives
// `[state, result]` of a promise (0 pending, 1 fulfilled, 2 rejected),
// `[target]` of a proxy (`[null]` of a revoked one), undefined of anything
// else, and runs no code of the snippet. Without it a promise looks pending
// and a proxy is looked at through its traps.
//
// build.mjs puts these where node-inspect-extracted has its stand-ins.
import { RegExpExec, getPrototypeOf, getOwnPropertyDescriptor, keys } from "./primordials.js";

const peek = globalThis.__peek ?? (() => undefined);
delete globalThis.__peek;

export function promiseDetails(value, pending, rejected) {
  const seen = peek(value);
  if (seen === undefined || seen.length !== 2 || seen[0] === 0) return [pending, undefined];
  return [seen[0] === 2 ? rejected : undefined, seen[1]];
}

export function isProxy(value) {
  return peek(value)?.length === 1;
}

export function proxyDetails(value, showProxy) {
  const seen = peek(value);
  if (seen === undefined || seen.length !== 1) return undefined;
  return showProxy ? [seen[0], null] : seen[0];
}

const ASYNC = getPrototypeOf(async function () {});
const GENERATOR = getPrototypeOf(function* () {});
const ASYNC_GENERATOR = getPrototypeOf(async function* () {});
const kindOf = (value) => (typeof value === "function" ? getPrototypeOf(value) : null);

export function isAsyncFunction(value) {
  const kind = kindOf(value);
  return kind === ASYNC || kind === ASYNC_GENERATOR;
}

export function isGeneratorFunction(value) {
  const kind = kindOf(value);
  return kind === GENERATOR || kind === ASYNC_GENERATOR;
}

const { getOwnPropertyNames, getOwnPropertySymbols } = Object;
const INDEX = /^(0|[1-9][0-9]{0,9})$/;
// A longer list is shown as if it had elements only: listing their names would take
// more memory than the list.
const MOST_LISTED = 1_000_000;

// What an array has beside its elements. Indices come first, so it is looked for from
// the end.
export function namesBesideIndices(list, onlyEnumerable) {
  const found = [];
  if (list.length <= MOST_LISTED) {
    const names = onlyEnumerable ? keys(list) : getOwnPropertyNames(list);
    let first = names.length;
    while (first > 0 && RegExpExec(INDEX, names[first - 1]) === null) first--;
    for (; first < names.length; first++) found[found.length] = names[first];
  }
  const symbols = getOwnPropertySymbols(list);
  for (let idx = 0; idx < symbols.length; idx++) {
    if (!onlyEnumerable || getOwnPropertyDescriptor(list, symbols[idx])?.enumerable) found[found.length] = symbols[idx];
  }
  return found;
}
