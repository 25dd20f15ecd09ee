// crypto.subtle. The host has the algorithms and keeps no key: a CryptoKey
// holds its own bytes, where only this file reaches them. What is taken in and
// given out as DER is read and written here.
import * as op from "./ops.js";
import { defineClass, defineHidden, defineProperty } from "./primordials.js";
import { door, work } from "./door.js";
import { DOMException } from "./domexception.js";
import { rethrow } from "./errors.js";
import { bytesOf, encodeUtf8 } from "./encoding.js";
import { Crypto } from "./random.js";
import { derInteger, derBits, derOctets, derSequence, readDer, withoutZeros } from "./der.js";

// Work on more bytes than this, or that is slow for its bytes, is done beside
// the run: less than a millisecond of it, also where the bytes are copied first.
const AT_ONCE_BYTES = 64 * 1024;
const AT_ONCE_ROUNDS = 1000;
const HASH_BYTES = { __proto__: null, "SHA-1": 20, "SHA-256": 32, "SHA-384": 48, "SHA-512": 64 };
const BLOCK_BYTES = { __proto__: null, "SHA-1": 64, "SHA-256": 64, "SHA-384": 128, "SHA-512": 128 };
const COORDINATE_BYTES = { __proto__: null, "P-256": 32, "P-384": 48 };
const CURVE_HASH = { __proto__: null, "P-256": "SHA-256", "P-384": "SHA-384" };

const fail = (name, message) => {
  throw new DOMException(message, name);
};
const unsupported = (what) => fail("NotSupportedError", `${what} is not available here`);

// The host copies what it gets before this returns for the first time.
async function perform(isSlow, ...args) {
  let size = 0;
  for (const arg of args) size += arg?.byteLength ?? 0;
  if (isSlow || size > AT_ONCE_BYTES) return await work(op.CRYPTO_CALL, ...args);
  try {
    return door(op.CRYPTO, ...args);
  } catch (error) {
    rethrow(error);
  }
}

// For what is kept: the caller may change its own later.
const copyOf = (source, what) => bytesOf(source, what).slice();

// Algorithms: `given` is a name or a dictionary.
function named(given, names, what) {
  const name = typeof given === "string" ? given : given?.name;
  if (name === undefined) throw new TypeError(`${what}: the algorithm needs a name`);
  for (const known of names) {
    if (known.toLowerCase() === `${name}`.toLowerCase()) {
      return typeof given === "string" ? { name: known } : { ...given, name: known };
    }
  }
  return fail("NotSupportedError", `Unrecognized algorithm name: ${what} takes ${names.join(", ")}, not ${name}`);
}
const hashOf = (given, what) => named(given ?? "(none)", Object.keys(HASH_BYTES), what).name;

const USAGES = ["encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey"];
const AES = ["encrypt", "decrypt", "wrapKey", "unwrapKey"];
const MAY = {
  __proto__: null,
  "AES-GCM": { secret: AES }, "AES-CBC": { secret: AES }, "AES-CTR": { secret: AES },
  HMAC: { secret: ["sign", "verify"] },
  PBKDF2: { secret: ["deriveKey", "deriveBits"] }, HKDF: { secret: ["deriveKey", "deriveBits"] },
  ECDSA: { public: ["verify"], private: ["sign"] },
  "RSASSA-PKCS1-v1_5": { public: ["verify"], private: ["sign"] }, "RSA-PSS": { public: ["verify"], private: ["sign"] },
};
const NAMES = Object.keys(MAY);
const isAes = (name) => name.startsWith("AES-");
const isRsa = (name) => name.startsWith("RSA");

let partsOf;
const TOKEN = {};

export class CryptoKey {
  #type;
  #extractable;
  #algorithm;
  #usages;
  // Bytes by their names in a JWK; `k` of a secret key.
  #parts;

  static {
    partsOf = (key) => key.#parts;
  }

  constructor(token, type, extractable, algorithm, usages, parts) {
    if (token !== TOKEN) throw new TypeError("Illegal constructor");
    this.#type = type;
    this.#extractable = extractable;
    this.#algorithm = algorithm;
    this.#usages = usages;
    this.#parts = parts;
  }

  get type() {
    return this.#type;
  }

  get extractable() {
    return this.#extractable;
  }

