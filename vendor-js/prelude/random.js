// Randomness. An engine's own generator would be sealed into the image and give
// every run the same numbers, so `Math.random` is seeded by the host, once per
// run, on first use.
import * as op from "./ops.js";
import { NumberToString, StringSlice, defineClass, defineGlobal, defineHidden, getPrototypeOf, getter } from "./primordials.js";
import { door } from "./door.js";
import { DOMException } from "./domexception.js";

// State of sfc32 (Chris Doty-Humphrey, PractRand; public domain).
let a = 0;
let b = 0;
let c = 0;
let counter = 0;
let isSeeded = false;

function next() {
  const sum = (((a + b) | 0) + counter) | 0;
  counter = (counter + 1) | 0;
  a = b ^ (b >>> 9);
  b = (c + (c << 3)) | 0;
  c = (((c << 21) | (c >>> 11)) + sum) | 0;
  return sum >>> 0;
}

defineHidden(Math, "random", function random() {
  if (!isSeeded) {
    const seed = new Int32Array(door(op.RANDOM_BYTES, 12));
    a = seed[0];
    b = seed[1];
    c = seed[2];
    counter = 1;
    isSeeded = true;
    for (let round = 0; round < 12; round++) next();
  }
  return (next() * 0x200000 + (next() >>> 11)) / 0x20000000000000;
});

const typedArrayTag = getter(getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag);
const INTEGER_ARRAYS = {
  __proto__: null, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
  BigInt64Array, BigUint64Array,
};
const hex = [];
for (let byte = 0; byte < 256; byte++) hex[byte] = StringSlice(NumberToString(byte + 256, 16), 1);

export class Crypto {
  getRandomValues(array) {
    const tag = typeof array === "object" && array !== null ? typedArrayTag(array) : undefined;
    if (INTEGER_ARRAYS[tag] === undefined) {
      throw new DOMException("crypto.getRandomValues takes an integer typed array", "TypeMismatchError");
    }
    if (array.byteLength > 65536) {
      throw new DOMException(`crypto.getRandomValues gives at most 65536 bytes at a time, not ${array.byteLength}`, "QuotaExceededError");
    }
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    bytes.set(new Uint8Array(door(op.RANDOM_BYTES, bytes.length)));
    return array;
  }

  randomUUID() {
    const bytes = new Uint8Array(door(op.RANDOM_BYTES, 16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = "";
    for (let idx = 0; idx < 16; idx++) {
      if (idx === 4 || idx === 6 || idx === 8 || idx === 10) text += "-";
      text += hex[bytes[idx]];
    }
    return text;
  }
}
defineClass("Crypto", Crypto);
defineGlobal("crypto", new Crypto());
