// TextEncoder and TextDecoder on host ops, in slices small enough for none to
// hold the door for long. The host keeps no state between slices, so they are
// cut between characters here.
import * as op from "./ops.js";
import { defineClass, defineGlobal } from "./primordials.js";
import { door } from "./door.js";
import { DOMException } from "./domexception.js";
import { missingArguments } from "./node-errors.js";

const SLICE_UNITS = 64 * 1024;
const SLICE_BYTES = 256 * 1024;
const NO_BYTES = new Uint8Array(0);
// Where a cut between characters cannot be found by looking back.
const STATEFUL = ["gbk", "gb18030", "big5", "euc-jp", "iso-2022-jp", "shift_jis", "euc-kr"];

const NOT_VALID = "ERR_ENCODING_INVALID_ENCODED_DATA";

// An op whose errors have the code that Node gives them.
function coded(code, ...args) {
  try {
    return door(...args);
  } catch (error) {
    error.code = code;
    throw error;
  }
}

const isHigh = (unit) => unit >= 0xd800 && unit <= 0xdbff;

export function encodeUtf8(text) {
  if (text.length <= SLICE_UNITS) return text === "" ? new Uint8Array(0) : new Uint8Array(door(op.UTF8_ENCODE, text));
  const slices = [];
  let length = 0;
  for (let from = 0; from < text.length; ) {
    let to = Math.min(from + SLICE_UNITS, text.length);
    if (to < text.length && isHigh(text.charCodeAt(to - 1))) to--;
    const slice = new Uint8Array(door(op.UTF8_ENCODE, text.slice(from, to)));
    slices.push(slice);
    length += slice.length;
    from = to;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const slice of slices) {
    bytes.set(slice, at);
    at += slice.length;
  }
  return bytes;
}

// The bytes behind any BufferSource, not copied.
export function bytesOf(source, what) {
  if (source instanceof Uint8Array) return source;
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (source instanceof ArrayBuffer || source instanceof SharedArrayBuffer) return new Uint8Array(source);
  throw new TypeError(`${what} takes an ArrayBuffer or a view of one`);
}

export class TextEncoder {
  get encoding() {
    return "utf-8";
  }

  encode(text = "") {
    return encodeUtf8(`${text}`);
  }

  encodeInto(source, target) {
    source = `${source}`;
    if (!(target instanceof Uint8Array)) throw new TypeError("TextEncoder.encodeInto takes a Uint8Array");
    // No character takes fewer bytes than units.
    let read = Math.min(source.length, target.length);
    if (read > 0 && read < source.length && isHigh(source.charCodeAt(read - 1))) read--;
    let bytes = encodeUtf8(source.slice(0, read));
    if (bytes.length > target.length) {
      bytes = bytes.subarray(0, target.length);
      bytes = bytes.subarray(0, bytes.length - unfinished("utf-8", bytes));
      read = decodeSlices("utf-8", bytes, false).length;
    }
    target.set(bytes);
    return { read, written: bytes.length };
  }
}

export class TextDecoder {
  #encoding;
  #fatal;
  #ignoreBom;
  #pending = NO_BYTES;
  // The host's decoder, in the middle of a text of such an encoding.
  #id = 0;
  #begun = false;

  constructor(label = "utf-8", options = {}) {
    label = `${label}`;
    this.#encoding = label === "utf-8" ? label : coded("ERR_ENCODING_NOT_SUPPORTED", op.DECODER_NAME, label);
    this.#fatal = !!options?.fatal;
    this.#ignoreBom = !!options?.ignoreBOM;
  }

  get encoding() {
    return this.#encoding;
  }

  get fatal() {
    return this.#fatal;
  }

  get ignoreBOM() {
    return this.#ignoreBom;
  }

  decode(source, options) {
    let bytes = source === undefined ? NO_BYTES : bytesOf(source, "TextDecoder.decode");
    if (this.#pending.length > 0) {
      const joined = new Uint8Array(this.#pending.length + bytes.length);
      joined.set(this.#pending);
      joined.set(bytes, this.#pending.length);
      bytes = joined;
      this.#pending = NO_BYTES;
    }
    const stream = !!options?.stream;
    if (STATEFUL.includes(this.#encoding)) return this.#decodeStateful(bytes, !stream);
    if (stream) {
      const end = bytes.length - unfinished(this.#encoding, bytes);
      this.#pending = bytes.slice(end);
      bytes = bytes.subarray(0, end);
    }
    let text = decodeSlices(this.#encoding, bytes, this.#fatal);
    if (!this.#begun && text !== "") {
      this.#begun = true;
      if (!this.#ignoreBom && text.charCodeAt(0) === 0xfeff && this.#encoding.startsWith("utf-")) text = text.slice(1);
    }
    if (!stream) this.#begun = false;
    return text;
  }

  #decodeStateful(bytes, isLast) {
    const id = this.#id === 0 ? door(op.DECODER_OPEN, this.#encoding) : this.#id;
    // Closed by the last piece, and by a mistake.
    this.#id = 0;
    let text = "";
    let from = 0;
    do {
      const to = Math.min(from + SLICE_BYTES, bytes.length);
      text += coded(NOT_VALID, op.DECODER_NEXT, id, bytes.subarray(from, to), isLast && to === bytes.length, this.#fatal);
      from = to;
    } while (from < bytes.length);
    if (!isLast) this.#id = id;
    return text;
  }
}

// UTF-8 without a look at a byte-order mark.
export const decodeUtf8 = (bytes) => decodeSlices("utf-8", bytes, false);

function decodeSlices(encoding, bytes, fatal) {
  let text = "";
  for (let from = 0; from < bytes.length; ) {
    let to = Math.min(from + SLICE_BYTES, bytes.length);
    if (to < bytes.length) to -= unfinished(encoding, bytes.subarray(from, to));
    text += coded(NOT_VALID, op.DECODE, encoding, bytes.subarray(from, to), fatal);
    from = to;
  }
  return text;
}

// How many bytes at the end may belong to a character that is not all there.
function unfinished(encoding, bytes) {
  const { length } = bytes;
  if (encoding === "utf-8") {
    for (let back = 1; back <= 3 && back <= length; back++) {
      const byte = bytes[length - back];
      if ((byte & 0xc0) === 0x80) continue;
      const needed = byte >= 0xf5 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
      return needed > back ? back : 0;
    }
    return 0;
  }
  if (encoding === "utf-16le" || encoding === "utf-16be") {
    const odd = length % 2;
    if (length - odd < 2) return odd;
    const first = bytes[length - odd - (encoding === "utf-16le" ? 1 : 2)];
    return (first & 0xfc) === 0xd8 ? odd + 2 : odd;
  }
  return 0;
}

defineClass("TextEncoder", TextEncoder);
defineClass("TextDecoder", TextDecoder);

// The engine's own, which throw the engine's own DOMException.
for (const original of [globalThis.atob, globalThis.btoa]) {
  const { name } = original;
  const replacement = {
    [name](text) {
      if (arguments.length === 0) throw missingArguments("input");
      text = `${text}`;
      try {
        return original(text);
      } catch {
        throw new DOMException(
          name === "atob" ? "atob takes base64, and this is not" : "btoa takes characters up to U+00FF; encode others first: new TextEncoder().encode(text)",
          "InvalidCharacterError",
        );
      }
    },
  };
  defineGlobal(name, replacement[name]);
}
