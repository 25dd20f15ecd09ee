// Buffer. The npm package goes byte by byte through the interpreter and knows
// no base64url; the engine has base64 and hex, the host has text, and a
// DataView has the numbers, so what is left is this short.
import { construct, defineGlobal, defineHidden, defineProperty, uncurryThis } from "./primordials.js";
import { decodeUtf8, encodeUtf8 } from "./encoding.js";
import { nodeError, outOfRange, typeMismatch } from "./node-errors.js";

const CUSTOM = Symbol.for("nodejs.util.inspect.custom");
const SHOWN_BYTES = 50;
const MAX_LENGTH = 2 ** 53 - 1;
// Longer argument lists could use up the stack.
const CHARS_AT_ONCE = 4096;

const toBase64 = uncurryThis(Uint8Array.prototype.toBase64);
const toHex = uncurryThis(Uint8Array.prototype.toHex);
const { fromBase64, fromHex } = Uint8Array;
const { fromCharCode } = String;

const unitsOf = (text, mask) => {
  const bytes = new Uint8Array(text.length);
  for (let idx = 0; idx < bytes.length; idx++) bytes[idx] = text.charCodeAt(idx) & mask;
  return bytes;
};
const textOf = (units) => {
  let text = "";
  for (let from = 0; from < units.length; from += CHARS_AT_ONCE) {
    text += fromCharCode.apply(null, units.subarray(from, from + CHARS_AT_ONCE));
  }
  return text;
};
// Node reads both alphabets in either, skips what belongs to none, and stops
// at the padding.
const base64Bytes = (text) => {
  try {
    return fromBase64.call(Uint8Array, text, { lastChunkHandling: "loose" });
  } catch {
    return lenientBase64Bytes(text);
  }
};
const lenientBase64Bytes = (text) => {
  const end = text.indexOf("=");
  let digits = (end < 0 ? text : text.slice(0, end)).replace(/[^A-Za-z0-9+/_-]/g, "");
  if (digits.length % 4 === 1) digits = digits.slice(0, -1);
  return fromBase64.call(Uint8Array, digits.replaceAll("-", "+").replaceAll("_", "/"), { lastChunkHandling: "loose" });
};

const latin1 = { encode: (text) => unitsOf(text, 0xff), decode: textOf };
const utf8 = { encode: encodeUtf8, decode: decodeUtf8 };
const utf16 = {
  encode(text) {
    const bytes = new DataView(new ArrayBuffer(text.length * 2));
    for (let idx = 0; idx < text.length; idx++) bytes.setUint16(idx * 2, text.charCodeAt(idx), true);
    return new Uint8Array(bytes.buffer);
  },
  decode(bytes) {
    const units = new Uint16Array(bytes.length >> 1);
    for (let idx = 0; idx < units.length; idx++) units[idx] = bytes[idx * 2] | (bytes[idx * 2 + 1] << 8);
    return textOf(units);
  },
};
const CODECS = {
  __proto__: null,
  utf8,
  "utf-8": utf8,
  latin1,
  binary: latin1,
  ascii: { encode: latin1.encode, decode: (bytes) => textOf(bytes.map((byte) => byte & 0x7f)) },
  hex: { encode: (text) => fromHex.call(Uint8Array, /^(?:[0-9a-f]{2})*/i.exec(text)[0]), decode: (bytes) => toHex(bytes) },
  base64: { encode: base64Bytes, decode: (bytes) => toBase64(bytes) },
  base64url: { encode: base64Bytes, decode: (bytes) => toBase64(bytes, { alphabet: "base64url", omitPadding: true }) },
  utf16le: utf16,
  "utf-16le": utf16,
  ucs2: utf16,
  "ucs-2": utf16,
};

function codecOf(encoding) {
  if (encoding === undefined || encoding === null || encoding === "") return utf8;
  const codec = CODECS[`${encoding}`.toLowerCase()];
  if (codec === undefined) throw nodeError(TypeError, "ERR_UNKNOWN_ENCODING", `Unknown encoding: ${encoding}`);
  return codec;
}

// A Buffer over the same memory.
const over = ({ buffer, byteOffset, byteLength }) => new Buffer(buffer, byteOffset, byteLength);

function sizeOf(size) {
  if (typeof size !== "number") throw typeMismatch("size", "of type number", size);
  if (!(size >= 0 && size <= MAX_LENGTH)) throw outOfRange("size", `>= 0 && <= ${MAX_LENGTH}`, size);
  return size;
}