  get algorithm() {
    return this.#algorithm;
  }

  get usages() {
    return this.#usages;
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    const shown = { type: this.type, extractable: this.extractable, algorithm: this.algorithm, usages: this.usages };
    return `CryptoKey ${inspect(shown, options)}`;
  }
}

function makeKey(type, extractable, algorithm, usages, parts) {
  const wanted = [...usages].map(String);
  for (const usage of wanted) if (!USAGES.includes(usage)) throw new TypeError(`'${usage}' is no usage of a key`);
  const may = MAY[algorithm.name][type];
  for (const usage of wanted) {
    if (!may.includes(usage)) fail("SyntaxError", `Unsupported key usage for a ${algorithm.name} key: ${usage}`);
  }
  if (type !== "public" && wanted.length === 0) fail("SyntaxError", "Usages cannot be empty when creating a key.");
  return new CryptoKey(TOKEN, type, !!extractable, algorithm, USAGES.filter((usage) => wanted.includes(usage)), parts);
}

function keyFor(key, usage, name) {
  if (!(key instanceof CryptoKey)) throw new TypeError(`crypto.subtle.${usage} takes a CryptoKey`);
  if (key.algorithm.name !== name) fail("InvalidAccessError", `The key is for ${key.algorithm.name}, not for ${name}`);
  if (!key.usages.includes(usage)) fail("InvalidAccessError", `The key may not be used to ${usage}`);
  return partsOf(key);
}

// JWK and DER.

const fromBase64Url = (text, name) => {
  try {
    return Uint8Array.fromBase64(`${text}`, { alphabet: "base64url" });
  } catch {
    return fail("DataError", `Invalid JWK: '${name}' is not base64url`);
  }
};
const toBase64Url = (bytes) => bytes.toBase64({ alphabet: "base64url", omitPadding: true });

const EC_KEY = "1.2.840.10045.2.1";
const RSA_KEY = "1.2.840.113549.1.1.1";
const CURVES = { __proto__: null, "1.2.840.10045.3.1.7": "P-256", "1.3.132.0.34": "P-384" };
const RSA_PARTS = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];

function partsFromJwk(jwk, algorithm) {
  if (typeof jwk !== "object" || jwk === null) throw new TypeError("crypto.subtle.importKey takes an object as a jwk");
  const kty = isRsa(algorithm.name) ? "RSA" : algorithm.name === "ECDSA" ? "EC" : "oct";
  if (jwk.kty !== kty) fail("DataError", `Invalid JWK: 'kty' is '${jwk.kty}', ${algorithm.name} needs '${kty}'`);
  if (kty === "EC" && jwk.crv !== algorithm.namedCurve) fail("DataError", `Invalid JWK: 'crv' is '${jwk.crv}', not '${algorithm.namedCurve}'`);
  const names = { oct: ["k"], EC: ["x", "y"], RSA: ["n", "e"] }[kty];
  const parts = { __proto__: null };
  for (const name of names) {
    if (jwk[name] === undefined) fail("DataError", `Invalid JWK: '${name}' is missing`);
    parts[name] = fromBase64Url(jwk[name], name);
  }
  if (kty !== "oct" && jwk.d !== undefined) {
    for (const name of kty === "EC" ? ["d"] : RSA_PARTS.slice(2)) {
      if (jwk[name] === undefined) fail("DataError", `Invalid JWK: '${name}' is missing`);
      parts[name] = fromBase64Url(jwk[name], name);
    }
  }
  return parts;
}

function checkPoint(parts, curve) {
  const length = COORDINATE_BYTES[curve];
  for (const name of ["x", "y", "d"]) {
    if (parts[name] !== undefined && parts[name].length !== length) fail("DataError", `The key does not fit the curve ${curve}`);
  }
  return parts;
}

function pointParts(point, curve) {
  const length = COORDINATE_BYTES[curve];
  if (point[0] !== 4 || point.length !== 1 + 2 * length) fail("DataError", `An uncompressed point of ${curve} has ${1 + 2 * length} bytes and begins with 4`);
  return { __proto__: null, x: point.slice(1, 1 + length), y: point.slice(1 + length) };
}
const pointOf = ({ x, y }) => {
  const point = new Uint8Array(1 + x.length + y.length);
  point[0] = 4;
  point.set(x, 1);
  point.set(y, 1 + x.length);
  return point;
};

