// URL on the host's parser; URLSearchParams here, since it is only a list.
import * as op from "./ops.js";
import { defineClass } from "./primordials.js";
import { door } from "./door.js";
import { TextDecoder, encodeUtf8 } from "./encoding.js";
import { missingArguments, nodeError } from "./node-errors.js";

// Positions in what the host gives back.
const HREF = 0;
const ORIGIN = 1;
const PROTOCOL = 2;
const USERNAME = 3;
const PASSWORD = 4;
const HOST = 5;
const HOSTNAME = 6;
const PORT = 7;
const PATHNAME = 8;
const SEARCH = 9;
const HASH = 10;

function parse(href, base) {
  const input = wellFormed(href);
  try {
    return door(op.URL_PARSE, input, base === undefined ? undefined : wellFormed(base));
  } catch (error) {
    // As Node's has them.
    error.code = "ERR_INVALID_URL";
    error.input = input;
    throw error;
  }
}
const wellFormed = (text) => `${text}`.toWellFormed();

// Writes a list back into its URL; only URL itself can reach this.
let follow;

export class URLSearchParams {
  #list = [];
  #changed = null;

  static {
    follow = (params, text, changed) => {
      params.#list = parsePairs(text);
      params.#changed = changed;
    };
  }

  constructor(init = "") {
    if (typeof init === "object" || typeof init === "function") {
      if (init === null) this.#list = parsePairs("null");
      else if (typeof init[Symbol.iterator] === "function") {
        for (const pair of init) {
          const [name, value, ...more] = pair;
          if (more.length > 0 || [...pair].length !== 2) {
            throw nodeError(TypeError, "ERR_INVALID_TUPLE", "Each query pair must be an iterable [name, value] tuple");
          }
          this.#list.push([wellFormed(name), wellFormed(value)]);
        }
      } else {
        for (const name of Reflect.ownKeys(init)) {
          if (!Object.prototype.propertyIsEnumerable.call(init, name)) continue;
          this.#list.push([wellFormed(name), wellFormed(init[name])]);
        }
      }
    } else {
      const text = wellFormed(init);
      this.#list = parsePairs(text.startsWith("?") ? text.slice(1) : text);
    }
  }

  get size() {
    return this.#list.length;
  }

  append(name, value) {
    if (arguments.length < 2) throw missingArguments("name", "value");
    this.#list.push([wellFormed(name), wellFormed(value)]);
    this.#changed?.();
  }

  delete(name, value) {
    if (arguments.length === 0) throw missingArguments("name");
    name = wellFormed(name);
    value = value === undefined ? undefined : wellFormed(value);
    this.#list = this.#list.filter((pair) => pair[0] !== name || (value !== undefined && pair[1] !== value));
    this.#changed?.();
  }

  get(name) {
    if (arguments.length === 0) throw missingArguments("name");
    name = wellFormed(name);
    return this.#list.find((pair) => pair[0] === name)?.[1] ?? null;
  }

  getAll(name) {
    if (arguments.length === 0) throw missingArguments("name");
    name = wellFormed(name);
    return this.#list.filter((pair) => pair[0] === name).map((pair) => pair[1]);
  }

  has(name, value) {
    if (arguments.length === 0) throw missingArguments("name");
    name = wellFormed(name);
    value = value === undefined ? undefined : wellFormed(value);
    return this.#list.some((pair) => pair[0] === name && (value === undefined || pair[1] === value));
  }

  set(name, value) {
    if (arguments.length < 2) throw missingArguments("name", "value");
    name = wellFormed(name);
    value = wellFormed(value);
    const first = this.#list.findIndex((pair) => pair[0] === name);
    if (first < 0) this.#list.push([name, value]);
    else {
      this.#list[first] = [name, value];
      this.#list = this.#list.filter((pair, idx) => idx <= first || pair[0] !== name);
    }
    this.#changed?.();
  }

  sort() {
    this.#list.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    this.#changed?.();
  }

  forEach(callback, thisArg) {
    for (const [name, value] of this) Reflect.apply(callback, thisArg, [value, name, this]);
  }

