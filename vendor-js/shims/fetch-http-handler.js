// In place of @smithy/fetch-http-handler: requests leave through the door to the
// host, which signs them, computes checksums, decides where they may go and keeps
// connections warm between runs. Bodies stream both ways.
import { HttpResponse } from "@smithy/core/protocols";
import { NOT_YET, valueNow } from "./at-hand.js";
import { HostBody, streamCollector } from "./body.js";
import { ask, door, op, start } from "./host.js";
import { pathOf } from "./request-path.js";
import { CHECKSUM_BY_HOST, takeNote } from "./signing.js";

// What one op may copy: longer would hold the door.
const SLICE_BYTES = 256 * 1024;

export const keepAliveSupport = { supported: true };
export { streamCollector };

export class FetchHttpHandler {
  #options;

  static create(given) {
    return typeof given?.handle === "function" ? given : new FetchHttpHandler(given);
  }

  constructor(options) {
    this.#options = options;
  }

  destroy() {}

  async handle(request, { abortSignal, requestTimeout } = {}) {
    if (abortSignal?.aborted) throw abortError(abortSignal);
    if (typeof this.#options === "function") {
      const options = valueNow(this.#options);
      this.#options = options === NOT_YET ? await this.#options() : options;
    }
    const headers = { ...request.headers };
    const sign = takeNote(headers);
    const hasBody = request.method !== "GET" && request.method !== "HEAD";
    const checksum = hasBody ? headers[CHECKSUM_BY_HOST] : undefined;
    delete headers[CHECKSUM_BY_HOST];
    const body = hasBody ? await outgoing(request.body) : undefined;
    const isStream = typeof body?.getReader === "function";
    const timeout = requestTimeout ?? this.#options?.requestTimeout;
    const meta = {
      client: "s3",
      method: request.method,
      protocol: request.protocol,
      hostname: request.hostname,
      port: request.port,
      path: pathOf(request),
      headers,
      body: body === undefined ? "none" : isStream ? "stream" : "bytes",
      length: isStream ? lengthOf(request.body, headers) : undefined,
      sign,
      checksum,
      validation: headers["x-amz-checksum-mode"] === "ENABLED" ? "whenPresent" : "off",
      timeoutMs: timeout > 0 ? Math.ceil(timeout) : undefined,
      ...request.effect,
    };

    const { id, done } = isStream ? start(op.HTTP_START, JSON.stringify(meta)) : startWith(meta, body);
    let failure;
    const fail = (error) => {
      failure ??= error;
      door(op.HTTP_ABORT, id);
    };
    const onAbort = () => fail(abortError(abortSignal));
    listen(abortSignal, onAbort);
    if (isStream) send(id, body).catch(fail);
    let head;
    try {
      head = JSON.parse(await done);
    } catch (error) {
      unlisten(abortSignal, onAbort);
      throw failure ?? error;
    }
    return {
      response: new HttpResponse({
        statusCode: head.status,
        headers: head.headers,
        body: new HostBody(id, head, () => failure, () => unlisten(abortSignal, onAbort)),
      }),
    };
  }

  updateHttpClientConfig(name, value) {
    const options = this.#options;
    this.#options =
      typeof options === "function" ? async () => ({ ...(await options()), [name]: value }) : { ...options, [name]: value };
  }

  httpHandlerConfigs() {
    return typeof this.#options === "object" ? this.#options : {};
  }
}

// A body as the door takes it: undefined, text, bytes, or a stream.
async function outgoing(body) {
  if (body === undefined || body === null || body === "") return undefined;
  if (typeof body === "string") return body.length <= SLICE_BYTES ? body : new TextEncoder().encode(body);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (typeof body.getReader === "function") return body;
  if (typeof body.stream === "function" && typeof body.size === "number") {
    return body.size <= SLICE_BYTES ? new Uint8Array(await body.arrayBuffer()) : body.stream();
  }
  const iterate = body[Symbol.asyncIterator] ?? body[Symbol.iterator];
  if (typeof iterate === "function") {
    const iterator = iterate.call(body);
    return { getReader: () => ({ read: () => iterator.next(), cancel: () => iterator.return?.(), releaseLock() {} }) };
  }
  throw new TypeError("Body must be a string, a typed array, an ArrayBuffer, a Blob, a ReadableStream or an async iterable");
}

function lengthOf(body, headers) {
  const length = typeof body.size === "number" ? body.size : Number(headers["content-length"] ?? NaN);
  return Number.isInteger(length) ? length : undefined;
}

function startWith(meta, body) {
  const description = JSON.stringify(meta);
  if (body === undefined || body.length <= SLICE_BYTES) return start(op.HTTP_START, description, body);
  for (let at = 0; at < body.length; at += SLICE_BYTES) {
    ask(op.HTTP_HOLD, body.subarray(at, at + SLICE_BYTES), body.length);
  }
  return start(op.HTTP_START, description);
}

// Feeds the host as fast as it takes.
async function send(id, stream) {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const bytes = typeof value === "string" ? new TextEncoder().encode(value) : bytesOf(value);
      for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
        await start(op.HTTP_WRITE, id, bytes.subarray(at, at + SLICE_BYTES)).done;
      }
    }
    door(op.HTTP_END, id);
  } catch (error) {
    // Whoever feeds the stream hears that nobody reads any more.
    Promise.resolve(reader.cancel?.(error)).catch(() => {});
    throw error;
  }
}

function bytesOf(value) {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw new TypeError("a stream that is a Body must give strings, typed arrays or ArrayBuffers");
}

function listen(signal, listener) {
  if (!signal) return;
  if (typeof signal.addEventListener === "function") signal.addEventListener("abort", listener, { once: true });
  else signal.onabort = listener;
}

function unlisten(signal, listener) {
  signal?.removeEventListener?.("abort", listener);
}

// As the package's own.
function abortError(signal) {
  const { reason } = signal;
  const error = new Error(reason === undefined || reason instanceof Error ? "Request aborted" : String(reason));
  error.name = "AbortError";
  if (reason instanceof Error) error.cause = reason;
  return error;
}