const der = (bytes) => {
  try {
    return readDer(bytes);
  } catch {
    return fail("DataError", "The key is not valid DER");
  }
};

function checkKind(identifier, algorithm) {
  const [kind, curve] = identifier.map((item) => item.oid);
  if (isRsa(algorithm.name)) {
    if (kind !== RSA_KEY) fail("DataError", "This is not an RSA key");
  } else if (kind !== EC_KEY || CURVES[curve] !== algorithm.namedCurve) {
    fail("DataError", `This is not a key on ${algorithm.namedCurve}`);
  }
}

function partsFromSpki(bytes, algorithm) {
  const [identifier, key] = der(bytes).items ?? [];
  if (identifier?.items === undefined || key?.bits === undefined) fail("DataError", "The key is not an SPKI structure");
  checkKind(identifier.items, algorithm);
  if (!isRsa(algorithm.name)) return pointParts(key.bits, algorithm.namedCurve);
  const [n, e] = der(key.bits).items ?? [];
  if (n?.integer === undefined || e?.integer === undefined) fail("DataError", "The key is not an RSA public key");
  return { __proto__: null, n: n.integer, e: e.integer };
}

function partsFromPkcs8(bytes, algorithm) {
  const [, identifier, key] = der(bytes).items ?? [];
  if (identifier?.items === undefined || key?.octets === undefined) fail("DataError", "The key is not a PKCS#8 structure");
  checkKind(identifier.items, algorithm);
  const items = der(key.octets).items ?? [];
  if (isRsa(algorithm.name)) {
    if (items.length < 9) fail("DataError", "The key is not an RSA private key");
    return Object.fromEntries(RSA_PARTS.map((name, idx) => [name, items[idx + 1].integer]));
  }
  const point = items.find((item) => item.tag === 0xa1);
  if (items[1]?.octets === undefined || point === undefined) fail("DataError", "An EC private key needs its public point here");
  return { ...pointParts(point.items[0].bits, algorithm.namedCurve), d: items[1].octets };
}

const oidOf = { [RSA_KEY]: [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01], [EC_KEY]: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01], "P-256": [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], "P-384": [0x2b, 0x81, 0x04, 0x00, 0x22] };
const derOid = (name) => Uint8Array.of(6, oidOf[name].length, ...oidOf[name]);
const identifierOf = (algorithm) =>
  isRsa(algorithm.name) ? derSequence(derOid(RSA_KEY), Uint8Array.of(5, 0)) : derSequence(derOid(EC_KEY), derOid(algorithm.namedCurve));

function spkiOf(parts, algorithm) {
  const key = isRsa(algorithm.name) ? derSequence(derInteger(parts.n), derInteger(parts.e)) : pointOf(parts);
  return derSequence(identifierOf(algorithm), derBits(key));
}

function pkcs8Of(parts, algorithm) {
  const zero = derInteger(Uint8Array.of(0));
  const key = isRsa(algorithm.name)
    ? derSequence(zero, ...RSA_PARTS.map((name) => derInteger(parts[name])))
    : derSequence(derInteger(Uint8Array.of(1)), derOctets(parts.d), derSequence(derBits(pointOf(parts))).with(0, 0xa1));
  return derSequence(zero, identifierOf(algorithm), derOctets(key));
}

// What a key remembers of its algorithm.
function keyAlgorithm(given, what) {
  const algorithm = named(given, NAMES, what);
  const { name } = algorithm;
  if (name === "HMAC" || isRsa(name)) return { name, hash: { name: hashOf(algorithm.hash, what) }, length: algorithm.length };
  if (name === "ECDSA") {
    const { namedCurve } = algorithm;
    if (COORDINATE_BYTES[namedCurve] === undefined) unsupported(`The curve ${namedCurve}`);
    return { name, namedCurve };
  }
  return isAes(name) ? { name, length: algorithm.length } : { name };
}

function secretAlgorithm({ name, hash }, bytes) {
  if (isAes(name) && ![16, 24, 32].includes(bytes.length)) fail("DataError", `Invalid key length: AES takes 128, 192 or 256 bits, not ${bytes.length * 8}`);
  if (name === "HMAC" && bytes.length === 0) fail("DataError", "Zero-length key is not supported");
  if (isAes(name)) return { name, length: bytes.length * 8 };
  return name === "HMAC" ? { name, hash, length: bytes.length * 8 } : { name };
}