function bytesOfBuffer(value, name) {
  if (value instanceof Uint8Array) return value;
  throw typeMismatch(name, "an instance of Buffer or Uint8Array", value);
}

// As for `slice`: negative ones count from the end.
function clamp(given, otherwise, length) {
  if (given === undefined) return otherwise;
  given = Math.trunc(+given) || 0;
  return given < 0 ? Math.max(0, length + given) : Math.min(given, length);
}

export class Buffer extends Uint8Array {
  static poolSize = 8192;

  constructor(value, encodingOrOffset, length) {
    if (typeof value === "string") {
      const bytes = codecOf(encodingOrOffset).encode(value);
      super(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    } else super(value, encodingOrOffset, length);
  }

  static from(value, encodingOrOffset, length) {
    if (typeof value === "string") return new Buffer(value, encodingOrOffset);
    if (typeof value === "object" && value !== null) {
      if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
        return new Buffer(value, encodingOrOffset, length);
      }
      const primitive = value.valueOf?.();
      if (primitive !== value && (typeof primitive === "string" || typeof primitive === "object") && primitive !== null) {
        return Buffer.from(primitive, encodingOrOffset, length);
      }
      if (value.type === "Buffer" && Array.isArray(value.data)) return new Buffer(value.data);
      if (typeof value.length === "number" || typeof value[Symbol.iterator] === "function") return new Buffer(Array.from(value));
      const asPrimitive = value[Symbol.toPrimitive]?.("string");
      if (typeof asPrimitive === "string") return new Buffer(asPrimitive, encodingOrOffset);
    }
    throw typeMismatch("first argument", "of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object", value);
  }

  static of(...bytes) {
    return new Buffer(bytes);
  }

  static alloc(size, fill, encoding) {
    const buffer = new Buffer(sizeOf(size));
    return fill === undefined || fill === 0 || size === 0 ? buffer : buffer.fill(fill, encoding);
  }

  static allocUnsafe(size) {
    return new Buffer(sizeOf(size));
  }

  static allocUnsafeSlow(size) {
    return new Buffer(sizeOf(size));
  }

