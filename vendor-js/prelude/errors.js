// Errors as people know them: `stack` begins with `Name: message`, its
// positions are the snippet's, and host ops throw real error classes.
//
// The engine's `stack` is an accessor that gives frames only. Ours calls it
// when it is read, so throwing stays as cheap as it was.
import * as op from "./ops.js";
import {
  ErrorCtor, ErrorToString, RangeErrorCtor, RegExpExec, StringSlice, StringStartsWith, StringTrimEnd,
  SyntaxErrorCtor, TypeErrorCtor, apply, defineHidden, defineProperty, getOwnPropertyDescriptor, getPrototypeOf,
  isError,
} from "./primordials.js";
import { door } from "./door.js";
import { DOMException, hasCode } from "./domexception.js";

const original = getOwnPropertyDescriptor(ErrorCtor.prototype, "stack");
const getRaw = original.get;
const captureRaw = ErrorCtor.captureStackTrace;

// What `prepareStackTrace` of a snippet gets to see would hand over the functions of
// each frame: ours too, down to the door. As in Node, strict code keeps its own.
ErrorCtor.prepareStackTrace = (_error, frames) => frames;
const [frame] = apply(getRaw, new ErrorCtor(), []);
defineHidden(getPrototypeOf(frame), "getFunction", function getFunction() {});
ErrorCtor.prepareStackTrace = undefined;

defineProperty(ErrorCtor.prototype, "stack", {
  __proto__: null,
  get() {
    return withHeader(this, apply(getRaw, this, []));
  },
  // A text as the engine has it; what code sets to hide a stack is no text.
  set(value) {
    if (typeof value === "string") apply(original.set, this, [value]);
    else defineProperty(this, "stack", { __proto__: null, value, writable: true, configurable: true, enumerable: false });
  },
  configurable: true,
  enumerable: false,
});

defineHidden(ErrorCtor, "captureStackTrace", function captureStackTrace(target, above) {
  apply(captureRaw, ErrorCtor, [target, typeof above === "function" ? above : captureStackTrace]);
  const own = getOwnPropertyDescriptor(target, "stack");
  if (own !== undefined && own.configurable && "value" in own) {
    own.value = withHeader(target, own.value);
    defineProperty(target, "stack", own);
  }
});

// What `Error.prepareStackTrace` of a snippet made is left as it is; only the
// engine's own text is ours to change.
function withHeader(error, raw) {
  if (typeof raw !== "string" || !(raw === "" || StringStartsWith(raw, "    at "))) return raw;
  const frames = raw === "" ? "" : StringTrimEnd(door(op.MAP_STACK, raw));
  const title = header(error);
  return frames === "" ? title : `${title}\n${frames}`;
}

// `Name: message`. A class of the snippet that sets no `name` is called by its
// own name, not by that of `Error`.
function header(error) {
  try {
    const title = ErrorToString(error);
    if ((title !== "Error" && !StringStartsWith(title, "Error:")) || !isError(error)) return title;
    const constructor = getOwnPropertyDescriptor(getPrototypeOf(error), "constructor")?.value;
    const name = typeof constructor === "function" ? constructor.name : "";
    return typeof name === "string" && name !== "" ? name + StringSlice(title, 5) : title;
  } catch {
    // A getter of the snippet threw; reading `stack` must not.
    return "Error";
  }
}

const SYSTEM_CODE = /^E[A-Z]+$/;

// The error that an op asks for by name.
export function makeError(name, message) {
  switch (name) {
    case "Error": return new ErrorCtor(message);
    case "TypeError": return new TypeErrorCtor(message);
    case "RangeError": return new RangeErrorCtor(message);
    case "SyntaxError": return new SyntaxErrorCtor(message);
  }
  if (hasCode(name)) return new DOMException(message, name);
  // All capitals: the code of a system's error, as Node has it.
  if (RegExpExec(SYSTEM_CODE, name) !== null) {
    const error = new ErrorCtor(message);
    error.code = name;
    return error;
  }
  const error = new ErrorCtor(message);
  defineHidden(error, "name", name);
  return error;
}

// The door throws natives, with a name; this is the error that the name means.
export function refine(error) {
  const { name, message } = error;
  return hasCode(name) || RegExpExec(SYSTEM_CODE, name) !== null ? makeError(name, message) : error;
}

// For ops whose failure is a DOMException: the door can only throw natives.
export function rethrow(error) {
  throw hasCode(error.name) ? new DOMException(error.message, error.name) : error;
}