function lengthOfKey({ name, hash, length }) {
  if (name === "HMAC") return length ?? BLOCK_BYTES[hash.name] * 8;
  if (![128, 192, 256].includes(length)) fail("OperationError", `Invalid key length: AES takes 128, 192 or 256 bits, not ${length}`);
  return length;
}

const bitsOf = (length, what) => {
  if (typeof length !== "number" || length % 8 !== 0) fail("OperationError", `${what} gives whole bytes: length must be a multiple of 8`);
  return length / 8;
};

async function derive(algorithm, key, bytes, usage) {
  const { name } = algorithm;
  const { k } = keyFor(key, usage, name);
  const salt = copyOf(algorithm.salt, `${name}: salt`);
  const hash = hashOf(algorithm.hash, name);
  if (name === "HKDF") {
    const info = copyOf(algorithm.info, "HKDF: info");
    return await perform(info.length > 1024, "hkdf", hash, k, salt, info, bytes);
  }
  const rounds = Math.trunc(+algorithm.iterations);
  if (!(rounds >= 1 && rounds < 2 ** 32)) fail("OperationError", `iterations must be from 1 to ${2 ** 32 - 1}, not ${algorithm.iterations}`);
  return await perform((rounds + salt.length / 64) * Math.ceil(bytes / HASH_BYTES[hash]) > AT_ONCE_ROUNDS, "pbkdf2", hash, k, salt, rounds, bytes);
}

// `encrypt` and `decrypt`.
async function cipher(direction, given, key, data) {
  const algorithm = named(given, ["AES-GCM", "AES-CBC", "AES-CTR"], `crypto.subtle.${direction}`);
  const { name } = algorithm;
  const { k } = keyFor(key, direction, name);
  data = bytesOf(data, `crypto.subtle.${direction}`);
  if (name === "AES-CTR") {
    const counter = copyOf(algorithm.counter, "AES-CTR: counter");
    if (counter.length !== 16) fail("OperationError", "AES-CTR: counter must be 16 bytes");
    if (!(algorithm.length >= 1 && algorithm.length <= 128)) fail("OperationError", "AES-CTR: length must be from 1 to 128 bits");
    if (![32, 64, 128].includes(algorithm.length)) unsupported(`AES-CTR with a counter of ${algorithm.length} bits (32, 64 and 128 are)`);
    return await perform(false, "ctr", algorithm.length, k, counter, data);
  }
  const iv = copyOf(algorithm.iv, `${name}: iv`);
  if (name === "AES-CBC") {
    if (iv.length !== 16) fail("OperationError", "AES-CBC: iv must be 16 bytes");
    return await perform(false, "cbc", direction, k, iv, data);
  }
  if (![undefined, 128].includes(algorithm.tagLength)) unsupported(`AES-GCM with a tag of ${algorithm.tagLength} bits (128 is)`);
  if (iv.length !== 12 && iv.length !== 16) unsupported(`AES-GCM with an iv of ${iv.length} bytes (12 and 16 are)`);
  const extra = algorithm.additionalData === undefined ? new Uint8Array(0) : copyOf(algorithm.additionalData, "AES-GCM: additionalData");
  return await perform(false, "gcm", direction, k, iv, extra, data);
}

const SIGNING = ["HMAC", "ECDSA", "RSASSA-PKCS1-v1_5", "RSA-PSS"];

function checkSigning(algorithm, key) {
  if (algorithm.name === "ECDSA") {
    const curve = key.algorithm.namedCurve;
    const hash = hashOf(algorithm.hash, "ECDSA");
    if (hash !== CURVE_HASH[curve]) unsupported(`ECDSA on ${curve} with ${hash} (${CURVE_HASH[curve]} is)`);
  }
  if (algorithm.name === "RSA-PSS" && algorithm.saltLength !== HASH_BYTES[key.algorithm.hash.name]) {
    unsupported(`RSA-PSS with a salt of ${algorithm.saltLength} bytes (as many as the hash has, ${HASH_BYTES[key.algorithm.hash.name]}, are)`);
  }
}