  static copyBytesFrom(view, offset = 0, length) {
    if (!ArrayBuffer.isView(view) || view instanceof DataView) throw typeMismatch("view", "an instance of TypedArray", view);
    const part = view.subarray(offset, length === undefined ? undefined : offset + length);
    return new Buffer(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  }

  static isBuffer(value) {
    return value instanceof Buffer;
  }

  static isEncoding(encoding) {
    return typeof encoding === "string" && encoding !== "" && CODECS[encoding.toLowerCase()] !== undefined;
  }

  static byteLength(value, encoding) {
    if (typeof value !== "string") {
      if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return value.byteLength;
      throw typeMismatch("string", "of type string or an instance of Buffer or ArrayBuffer", value);
    }
    // As Node: pairs of digits are only counted, and an encoding that it does
    // not know is UTF-8.
    if (encoding === "hex") return value.length >>> 1;
    return (CODECS[`${encoding}`.toLowerCase()] ?? utf8).encode(value).length;
  }

  static compare(a, b) {
    return compareBytes(bytesOfBuffer(a, "buf1"), bytesOfBuffer(b, "buf2"));
  }

  static concat(list, length) {
    if (!Array.isArray(list)) throw typeMismatch("list", "an instance of Array", list);
    list.forEach((item, idx) => bytesOfBuffer(item, `list[${idx}]`));
    length ??= list.reduce((sum, item) => sum + item.length, 0);
    const all = new Buffer(sizeOf(length));
    let at = 0;
    for (const item of list) {
      if (at >= length) break;
      all.set(item.length > length - at ? item.subarray(0, length - at) : item, at);
      at += item.length;
    }
    return all;
  }

  get parent() {
    return this.buffer;
  }

  get offset() {
    return this.byteOffset;
  }

  toString(encoding, start, end) {
    start = Math.max(0, Math.trunc(+start) || 0);
    end = end === undefined ? this.length : Math.min(Math.trunc(+end) || 0, this.length);
    const codec = codecOf(encoding);
    if (start >= end) return "";
    return codec.decode(new Uint8Array(this.buffer, this.byteOffset + start, end - start));
  }

  toLocaleString(encoding, start, end) {
    return this.toString(encoding, start, end);
  }

  toJSON() {
    return { type: "Buffer", data: Array.from(this) };
  }

  equals(other) {
    return compareBytes(this, bytesOfBuffer(other, "otherBuffer")) === 0;
  }

  compare(target, targetStart = 0, targetEnd = target?.length, start = 0, end = this.length) {
    bytesOfBuffer(target, "target");
    return compareBytes(this.subarray(start, end), target.subarray(targetStart, targetEnd));
  }

  subarray(start, end) {
    const from = clamp(start, 0, this.length);
    const to = clamp(end, this.length, this.length);
    return new Buffer(this.buffer, this.byteOffset + from, Math.max(0, to - from));
  }

  // Shares memory, unlike that of a Uint8Array.
  slice(start, end) {
    return this.subarray(start, end);
  }

  copy(target, targetStart = 0, start = 0, end = this.length) {
    bytesOfBuffer(target, "target");
    if (!(targetStart >= 0)) throw outOfRange("targetStart", ">= 0", targetStart);
    if (!(start >= 0 && start <= this.length)) throw outOfRange("sourceStart", `>= 0 && <= ${this.length}`, start);
    if (targetStart >= target.length || start >= end) return 0;
    const part = Uint8Array.prototype.subarray.call(this, start, Math.min(end, start + target.length - targetStart));
    target.set(part, targetStart);
    return part.length;
  }

  write(text, offset, length, encoding) {
    if (typeof text !== "string") throw typeMismatch("argument", "of type string", text);
    if (typeof offset === "string") [encoding, offset] = [offset, undefined];
    else if (typeof length === "string") [encoding, length] = [length, undefined];
    offset ??= 0;
    if (!(offset >= 0 && offset <= this.length)) throw outOfRange("offset", `>= 0 && <= ${this.length}`, offset);
    const room = Math.min(length ?? Infinity, this.length - offset);
    const codec = codecOf(encoding);
    let bytes = codec.encode(text);
    if (bytes.length > room) {
      bytes = bytes.subarray(0, room);
      // Characters are written whole or not at all.
      if (codec === utf8) {
        let end = room;
        while (end > 0 && (codec.encode(text)[end] & 0xc0) === 0x80) end--;
        bytes = bytes.subarray(0, end);
      } else if (codec === utf16) bytes = bytes.subarray(0, room & ~1);
    }
    this.set(bytes, offset);
    return bytes.length;
  }

  fill(value, offset, end, encoding) {
    if (typeof offset === "string") [encoding, offset, end] = [offset, undefined, undefined];
    else if (typeof end === "string") [encoding, end] = [end, undefined];
    offset ??= 0;
    end ??= this.length;
    if (!(offset >= 0 && offset <= this.length)) throw outOfRange("offset", `>= 0 && <= ${this.length}`, offset);
    if (!(end >= 0 && end <= this.length)) throw outOfRange("end", `>= 0 && <= ${this.length}`, end);
    if (typeof value === "number" || typeof value === "boolean") {
      Uint8Array.prototype.fill.call(this, value & 0xff, offset, end);
      return this;
    }
    const pattern = typeof value === "string" ? codecOf(encoding).encode(value) : bytesOfBuffer(value, "value");
    if (pattern.length === 0) {
      if (typeof value !== "string" || value !== "") {
        throw nodeError(TypeError, "ERR_INVALID_ARG_VALUE", `The argument 'value' is invalid. Received '${value}'`);
      }
      Uint8Array.prototype.fill.call(this, 0, offset, end);
      return this;
    }
    // Doubles what is filled already, so that few calls do it.
    const target = Uint8Array.prototype.subarray.call(this, offset, end);
    target.set(pattern.subarray(0, target.length));
    for (let done = pattern.length; done < target.length; done *= 2) {
      target.set(Uint8Array.prototype.subarray.call(target, 0, Math.min(done, target.length - done)), done);
    }
    return this;
  }

  indexOf(value, offset, encoding) {
    return find(this, value, offset, encoding, 1);
  }

  lastIndexOf(value, offset, encoding) {
    return find(this, value, offset, encoding, -1);
  }

  includes(value, offset, encoding) {
    return this.indexOf(value, offset, encoding) >= 0;
  }

  swap16() {
    return swap(this, 2);
  }

  swap32() {
    return swap(this, 4);
  }

  swap64() {
    return swap(this, 8);
  }

  readUIntLE(offset, length) {
    return readInteger(this, offset, length, true, false);
  }

  readUIntBE(offset, length) {
    return readInteger(this, offset, length, false, false);
  }

  readIntLE(offset, length) {
    return readInteger(this, offset, length, true, true);
  }

  readIntBE(offset, length) {
    return readInteger(this, offset, length, false, true);
  }

  writeUIntLE(value, offset, length) {
    return writeInteger(this, value, offset, length, true, false);
  }

  writeUIntBE(value, offset, length) {
    return writeInteger(this, value, offset, length, false, false);
  }

  writeIntLE(value, offset, length) {
    return writeInteger(this, value, offset, length, true, true);
  }

  writeIntBE(value, offset, length) {
    return writeInteger(this, value, offset, length, false, true);
  }

  [CUSTOM]() {
    const shown = Array.from(Uint8Array.prototype.subarray.call(this, 0, SHOWN_BYTES), (byte) => ` ${toHex(Uint8Array.of(byte))}`).join("");
    const more = this.length - SHOWN_BYTES;
    return `<Buffer ${shown.slice(1)}${more > 0 ? ` ... ${more} more byte${more > 1 ? "s" : ""}` : ""}>`;
  }
}

function compareBytes(a, b) {
  const length = Math.min(a.length, b.length);
  for (let idx = 0; idx < length; idx++) {
    if (a[idx] !== b[idx]) return a[idx] < b[idx] ? -1 : 1;
  }
  return a.length < b.length ? -1 : a.length > b.length ? 1 : 0;
}

function find(buffer, value, offset, encoding, step) {
  if (typeof offset === "string") [encoding, offset] = [offset, undefined];
  const plain = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  let from = Math.trunc(+(offset ?? (step > 0 ? 0 : plain.length)));
  if (Number.isNaN(from)) from = step > 0 ? 0 : plain.length;
  if (from < 0) from += plain.length;
  if (typeof value === "number") {
    if (from < 0 && step < 0) return -1;
    return step > 0 ? plain.indexOf(value & 0xff, from) : plain.lastIndexOf(value & 0xff, from);
  }
  const wanted = typeof value === "string" ? codecOf(encoding).encode(value) : value;
  if (!(wanted instanceof Uint8Array)) {
    throw typeMismatch("value", "one of type number or string or an instance of Buffer or Uint8Array", value);
  }
  if (wanted.length === 0) return Math.min(Math.max(from, 0), plain.length);
  if (step < 0) from = Math.min(from, plain.length - wanted.length);
  for (let at = Math.max(from, step > 0 ? 0 : from); ; at += step) {
    // The engine looks for the first byte.
    at = at < 0 ? -1 : step > 0 ? plain.indexOf(wanted[0], at) : plain.lastIndexOf(wanted[0], at);
    if (at < 0 || at + wanted.length > plain.length) return -1;
    let idx = 1;
    while (idx < wanted.length && plain[at + idx] === wanted[idx]) idx++;
    if (idx === wanted.length) return at;
  }
}

function swap(buffer, size) {
  if (buffer.length % size !== 0) {
    throw nodeError(RangeError, "ERR_INVALID_BUFFER_SIZE", `Buffer size must be a multiple of ${size * 8}-bits`);
  }
  for (let at = 0; at < buffer.length; at += size) Uint8Array.prototype.subarray.call(buffer, at, at + size).reverse();
  return buffer;
}

// Numbers, from here on.

function checkOffset(buffer, offset, size) {
  if (typeof offset !== "number") throw typeMismatch("offset", "of type number", offset);
  if (offset >= 0 && offset + size <= buffer.length && Number.isInteger(offset)) return;
  if (!Number.isInteger(offset)) throw outOfRange("offset", "an integer", offset);
  if (buffer.length < size) throw nodeError(RangeError, "ERR_BUFFER_OUT_OF_BOUNDS", "Attempt to access memory outside buffer bounds");
  throw outOfRange("offset", `>= 0 and <= ${buffer.length - size}`, offset);
}

function checkValue(value, isSigned, size) {
  const bits = size * 8;
  const min = isSigned ? -(2 ** (bits - 1)) : 0;
  const max = isSigned ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  if (!(value < min || value > max)) return;
  const range = size > 3 ? (isSigned ? `>= -(2 ** ${bits - 1}) and < 2 ** ${bits - 1}` : `>= 0 and < 2 ** ${bits}`) : `>= ${min} and <= ${max}`;
  throw outOfRange("value", size === 4 ? `>= ${min} and <= ${max}` : range, value);
}

function checkBigInt(value, isSigned) {
  if (typeof value !== "bigint") throw new TypeError("Cannot mix BigInt and other types, use explicit conversions");
  const min = isSigned ? -(2n ** 63n) : 0n;
  const max = isSigned ? 2n ** 63n - 1n : 2n ** 64n - 1n;
  if (value >= min && value <= max) return;
  throw outOfRange("value", isSigned ? ">= -(2n ** 63n) and < 2n ** 63n" : ">= 0n and < 2n ** 64n", value);
}

const viewOf = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);

