// CompressionStream and DecompressionStream on the host's codecs. What a bomb
// unpacks lies in the run's heap, which is where it ends.
import * as op from "./ops.js";
import { TransformStream } from "web-streams-polyfill";
import { defineClass } from "./primordials.js";
import { door } from "./door.js";
import { bytesOf } from "./encoding.js";

const FORMATS = ["deflate", "deflate-raw", "gzip"];
const PIECE_BYTES = 64 * 1024;

function transformer(name, format, unpack) {
  format = `${format}`;
  if (!FORMATS.includes(format)) throw new TypeError(`${name} knows the formats ${FORMATS.join(", ")}, not '${format}'`);
  let id;
  const pull = (controller, isEnd) => {
    for (;;) {
      const piece = door(op.FLATE_PULL, id, isEnd);
      if (piece === undefined) return;
      controller.enqueue(new Uint8Array(piece));
    }
  };
  const open = () => (id ??= door(op.FLATE_OPEN, format, unpack));
  return {
    transform(chunk, controller) {
      const bytes = bytesOf(chunk, name);
      open();
      for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
        door(op.FLATE_PUSH, id, bytes.subarray(from, from + PIECE_BYTES));
        pull(controller, false);
      }
    },
    flush(controller) {
      open();
      pull(controller, true);
    },
  };
}

export class CompressionStream {
  #transform;

  constructor(format) {
    this.#transform = new TransformStream(transformer("CompressionStream", format, false));
  }

  get readable() {
    return this.#transform.readable;
  }

  get writable() {
    return this.#transform.writable;
  }
}

export class DecompressionStream {
  #transform;

  constructor(format) {
    this.#transform = new TransformStream(transformer("DecompressionStream", format, true));
  }

  get readable() {
    return this.#transform.readable;
  }

  get writable() {
    return this.#transform.writable;
  }
}
defineClass("CompressionStream", CompressionStream);
defineClass("DecompressionStream", DecompressionStream);