function signing(given, what) {
  const algorithm = named(given, SIGNING, what);
  if (algorithm.name === "RSA-PSS" && algorithm.saltLength === undefined) throw new TypeError(`${what}: RSA-PSS needs a saltLength`);
  return algorithm;
}

const FORMATS = ["jwk", "pkcs8", "raw", "spki"];

function checkFormat(format, method) {
  if (!FORMATS.includes(format)) throw new TypeError(`crypto.subtle.${method}: '${format}' is no format of keys (${FORMATS.join(", ")} are)`);
}

export class SubtleCrypto {
  constructor(token) {
    if (token !== TOKEN) throw new TypeError("Illegal constructor");
  }

  async digest(algorithm, data) {
    const hash = hashOf(algorithm, "crypto.subtle.digest");
    return await perform(false, "digest", hash, bytesOf(data, "crypto.subtle.digest"));
  }

  async importKey(format, data, given, extractable, usages) {
    checkFormat(format, "importKey");
    const algorithm = keyAlgorithm(given, "crypto.subtle.importKey");
    const { name } = algorithm;
    const isPair = name === "ECDSA" || isRsa(name);
    let parts;
    if (format === "jwk") parts = partsFromJwk(data, algorithm);
    else if (format === "raw" && !isPair) parts = { __proto__: null, k: copyOf(data, "crypto.subtle.importKey") };
    else if (format === "raw" && name === "ECDSA") parts = pointParts(copyOf(data, "crypto.subtle.importKey"), algorithm.namedCurve);
    else if (format === "spki" && isPair) parts = partsFromSpki(copyOf(data, "crypto.subtle.importKey"), algorithm);
    else if (format === "pkcs8" && isPair) parts = partsFromPkcs8(copyOf(data, "crypto.subtle.importKey"), algorithm);
    else unsupported(`importing a ${name} key as '${format}'`);
    if (!isPair) {
      if ((name === "PBKDF2" || name === "HKDF") && extractable) fail("SyntaxError", `A ${name} key is not extractable`);
      return makeKey("secret", extractable, secretAlgorithm(algorithm, parts.k), usages, parts);
    }
    if (isRsa(name)) {
      for (const part of Object.keys(parts)) parts[part] = withoutZeros(parts[part]);
      const described = { name, modulusLength: parts.n.length * 8, publicExponent: parts.e.slice(), hash: algorithm.hash };
      return makeKey(parts.d === undefined ? "public" : "private", extractable, described, usages, parts);
    }
    return makeKey(parts.d === undefined ? "public" : "private", extractable, algorithm, usages, checkPoint(parts, algorithm.namedCurve));
  }

  async exportKey(format, key) {
    checkFormat(format, "exportKey");
    if (!(key instanceof CryptoKey)) throw new TypeError("crypto.subtle.exportKey takes a CryptoKey");
    if (!key.extractable) fail("InvalidAccessError", "key is not extractable");
    const parts = partsOf(key);
    const { algorithm, type } = key;
    if (format === "raw" && type === "secret") return parts.k.slice().buffer;
    if (format === "raw" && type === "public" && algorithm.name === "ECDSA") return pointOf(parts).buffer;
    if (format === "spki" && type === "public") return spkiOf(parts, algorithm).buffer;
    if (format === "pkcs8" && type === "private") return pkcs8Of(parts, algorithm).buffer;
    if (format !== "jwk") return unsupported(`exporting a ${type} ${algorithm.name} key as '${format}'`);
    const jwk = { key_ops: [...key.usages], ext: true, kty: type === "secret" ? "oct" : isRsa(algorithm.name) ? "RSA" : "EC" };
    for (const name of Object.keys(parts)) jwk[name] = toBase64Url(parts[name]);
    if (jwk.kty === "EC") jwk.crv = algorithm.namedCurve;
    else jwk.alg = jwkAlgorithm(algorithm);
    return jwk;
  }