const KINDS = [
  ["UInt8", "Uint8", 1, false], ["UInt16", "Uint16", 2, false], ["UInt32", "Uint32", 4, false],
  ["Int8", "Int8", 1, true], ["Int16", "Int16", 2, true], ["Int32", "Int32", 4, true],
  ["Float", "Float32", 4, null], ["Double", "Float64", 8, null],
  ["BigUInt64", "BigUint64", 8, false], ["BigInt64", "BigInt64", 8, true],
];
for (const [name, viewName, size, isSigned] of KINDS) {
  const isBig = name.startsWith("Big");
  const get = DataView.prototype[`get${viewName}`];
  const set = DataView.prototype[`set${viewName}`];
  for (const ending of size === 1 ? [""] : ["LE", "BE"]) {
    const methods = {
      [`read${name}${ending}`](offset = 0) {
        checkOffset(this, offset, size);
        return get.call(viewOf(this), offset, ending === "LE");
      },
      [`write${name}${ending}`](value, offset = 0) {
        if (isBig) checkBigInt(value, isSigned);
        else {
          value = +value;
          if (isSigned !== null) checkValue(value, isSigned, size);
        }
        checkOffset(this, offset, size);
        set.call(viewOf(this), offset, value, ending === "LE");
        return offset + size;
      },
    };
    for (const key of Object.keys(methods)) {
      defineHidden(Buffer.prototype, key, methods[key]);
      if (key.includes("UInt")) defineHidden(Buffer.prototype, key.replace("UInt", "Uint"), methods[key]);
    }
  }
}
for (const name of ["readUIntLE", "readUIntBE", "writeUIntLE", "writeUIntBE"]) {
  defineHidden(Buffer.prototype, name.replace("UInt", "Uint"), Buffer.prototype[name]);
}

