// Anything that was thrown, as text: what a failed run's answer is made of.
import { inspect } from "node-inspect-extracted";
import {
  MapCtor, MapPrototypeDelete, MapPrototypeForEach, MapPrototypeSet, StringEndsWith, StringIndexOf, StringSlice,
  StringStartsWith, StringToWellFormed, getOwnPropertyDescriptor, getPrototypeOf, isError, jsonStringify,
} from "./primordials.js";

const ERROR_OPTIONS = { __proto__: null, depth: 4, maxArrayLength: 20, maxStringLength: 2000 };
const VALUE_OPTIONS = { __proto__: null, depth: 2, maxArrayLength: 20, maxStringLength: 10000 };
// What an answer shows of a name, a message or a stack: what was thrown may be as
// large as the heap.
const MAX_UNITS = 32 * 1024;
// Rejections without a handler that are told one by one.
const MAX_LEFTOVERS = 100;
const BRIEF_OPTIONS = { __proto__: null, depth: 0, maxArrayLength: 3, maxStringLength: 100, breakLength: Infinity };

// JSON text `{"name","message","stack"}`; name and stack are null when what
// was thrown is not an Error. Never throws.
export function describe(reason) {
  const { name, message, stack } = isErrorLike(reason) ? describeError(reason) : describeOther(reason);
  return jsonStringify({ __proto__: null, name: shortened(name), message: shortened(message), stack: shortened(stack) });
}

// Its beginning and, since that is where the frames are, its end.
function shortened(text) {
  if (text === null || text.length <= MAX_UNITS) return text;
  const cut = `… (${text.length - MAX_UNITS} characters left out) …`;
  return StringToWellFormed(StringSlice(text, 0, MAX_UNITS / 2)) + cut + StringToWellFormed(StringSlice(text, -MAX_UNITS / 2));
}

function isErrorLike(reason) {
  try {
    return isError(reason) || reason instanceof Error;
  } catch {
    return false;
  }
}

function describeError(error) {
  const name = nameOf(error);
  const message = text(() => error.message, "");
  // A snippet that broke the intrinsics which `inspect` needs still gets its frames.
  const plain = text(() => error.stack, `${name}: ${message}`);
  const stack = text(() => inspectError(error, name), plain);
  return { __proto__: null, name, message, stack };
}

// `name`, or the class where the class was given none.
function nameOf(error) {
  const name = text(() => error.name, "Error");
  if (name !== "Error") return name;
  return text(() => getOwnPropertyDescriptor(getPrototypeOf(error), "constructor")?.value?.name, "Error") || name;
}

// As Node shows it, except that it always begins with `Name: message`: Node
// puts an error without frames in brackets, and `DOMException [Name]` or a mark
// for later references before others.
function inspectError(error, name) {
  let shown = inspect(error, ERROR_OPTIONS);
  if (StringStartsWith(shown, "<ref *1> ")) shown = StringSlice(shown, 9);
  const prefix = `DOMException [${name}]`;
  if (StringStartsWith(shown, prefix)) return name + StringSlice(shown, prefix.length);
  return StringStartsWith(shown, "[") && StringEndsWith(shown, "]") && StringIndexOf(shown, "\n") < 0
    ? StringSlice(shown, 1, -1)
    : shown;
}

function describeOther(value) {
  const message =
    typeof value === "string" ? value : text(() => inspect(value, VALUE_OPTIONS), `a value of type ${typeof value}`);
  return { __proto__: null, name: null, message, stack: null };
}

// A few words for a message.
export const describeBriefly = (value) =>
  typeof value === "string" ? value : text(() => inspect(value, BRIEF_OPTIONS), `a value of type ${typeof value}`);

// Runs snippet code (getters, proxies), so anything may come back.
function text(read, otherwise) {
  try {
    const value = read();
    return typeof value === "string" ? value : otherwise;
  } catch {
    return otherwise;
  }
}

// Promises that were rejected and have no handler so far.
const unhandled = new MapCtor();

export function rejection(promise, reason, isHandled) {
  if (isHandled) MapPrototypeDelete(unhandled, promise);
  else MapPrototypeSet(unhandled, promise, { __proto__: null, reason });
}

// JSON text: one string for each rejection that nobody handled. That of `main`
// is the run's own answer.
export function leftovers(mainPromise) {
  let list = "";
  let told = 0;
  let more = 0;
  MapPrototypeForEach(unhandled, ({ reason }, promise) => {
    if (promise === mainPromise) return;
    if (told === MAX_LEFTOVERS) {
      more++;
      return;
    }
    told++;
    const { message, stack } = isErrorLike(reason) ? describeError(reason) : describeOther(reason);
    const line = `unhandled rejection: ${shortened(stack ?? message)}`;
    list += (list === "" ? "" : ",") + jsonStringify(line);
  });
  if (more > 0) list += `,${jsonStringify(`unhandled rejections: ${more} more`)}`;
  return `[${list}]`;
}
