// FormData, and multipart/form-data both ways. formdata-polyfill brings an
// older fetch-blob of its own and cannot read a form.
import { Blob } from "fetch-blob";
import { File } from "fetch-blob/file.js";
import { defineClass } from "./primordials.js";
import { encodeUtf8 } from "./encoding.js";
import { needArguments } from "./node-errors.js";

const wellFormed = (text) => `${text}`.toWellFormed();

// A blob becomes a file, named as the caller says.
function entryOf(name, value, filename, isGiven) {
  if (!(value instanceof Blob)) {
    if (isGiven) throw new TypeError("FormData: a filename goes with a Blob only");
    return [wellFormed(name), wellFormed(value)];
  }
  if (value instanceof File && !isGiven) return [wellFormed(name), value];
  const options = { type: value.type, ...(value instanceof File ? { lastModified: value.lastModified } : { lastModified: Date.now() }) };
  return [wellFormed(name), new File([value], isGiven ? wellFormed(filename) : "blob", options)];
}

export class FormData {
  #list = [];

  constructor(form) {
    if (form !== undefined) throw new TypeError("FormData constructor: Argument 1 could not be converted: there are no forms here");
  }

  append(name, value, filename) {
    needArguments("FormData.append", 2, arguments.length);
    this.#list.push(entryOf(name, value, filename, arguments.length > 2));
  }

  delete(name) {
    needArguments("FormData.delete", 1, arguments.length);
    name = wellFormed(name);
    this.#list = this.#list.filter((entry) => entry[0] !== name);
  }

  get(name) {
    needArguments("FormData.get", 1, arguments.length);
    name = wellFormed(name);
    return this.#list.find((entry) => entry[0] === name)?.[1] ?? null;
  }

  getAll(name) {
    needArguments("FormData.getAll", 1, arguments.length);
    name = wellFormed(name);
    return this.#list.filter((entry) => entry[0] === name).map((entry) => entry[1]);
  }

  has(name) {
    needArguments("FormData.has", 1, arguments.length);
    name = wellFormed(name);
    return this.#list.some((entry) => entry[0] === name);
  }

  set(name, value, filename) {
    needArguments("FormData.set", 2, arguments.length);
    const entry = entryOf(name, value, filename, arguments.length > 2);
    const first = this.#list.findIndex((it) => it[0] === entry[0]);
    if (first < 0) this.#list.push(entry);
    else {
      this.#list[first] = entry;
      this.#list = this.#list.filter((it, idx) => idx <= first || it[0] !== entry[0]);
    }
  }

  forEach(callback, thisArg) {
    for (const [name, value] of this) Reflect.apply(callback, thisArg, [value, name, this]);
  }

  *entries() {
    for (let idx = 0; idx < this.#list.length; idx++) yield [...this.#list[idx]];
  }

  *keys() {
    for (const [name] of this.entries()) yield name;
  }

  *values() {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    return `FormData ${inspect(Object.fromEntries(this.#list), options)}`;
  }
}
Object.defineProperty(FormData.prototype, Symbol.iterator, { value: FormData.prototype.entries, writable: true, configurable: true });
for (const name of ["append", "delete", "get", "getAll", "has", "set", "forEach", "entries", "keys", "values"]) {
  Object.defineProperty(FormData.prototype, name, { enumerable: true });
}
defineClass("FormData", FormData);

const crlf = (text) => text.replace(/\r\n?|\n/g, "\r\n");
const quoted = (text) => text.replace(/["\r\n]/g, (char) => ({ '"': "%22", "\r": "%0D", "\n": "%0A" })[char]);

// A Blob, whose type names the boundary.
export function formToBlob(form) {
  const boundary = `----formdata-${crypto.randomUUID()}`;
  const parts = [];
  for (const [name, value] of form) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(crlf(name))}"`;
    if (typeof value === "string") parts.push(`${head}\r\n\r\n${crlf(value)}\r\n`);
    else parts.push(`${head}; filename="${quoted(value.name)}"\r\nContent-Type: ${value.type || "application/octet-stream"}\r\n\r\n`, value, "\r\n");
  }
  parts.push(`--${boundary}--\r\n`);
  return new Blob(parts, { type: `multipart/form-data; boundary=${boundary}` });
}

const unquoted = (text) => text.replaceAll("%22", '"').replaceAll("%0D", "\r").replaceAll("%0A", "\n");

export function formFromBytes(bytes, boundary) {
  const broken = () => new TypeError("Failed to parse body as FormData.");
  const form = new FormData();
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const delimiter = encodeUtf8(`--${boundary}`);
  let at = buffer.indexOf(delimiter);
  if (at < 0) throw broken();
  for (;;) {
    at += delimiter.length;
    if (buffer[at] === 0x2d && buffer[at + 1] === 0x2d) return form;
    const end = buffer.indexOf("\r\n\r\n", at);
    const next = buffer.indexOf(delimiter, at);
    if (end < 0 || next < 0 || end + 4 > next) throw broken();
    const head = buffer.toString("utf8", at, end);
    const disposition = /^content-disposition: *form-data;(.*)$/im.exec(head)?.[1];
    const name = /[; ]name="([^"]*)"/.exec(disposition ?? "")?.[1];
    if (name === undefined) throw broken();
    const filename = /[; ]filename="([^"]*)"/.exec(disposition)?.[1];
    const content = buffer.subarray(end + 4, next - 2);
    if (filename === undefined) form.append(unquoted(name), new TextDecoder("utf-8", { ignoreBOM: true }).decode(content));
    else {
      const type = /^content-type: *(.*)$/im.exec(head)?.[1].trim() ?? "text/plain";
      form.append(unquoted(name), new File([content], unquoted(filename), { type }));
    }
    at = next;
  }
}