  async generateKey(given, extractable, usages) {
    const algorithm = keyAlgorithm(given, "crypto.subtle.generateKey");
    const { name } = algorithm;
    if (isAes(name) || name === "HMAC") {
      const bytes = bitsOf(lengthOfKey(algorithm), name);
      if (!(bytes >= 1 && bytes <= 65536)) fail("OperationError", "Invalid key length");
      const k = new Uint8Array(door(op.RANDOM_BYTES, bytes));
      return makeKey("secret", extractable, secretAlgorithm(algorithm, k), usages, { __proto__: null, k });
    }
    if (name !== "ECDSA") unsupported(`generating a ${name} key`);
    const parts = partsFromPkcs8(new Uint8Array(await perform(false, "ec-generate", algorithm.namedCurve)), algorithm);
    const { x, y } = parts;
    const privateKey = makeKey("private", extractable, algorithm, [...usages].filter((usage) => usage !== "verify"), parts);
    const publicKey = makeKey("public", true, algorithm, [...usages].filter((usage) => usage !== "sign"), { __proto__: null, x, y });
    return { publicKey, privateKey };
  }

  async sign(given, key, data) {
    const algorithm = signing(given, "crypto.subtle.sign");
    const { name } = algorithm;
    const parts = keyFor(key, "sign", name);
    data = bytesOf(data, "crypto.subtle.sign");
    if (name === "HMAC") return await perform(false, "hmac", key.algorithm.hash.name, parts.k, data);
    checkSigning(algorithm, key);
    if (name === "ECDSA") return await perform(false, "ec-sign", key.algorithm.namedCurve, parts.d, pointOf(parts), data);
    return await perform(true, "rsa-sign", name, key.algorithm.hash.name, data, ...RSA_PARTS.map((part) => parts[part]));
  }

  async verify(given, key, signature, data) {
    const algorithm = signing(given, "crypto.subtle.verify");
    const { name } = algorithm;
    const parts = keyFor(key, "verify", name);
    signature = copyOf(signature, "crypto.subtle.verify");
    data = bytesOf(data, "crypto.subtle.verify");
    if (name === "HMAC") {
      const expected = new Uint8Array(await perform(false, "hmac", key.algorithm.hash.name, parts.k, data));
      let difference = expected.length ^ signature.length;
      for (let idx = 0; idx < expected.length; idx++) difference |= expected[idx] ^ signature[idx];
      return difference === 0;
    }
    checkSigning(algorithm, key);
    if (name === "ECDSA") return await perform(false, "ec-verify", key.algorithm.namedCurve, pointOf(parts), signature, data);
    return await perform(false, "rsa-verify", name, key.algorithm.hash.name, data, parts.n, parts.e, signature);
  }

  async encrypt(algorithm, key, data) {
    return await cipher("encrypt", algorithm, key, data);
  }

  async decrypt(algorithm, key, data) {
    return await cipher("decrypt", algorithm, key, data);
  }

  async deriveBits(given, key, length) {
    const algorithm = named(given, ["PBKDF2", "HKDF"], "crypto.subtle.deriveBits");
    return await derive(algorithm, key, bitsOf(length, "crypto.subtle.deriveBits"), "deriveBits");
  }

  async deriveKey(given, key, wanted, extractable, usages) {
    const algorithm = named(given, ["PBKDF2", "HKDF"], "crypto.subtle.deriveKey");
    const target = keyAlgorithm(wanted, "crypto.subtle.deriveKey");
    if (!isAes(target.name) && target.name !== "HMAC") unsupported(`deriving a ${target.name} key`);
    const bits = await derive(algorithm, key, bitsOf(lengthOfKey(target), "crypto.subtle.deriveKey"), "deriveKey");
    return await this.importKey("raw", bits, wanted, extractable, usages);
  }

  async wrapKey() {
    unsupported("crypto.subtle.wrapKey");
  }

  async unwrapKey() {
    unsupported("crypto.subtle.unwrapKey");
  }
}

function jwkAlgorithm({ name, hash, length }) {
  const bits = hash?.name.slice(4);
  if (name === "HMAC") return `HS${bits}`;
  if (name === "RSA-PSS") return `PS${bits}`;
  return isRsa(name) ? `RS${bits}` : `A${length}${name.slice(4)}`;
}

const subtle = new SubtleCrypto(TOKEN);
defineProperty(Crypto.prototype, "subtle", { __proto__: null, get: () => subtle, configurable: true, enumerable: true });
defineClass("SubtleCrypto", SubtleCrypto);
defineClass("CryptoKey", CryptoKey);