  // By position, so that changes made while walking are seen.
  *entries() {
    for (let idx = 0; idx < this.#list.length; idx++) yield [...this.#list[idx]];
  }

  *keys() {
    for (let idx = 0; idx < this.#list.length; idx++) yield this.#list[idx][0];
  }

  *values() {
    for (let idx = 0; idx < this.#list.length; idx++) yield this.#list[idx][1];
  }

  toString() {
    return this.#list.map(([name, value]) => `${encodeForm(name)}=${encodeForm(value)}`).join("&");
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    const shown = this.#list.map(([name, value]) => `${inspect(name)} => ${inspect(value)}`).join(", ");
    return `URLSearchParams {${shown === "" ? "" : ` ${shown} `}}`;
  }
}
Object.defineProperty(URLSearchParams.prototype, Symbol.iterator, {
  value: URLSearchParams.prototype.entries,
  writable: true,
  configurable: true,
});

function parsePairs(text) {
  const list = [];
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const at = pair.indexOf("=");
    list.push(at < 0 ? [decodeForm(pair), ""] : [decodeForm(pair.slice(0, at)), decodeForm(pair.slice(at + 1))]);
  }
  return list;
}

function decodeForm(text) {
  text = text.replaceAll("+", " ");
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    // Not UTF-8, or a stray percent sign: byte by byte.
    const bytes = encodeUtf8(text);
    let to = 0;
    for (let from = 0; from < bytes.length; from++, to++) {
      const hex = bytes[from] === 0x25 ? String.fromCharCode(bytes[from + 1], bytes[from + 2]) : "";
      if (/^[0-9a-f]{2}$/i.test(hex)) {
        bytes[to] = parseInt(hex, 16);
        from += 2;
      } else bytes[to] = bytes[from];
    }
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, to));
  }
}

const encodeForm = (text) =>
  encodeURIComponent(text).replace(/%20|[!'()~]/g, (found) =>
    found === "%20" ? "+" : `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );

// What `URL.createObjectURL` gave names for.
const blobs = new Map();
export const blobOfUrl = (href) => blobs.get(href.split("#", 1)[0]);

export class URL {
  // The parts, one a line; taken apart when one is asked for.
  #text;
  #list = null;
  #params = null;

  constructor(href, base) {
    if (arguments.length === 0) throw missingArguments("url");
    this.#text = parse(href, base);
  }

  static canParse(href, base) {
    return URL.parse(href, base) !== null;
  }

  static parse(href, base) {
    try {
      return new URL(href, base);
    } catch {
      return null;
    }
  }

  static createObjectURL(blob) {
    if (!(blob instanceof Blob)) throw new TypeError("URL.createObjectURL takes a Blob");
    const href = `blob:nodedata:${crypto.randomUUID()}`;
    blobs.set(href, blob);
    return href;
  }

  static revokeObjectURL(href) {
    blobs.delete(`${href}`);
  }

  get #parts() {
    return (this.#list ??= this.#text.split("\n"));
  }

  #set(part, value) {
    this.#text = door(op.URL_SET, this.#parts[HREF], part, wellFormed(value));
    this.#list = null;
  }

  get href() {
    return this.#parts[HREF];
  }

  set href(value) {
    this.#text = parse(value);
    this.#list = null;
    this.#refreshParams();
  }

  get origin() {
    return this.#parts[ORIGIN];
  }

  get protocol() {
    return this.#parts[PROTOCOL];
  }

  set protocol(value) {
    this.#set("protocol", value);
  }

  get username() {
    return this.#parts[USERNAME];
  }

  set username(value) {
    this.#set("username", value);
  }

  get password() {
    return this.#parts[PASSWORD];
  }

  set password(value) {
    this.#set("password", value);
  }

  get host() {
    return this.#parts[HOST];
  }

  set host(value) {
    this.#set("host", value);
  }

  get hostname() {
    return this.#parts[HOSTNAME];
  }

  set hostname(value) {
    this.#set("hostname", value);
  }

  get port() {
    return this.#parts[PORT];
  }

  set port(value) {
    this.#set("port", value);
  }

  get pathname() {
    return this.#parts[PATHNAME];
  }

  set pathname(value) {
    this.#set("pathname", value);
  }

  get search() {
    return this.#parts[SEARCH];
  }

  set search(value) {
    this.#set("search", value);
    this.#refreshParams();
  }

  get hash() {
    return this.#parts[HASH];
  }

  set hash(value) {
    this.#set("hash", value);
  }

  get searchParams() {
    if (this.#params === null) {
      this.#params = new URLSearchParams();
      this.#refreshParams();
    }
    return this.#params;
  }

  #refreshParams() {
    if (this.#params === null) return;
    follow(this.#params, this.#parts[SEARCH].slice(1), () => this.#set("search", this.#params.toString()));
  }

  toString() {
    return this.href;
  }

  toJSON() {
    return this.href;
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    const shown = {};
    for (const name of ["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "searchParams", "hash"]) {
      shown[name] = this[name];
    }
    return `URL ${inspect(shown, options)}`;
  }
}

for (const type of [URL, URLSearchParams]) {
  for (const name of Object.getOwnPropertyNames(type.prototype)) {
    if (name !== "constructor") Object.defineProperty(type.prototype, name, { enumerable: true });
  }
}
defineClass("URL", URL);
defineClass("URLSearchParams", URLSearchParams);
