// In place of the hash functions in JavaScript that the S3 client is configured
// with: the host's.
import { fromBase64 } from "@smithy/core/serde";
import { op, work } from "./host.js";

const hashOf = (algorithm) =>
  class {
    #chunks = [];

    update(data) {
      this.#chunks.push(typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength));
    }

    async digest() {
      const blob = this.#chunks.length === 1 ? this.#chunks[0] : new Uint8Array(await new Blob(this.#chunks).arrayBuffer());
      return fromBase64(await work(op.CHECKSUM, algorithm, blob));
    }

    reset() {
      this.#chunks = [];
    }
  };

export const Md5 = hashOf("MD5");
export const Sha1 = hashOf("SHA1");
export const Sha256 = hashOf("SHA256");
