// What Request and Response have in common: a body that is read once. One that
// is all there is kept as bytes, and becomes a stream only if somebody asks.
import { Blob } from "fetch-blob";
import { ReadableStream } from "web-streams-polyfill";
import { bytesOf, decodeUtf8, encodeUtf8 } from "./encoding.js";
import { FormData, formFromBytes, formToBlob } from "./formdata.js";
import { URLSearchParams } from "./url.js";

const isSource = (value) => value instanceof ArrayBuffer || value instanceof SharedArrayBuffer || ArrayBuffer.isView(value);

// `{ bytes | blob | stream, type }` of anything that can be a body.
export function extract(init) {
  if (init instanceof ReadableStream) {
    if (init.locked) throw new TypeError("Response body object should not be disturbed or locked");
    return { stream: init, type: null };
  }
  if (isSource(init)) return { bytes: bytesOf(init, "a body").slice(), type: null };
  if (init instanceof Blob) return { blob: init, type: init.type === "" ? null : init.type };
  if (init instanceof FormData) {
    const blob = formToBlob(init);
    return { blob, type: blob.type };
  }
  if (init instanceof URLSearchParams) {
    return { bytes: encodeUtf8(init.toString()), type: "application/x-www-form-urlencoded;charset=UTF-8" };
  }
  if (typeof init === "object" && typeof init?.[Symbol.asyncIterator] === "function") {
    return { stream: ReadableStream.from(init), type: null };
  }
  return { bytes: encodeUtf8(`${init}`.toWellFormed()), type: "text/plain;charset=UTF-8" };
}

const streamOf = (bytes) =>
  new ReadableStream({
    type: "bytes",
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes.slice());
      controller.close();
    },
  });

export let bodyOf;
export let takeBody;
export let cloneBody;

export class Body {
  // null, or what `extract` gave.
  #source;
  #isUsed = false;

  static {
    // What to send or to keep, without reading it.
    bodyOf = (body) => body.#source;
    // The same, and it is used from now on.
    takeBody = (body) => {
      const source = body.#source;
      if (source !== null) body.#use();
      return source;
    };
    cloneBody = (body) => body.#clone();
  }

  constructor(source) {
    this.#source = source;
  }

  get body() {
    if (this.#source === null) return null;
    this.#source.stream ??= this.#source.blob?.stream() ?? streamOf(this.#source.bytes);
    return this.#source.stream;
  }

  get bodyUsed() {
    return this.#isUsed || this.#source?.stream?._disturbed === true;
  }

  #use() {
    if (this.bodyUsed || this.#source?.stream?.locked) throw new TypeError("Body is unusable: Body has already been read");
    this.#isUsed = true;
  }

  async #bytes() {
    if (this.#source === null) return new Uint8Array(0);
    this.#use();
    const { bytes, blob, stream } = this.#source;
    if (stream === undefined) return bytes ?? new Uint8Array(await blob.arrayBuffer());
    return await drain(stream);
  }

  async arrayBuffer() {
    const bytes = await this.#bytes();
    return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
  }

  async bytes() {
    return await this.#bytes();
  }

  async blob() {
    const bytes = await this.#bytes();
    return new Blob([bytes], { type: this.headers.get("content-type") ?? "" });
  }

  async text() {
    const bytes = await this.#bytes();
    return decodeUtf8(bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes);
  }

  async json() {
    return JSON.parse(await this.text());
  }

  async formData() {
    const type = this.headers.get("content-type") ?? "";
    const boundary = /^multipart\/form-data\b.*?boundary="?([^";]+)/i.exec(type)?.[1];
    if (boundary !== undefined) return formFromBytes(await this.#bytes(), boundary);
    if (!/^application\/x-www-form-urlencoded\b/i.test(type)) {
      throw new TypeError(`Content-Type was not one of "multipart/form-data" or "application/x-www-form-urlencoded"`);
    }
    const form = new FormData();
    for (const [name, value] of new URLSearchParams(await this.text())) form.append(name, value);
    return form;
  }

  // The source of a copy; a stream is split.
  #clone() {
    if (this.bodyUsed || this.#source?.stream?.locked) throw new TypeError("Response.clone: Body has already been consumed.");
    if (this.#source === null) return null;
    if (this.#source.stream === undefined) return { ...this.#source };
    const [ours, theirs] = this.#source.stream.tee();
    this.#source = { ...this.#source, stream: ours };
    return { ...this.#source, stream: theirs };
  }
}

async function drain(stream) {
  const reader = stream.getReader();
  const chunks = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (!(value instanceof Uint8Array)) throw new TypeError("Received non-Uint8Array chunk");
    chunks.push(value);
    length += value.length;
  }
  if (chunks.length === 1) return chunks[0];
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