function checkLength(length) {
  if (typeof length !== "number") throw typeMismatch("byteLength", "of type number", length);
  if (!(Number.isInteger(length) && length >= 1 && length <= 6)) throw outOfRange("byteLength", ">= 1 and <= 6", length);
}

function readInteger(buffer, offset, length, isLittle, isSigned) {
  checkLength(length);
  checkOffset(buffer, offset, length);
  let value = 0;
  for (let idx = 0; idx < length; idx++) value = value * 256 + buffer[offset + (isLittle ? length - 1 - idx : idx)];
  return isSigned && value >= 2 ** (length * 8 - 1) ? value - 2 ** (length * 8) : value;
}

function writeInteger(buffer, value, offset, length, isLittle, isSigned) {
  checkLength(length);
  value = +value;
  checkValue(value, isSigned, length);
  checkOffset(buffer, offset, length);
  if (value < 0) value += 2 ** (length * 8);
  for (let idx = 0; idx < length; idx++) {
    buffer[offset + (isLittle ? idx : length - 1 - idx)] = value % 256;
    value = Math.floor(value / 256);
  }
  return offset + length;
}

defineProperty(Buffer.prototype, "inspect", { value: Buffer.prototype[CUSTOM], writable: true, configurable: true });

// Node's is no class but a function: old code calls it without `new`.
function callable(...args) {
  if (new.target !== undefined) return construct(Buffer, args, new.target);
  return typeof args[0] === "number" ? Buffer.alloc(args[0]) : Buffer.from(...args);
}
const { prototype: _prototype, length: _length, name: _name, ...statics } = Object.getOwnPropertyDescriptors(Buffer);
Object.defineProperties(callable, statics);
Object.setPrototypeOf(callable, Uint8Array);
callable.prototype = Buffer.prototype;
defineHidden(Buffer.prototype, "constructor", callable);
defineGlobal("Buffer", callable);
