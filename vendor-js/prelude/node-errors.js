// Errors of Node's own APIs: they carry a `code` and say what was received.
import { describeBriefly } from "./describe.js";
import { defineHidden } from "./primordials.js";

export function nodeError(type, code, message) {
  const error = new type(message);
  error.code = code;
  defineHidden(error, "toString", function toString() {
    return `${this.name} [${code}]: ${this.message}`;
  });
  return error;
}

export const outOfRange = (name, range, received) =>
  nodeError(RangeError, "ERR_OUT_OF_RANGE", `The value of "${name}" is out of range. It must be ${range}. Received ${grouped(received)}`);

export function typeMismatch(name, expected, received) {
  const subject = name.includes(" ") ? `The ${name}` : `The "${name}" argument`;
  return nodeError(TypeError, "ERR_INVALID_ARG_TYPE", `${subject} must be ${expected}. Received ${shownAs(received)}`);
}

export const missingArguments = (...names) =>
  nodeError(
    TypeError,
    "ERR_MISSING_ARGS",
    `The ${names.map((it) => `"${it}"`).join(" and ")} argument${names.length > 1 ? "s" : ""} must be specified`,
  );

// For what Node has from undici: `given` is the caller's `arguments.length`.
export function needArguments(what, needed, given) {
  if (given >= needed) return;
  throw new TypeError(`${what}: ${needed} argument${needed > 1 ? "s" : ""} required, but${given > 0 ? " only" : ""} ${given} found.`);
}

function shownAs(value) {
  if (value === undefined || value === null) return `${value}`;
  if (typeof value === "function") return `function ${value.name}`;
  if (typeof value === "object") {
    const name = value.constructor?.name;
    return typeof name === "string" && name !== "" ? `an instance of ${name}` : describeBriefly(value);
  }
  const shown = typeof value === "string" ? `'${value.length > 28 ? `${value.slice(0, 25)}...` : value}'` : describeBriefly(value);
  return `type ${typeof value} (${shown})`;
}

// Node writes large numbers as 4_294_967_296.
function grouped(value) {
  if (typeof value === "bigint") return `${value >= -(2n ** 32n) && value <= 2n ** 32n ? value : separated(`${value}`)}n`;
  if (Number.isInteger(value) && Math.abs(value) > 2 ** 32) return separated(`${value}`);
  return typeof value === "number" ? `${value}` : describeBriefly(value);
}

const separated = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, "_");
