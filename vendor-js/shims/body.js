// The body of a response while it is still on the host. Most are read to their
// end by the SDK, in one go and without a stream; one that the snippet gets
// becomes a ReadableStream.
import { ask, call, door, op } from "./host.js";

const PIECE_BYTES = 256 * 1024;
// More than this is not reserved because a header says so.
const MAX_RESERVED = 256 * 1024 * 1024;

export class HostBody {
  #exchange;
  #length;
  #failure;
  #isOver = false;
  #onEnd;

  // `failureOf` says why the exchange was aborted, if it was; `onEnd` hears of
  // the end, once.
  constructor(exchange, { headers, buffered, ended }, failureOf, onEnd) {
    this.#exchange = exchange;
    const length = Number(headers["content-length"]);
    this.#length = length > 0 && length <= MAX_RESERVED ? length : undefined;
    this.#failure = failureOf;
    this.#onEnd = onEnd;
    if (ended && buffered === 0) this.#finish();
  }

  // The next bytes, or undefined at the end.
  async read() {
    if (this.#isOver) return undefined;
    try {
      let bytes = ask(op.HTTP_TAKE, this.#exchange, PIECE_BYTES);
      if (bytes === undefined) bytes = await call(op.HTTP_READ, this.#exchange, PIECE_BYTES);
      const failure = this.#failure();
      if (failure !== undefined) throw failure;
      if (typeof bytes === "object") return new Uint8Array(bytes);
      this.#finish();
      return undefined;
    } catch (error) {
      const failure = this.#failure() ?? error;
      this.#failure = () => failure;
      throw failure;
    }
  }

  async collect() {
    if (this.#isOver) return new Uint8Array(0);
    let bytes = await this.read();
    if (bytes === undefined) return new Uint8Array(0);
    const length = this.#length;
    if (bytes.length === length) {
      // The end has to be seen: it is what says that the checksum was right.
      if ((await this.read()) === undefined) return bytes;
      throw new Error("the response is longer than it said");
    }
    if (length !== undefined) {
      const all = new Uint8Array(length);
      let at = 0;
      for (; bytes !== undefined; bytes = await this.read()) {
        all.set(bytes, at);
        at += bytes.length;
      }
      return at === length ? all : all.slice(0, at);
    }
    const pieces = [];
    let total = 0;
    for (; bytes !== undefined; bytes = await this.read()) {
      pieces.push(bytes);
      total += bytes.length;
    }
    return joined(pieces, total);
  }

  cancel() {
    if (this.#isOver) return;
    this.#finish();
    door(op.HTTP_ABORT, this.#exchange);
  }

  async *[Symbol.asyncIterator]() {
    for (let bytes = await this.read(); bytes !== undefined; bytes = await this.read()) yield bytes;
  }

  #finish() {
    this.#isOver = true;
    this.#onEnd();
  }
}

// All bytes of any body that a response can have.
export async function streamCollector(body) {
  if (body instanceof HostBody) return body.collect();
  if (body instanceof Uint8Array) return body;
  if (typeof body?.arrayBuffer === "function") return new Uint8Array(await body.arrayBuffer());
  return collectStream(body);
}

export async function collectStream(stream) {
  const pieces = [];
  let total = 0;
  for await (const piece of stream) {
    pieces.push(piece);
    total += piece.length;
  }
  return joined(pieces, total);
}

function joined(pieces, total) {
  if (pieces.length === 1) return pieces[0];
  const all = new Uint8Array(total);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
