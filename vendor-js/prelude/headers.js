// Headers. A list of names and values is all it is; the packages come with an
// older fetch around it.
import { needArguments } from "./node-errors.js";
import { defineClass } from "./primordials.js";

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const NOT_IN_VALUE = /[\0\r\n]|[^\0-\xff]/;

const nameOf = (given) => {
  const name = `${given}`;
  if (!NAME.test(name)) throw new TypeError(`Headers: '${name}' is an invalid header name`);
  return name.toLowerCase();
};
const valueOf = (given, name) => {
  const value = `${given}`.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
  if (NOT_IN_VALUE.test(value)) throw new TypeError(`Headers: the value of '${name}' is an invalid header value`);
  return value;
};

export let freezeHeaders;

export class Headers {
  // Name in lower case → the name as it was first written, and its values.
  #map = new Map();
  #isImmutable = false;

  static {
    freezeHeaders = (headers) => {
      headers.#isImmutable = true;
      return headers;
    };
  }

  constructor(init) {
    if (init === undefined) return;
    if (typeof init !== "object" || init === null) throw new TypeError("Headers takes an object, a list of pairs or Headers");
    if (typeof init[Symbol.iterator] === "function") {
      for (const pair of init) {
        const items = typeof pair === "object" && pair !== null ? [...pair] : [];
        if (items.length !== 2) throw new TypeError("Headers takes pairs of name and value");
        this.append(items[0], items[1]);
      }
    } else {
      for (const name of Reflect.ownKeys(init)) {
        if (Object.prototype.propertyIsEnumerable.call(init, name)) this.append(name, init[name]);
      }
    }
  }

  #change(name) {
    if (this.#isImmutable) throw new TypeError("Headers: these are immutable");
    return nameOf(name);
  }

  append(name, value) {
    needArguments("Headers.append", 2, arguments.length);
    const key = this.#change(name);
    const entry = this.#map.get(key) ?? { name: `${name}`, values: [] };
    entry.values.push(valueOf(value, key));
    this.#map.set(key, entry);
  }

  delete(name) {
    needArguments("Headers.delete", 1, arguments.length);
    this.#map.delete(this.#change(name));
  }

  get(name) {
    needArguments("Headers.get", 1, arguments.length);
    return this.#map.get(nameOf(name))?.values.join(", ") ?? null;
  }

  getSetCookie() {
    return [...(this.#map.get("set-cookie")?.values ?? [])];
  }

  has(name) {
    needArguments("Headers.has", 1, arguments.length);
    return this.#map.has(nameOf(name));
  }

  set(name, value) {
    needArguments("Headers.set", 2, arguments.length);
    const key = this.#change(name);
    this.#map.set(key, { name: `${name}`, values: [valueOf(value, key)] });
  }

  // Sorted; cookies are not joined.
  #list() {
    const list = [];
    for (const name of [...this.#map.keys()].sort()) {
      const { values } = this.#map.get(name);
      if (name === "set-cookie") for (const value of values) list.push([name, value]);
      else list.push([name, values.join(", ")]);
    }
    return list;
  }

  forEach(callback, thisArg) {
    if (typeof callback !== "function") throw new TypeError("Headers.forEach takes a function");
    for (const [name, value] of this.#list()) Reflect.apply(callback, thisArg, [value, name, this]);
  }

  *entries() {
    for (let idx = 0; ; idx++) {
      const entry = this.#list()[idx];
      if (entry === undefined) return;
      yield entry;
    }
  }

  *keys() {
    for (const [name] of this.entries()) yield name;
  }

  *values() {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    const shown = Object.fromEntries(this.#list().map(([name, value]) => [this.#map.get(name).name, value]));
    return `Headers ${inspect(shown, options)}`;
  }
}
Object.defineProperty(Headers.prototype, Symbol.iterator, { value: Headers.prototype.entries, writable: true, configurable: true });
for (const name of ["append", "delete", "get", "getSetCookie", "has", "set", "forEach", "entries", "keys", "values"]) {
  Object.defineProperty(Headers.prototype, name, { enumerable: true });
}
defineClass("Headers", Headers);
