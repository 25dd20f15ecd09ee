// Request, Response and fetch, on the host's transport. There is no package to
// take: undici is written for Node's sockets, whatwg-fetch for XMLHttpRequest.
//
// What may be reached is the host's to decide; here redirects are followed, and
// `data:` and `blob:` URLs answered.
import { Blob } from "fetch-blob";
import { ReadableStream } from "web-streams-polyfill";
import * as op from "./ops.js";
import { defineClass, defineGlobal } from "./primordials.js";
import { call, door, start } from "./door.js";
import { DOMException } from "./domexception.js";
import { Body, bodyOf, cloneBody, extract, takeBody } from "./body.js";
import { Headers, freezeHeaders } from "./headers.js";
import { URL, blobOfUrl } from "./url.js";

const NO_BODY = [101, 103, 204, 205, 304];
const REDIRECTS = [301, 302, 303, 307, 308];
const MAX_REDIRECTS = 20;
const PIECE_BYTES = 256 * 1024;
const FORBIDDEN_METHODS = ["CONNECT", "TRACE", "TRACK"];
const UPPERCASED = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const CUSTOM = Symbol.for("nodejs.util.inspect.custom");

function methodOf(given) {
  const method = `${given}`;
  const upper = method.toUpperCase();
  if (!METHOD.test(method) || FORBIDDEN_METHODS.includes(upper)) throw new TypeError(`'${method}' is not a valid HTTP method.`);
  return UPPERCASED.includes(upper) ? upper : method;
}

function urlOf(given) {
  let url;
  try {
    url = new URL(`${given}`);
  } catch (error) {
    throw new TypeError(`Failed to parse URL from ${given}`, { cause: error });
  }
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${given}`);
  }
  return url.href;
}

const oneOf = (name, value, allowed) => {
  if (!allowed.includes(value)) throw new TypeError(`Request: ${name} is one of ${allowed.join(", ")}, not '${value}'`);
  return value;
};

export class Request extends Body {
  #url;
  #method;
  #headers;
  #signal;
  #redirect;
  #rest;

  constructor(input, init = {}) {
    if (arguments.length === 0) throw new TypeError("Request constructor: 1 argument required, but only 0 present.");
    if (typeof init !== "object" && typeof init !== "function") throw new TypeError("Request constructor: init is an object");
    init ??= {};
    const base = input instanceof Request ? input : null;
    const url = base === null ? urlOf(input) : base.url;
    const method = init.method === undefined ? (base?.method ?? "GET") : methodOf(init.method);
    const headers = new Headers(init.headers ?? base?.headers);
    const hasBody = init.body !== undefined && init.body !== null;
    if ((hasBody || (base !== null && bodyOf(base) !== null)) && (method === "GET" || method === "HEAD")) {
      throw new TypeError("Request with GET/HEAD method cannot have body.");
    }
    if (hasBody && init.body instanceof ReadableStream && init.duplex !== "half") {
      throw new TypeError("RequestInit: duplex option is required when sending a body.");
    }
    const source = hasBody ? extract(init.body) : base === null ? null : takeBody(base);
    super(source);
    if (hasBody && source.type !== null && !headers.has("content-type")) headers.set("content-type", source.type);
    if (init.signal !== undefined && init.signal !== null && !(init.signal instanceof AbortSignal)) {
      throw new TypeError("Request constructor: Expected signal to be an instance of AbortSignal");
    }
    this.#url = url;
    this.#method = method;
    this.#headers = headers;
    this.#signal = (init.signal === undefined ? base?.signal : init.signal) ?? new AbortController().signal;
    this.#redirect = oneOf("redirect", init.redirect ?? base?.redirect ?? "follow", ["follow", "error", "manual"]);
    const given = (name, otherwise) => init[name] ?? base?.[name] ?? otherwise;
    this.#rest = {
      cache: given("cache", "default"),
      credentials: given("credentials", "same-origin"),
      integrity: given("integrity", ""),
      keepalive: !!given("keepalive", false),
      mode: given("mode", "cors"),
      referrer: given("referrer", "about:client"),
      referrerPolicy: given("referrerPolicy", ""),
    };
  }

  get url() {
    return this.#url;
  }

  get method() {
    return this.#method;
  }

  get headers() {
    return this.#headers;
  }

  get signal() {
    return this.#signal;
  }

  get redirect() {
    return this.#redirect;
  }

  get destination() {
    return "";
  }

  get duplex() {
    return "half";
  }

  get cache() {
    return this.#rest.cache;
  }

  get credentials() {
    return this.#rest.credentials;
  }

  get integrity() {
    return this.#rest.integrity;
  }

  get keepalive() {
    return this.#rest.keepalive;
  }

  get mode() {
    return this.#rest.mode;
  }

  get referrer() {
    return this.#rest.referrer;
  }

  get referrerPolicy() {
    return this.#rest.referrerPolicy;
  }

  clone() {
    const source = cloneBody(this);
    const copy = new Request(this.#url, {
      method: this.#method, headers: this.#headers, signal: this.#signal, redirect: this.#redirect, ...this.#rest,
    });
    return source === null ? copy : withSource(copy, source);
  }

  [CUSTOM](depth, options, inspect) {
    const shown = {};
    for (const name of ["method", "url", "headers", "destination", "redirect", "bodyUsed", "duplex"]) shown[name] = this[name];
    return `Request ${inspect(shown, options)}`;
  }
}

// A copy with a body that has been taken apart already.
function withSource(request, source) {
  const { method, url, headers, signal, redirect } = request;
  const stream = new Response(source.bytes ?? source.blob ?? source.stream).body;
  return new Request(url, { method, headers, signal, redirect, body: source.stream === undefined ? (source.bytes ?? source.blob) : stream, duplex: "half" });
}

const TOKEN = {};

export class Response extends Body {
  #status = 200;
  #statusText = "";
  #headers;
  #type = "default";
  #url = "";
  #redirected = false;

  constructor(body = null, init = {}, token, source) {
    if (token === TOKEN) {
      super(source);
      this.#status = init.status;
      this.#statusText = init.statusText;
      this.#headers = init.headers;
      this.#type = init.type;
      this.#url = init.url;
      this.#redirected = init.redirected;
      return;
    }
    init ??= {};
    const status = init.status === undefined ? 200 : Math.trunc(+init.status) || 0;
    if (status < 200 || status > 599) {
      throw new RangeError(`Failed to construct 'Response': The status provided (${status}) is outside the range [200, 599].`);
    }
    const statusText = init.statusText === undefined ? "" : `${init.statusText}`;
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(statusText)) throw new TypeError("Invalid statusText");
    const headers = new Headers(init.headers);
    if (body !== null && NO_BODY.includes(status)) throw new TypeError(`Response constructor: Invalid response status code ${status}`);
    const extracted = body === null ? null : extract(body);
    super(extracted);
    if (extracted !== null && extracted.type !== null && !headers.has("content-type")) headers.set("content-type", extracted.type);
    this.#status = status;
    this.#statusText = statusText;
    this.#headers = headers;
  }

  static error() {
    return new Response(null, { status: 0, statusText: "", headers: freezeHeaders(new Headers()), type: "error", url: "", redirected: false }, TOKEN, null);
  }

  static json(data, init = {}) {
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError("Value is not JSON serializable");
    const response = new Response(text, init);
    if (!new Headers(init?.headers).has("content-type")) response.headers.set("content-type", "application/json");
    return response;
  }

  static redirect(url, status = 302) {
    let parsed;
    try {
      parsed = new URL(`${url}`);
    } catch (error) {
      throw new TypeError(`Failed to parse URL from ${url}`, { cause: error });
    }
    if (!REDIRECTS.includes(status)) throw new RangeError(`Invalid status code ${status}`);
    const headers = freezeHeaders(new Headers({ location: parsed.href }));
    return new Response(null, { status, statusText: "", headers, type: "default", url: "", redirected: false }, TOKEN, null);
  }

  get status() {
    return this.#status;
  }

  get statusText() {
    return this.#statusText;
  }

  get ok() {
    return this.#status >= 200 && this.#status <= 299;
  }

  get headers() {
    return this.#headers;
  }

  get type() {
    return this.#type;
  }

  get url() {
    return this.#url;
  }

  get redirected() {
    return this.#redirected;
  }

  clone() {
    const source = cloneBody(this);
    const init = {
      status: this.#status, statusText: this.#statusText, headers: new Headers(this.#headers), type: this.#type,
      url: this.#url, redirected: this.#redirected,
    };
    return new Response(null, init, TOKEN, source);
  }

  [CUSTOM](depth, options, inspect) {
    const shown = {};
    for (const name of ["status", "statusText", "headers", "body", "bodyUsed", "ok", "redirected", "type", "url"]) shown[name] = this[name];
    return `Response ${inspect(shown, options)}`;
  }
}

for (const type of [Request, Response]) {
  for (const name of Object.getOwnPropertyNames(type.prototype)) {
    if (name !== "constructor") Object.defineProperty(type.prototype, name, { enumerable: true });
  }
}
defineClass("Request", Request);
defineClass("Response", Response);

defineGlobal("fetch", async function fetch(input, init) {
  if (arguments.length === 0) throw new TypeError("fetch requires at least 1 argument, but only 0 present");
  const request = new Request(input, init);
  request.signal.throwIfAborted();
  let { url, method } = request;
  let headers = new Headers(request.headers);
  let source = takeBody(request);
  for (let n_redirects = 0; ; n_redirects++) {
    const target = new URL(url);
    const response = await answer(target, method, headers, source, request.signal, n_redirects > 0);
    const location = REDIRECTS.includes(response.status) ? response.headers.get("location") : null;
    if (location === null || request.redirect === "manual") return response;
    if (request.redirect === "error") throw failed(new Error("unexpected redirect"));
    if (n_redirects === MAX_REDIRECTS) throw failed(new Error("redirect count exceeded"));
    await response.body?.cancel();
    const next = new URL(location, url);
    if (next.protocol !== "http:" && next.protocol !== "https:") throw failed(new Error("URL scheme must be a HTTP(S) scheme"));
    const { status } = response;
    if (status !== 303 && source?.stream !== undefined) throw failed(new Error("a body that is a stream cannot be sent again after a redirect"));
    if ((status === 303 && method !== "GET" && method !== "HEAD") || (status <= 302 && method === "POST")) {
      method = "GET";
      source = null;
      for (const name of ["content-encoding", "content-language", "content-location", "content-type", "content-length"]) headers.delete(name);
    }
    if (next.origin !== target.origin) for (const name of ["authorization", "cookie", "host"]) headers.delete(name);
    if (next.hash === "") next.hash = target.hash;
    url = next.href;
  }
});

// As Node has it, except that the reason is in the message as well.
const failed = (cause) => new TypeError(`fetch failed: ${cause.message}`, { cause });

async function answer(url, method, headers, source, signal, redirected) {
  switch (url.protocol) {
    case "data:":
      return local(...dataOf(url), url);
    case "blob:": {
      const blob = blobOfUrl(url.href);
      if (blob === undefined || method !== "GET") throw failed(new Error(`there is no blob at ${url.href}`));
      return local(blob, blob.type, url);
    }
    case "http:":
    case "https:":
      return await overNetwork(url, method, headers, source, signal, redirected);
  }
  throw failed(new Error(url.protocol === "about:" ? "unknown scheme" : `fetch knows http:, https:, data: and blob: URLs, not ${url.protocol}`));
}

function local(blob, type, url) {
  const headers = new Headers({ "content-type": type, "content-length": `${blob.size}` });
  if (url.protocol === "data:") headers.delete("content-length");
  return new Response(null, { status: 200, statusText: "OK", headers: freezeHeaders(headers), type: "basic", url: url.href, redirected: false }, TOKEN, { blob });
}

function dataOf(url) {
  const [, type, isBase64, data] = /^data:([^,]*?)(; *base64)?,([^#]*)/is.exec(url.href) ?? [];
  if (data === undefined) throw failed(new Error("the data: URL has no comma"));
  let bytes = percentDecoded(data);
  if (isBase64 !== undefined) {
    try {
      bytes = Uint8Array.from(atob(String.fromCharCode(...bytes)), (char) => char.charCodeAt(0));
    } catch {
      throw failed(new Error("the data: URL is not base64"));
    }
  }
  const trimmed = type.trim();
  const full = trimmed === "" ? "text/plain;charset=US-ASCII" : trimmed.startsWith(";") ? `text/plain${trimmed}` : trimmed;
  return [new Blob([bytes], { type: full }), full];
}

function percentDecoded(text) {
  const bytes = [];
  for (let idx = 0; idx < text.length; idx++) {
    const hex = text[idx] === "%" ? text.slice(idx + 1, idx + 3) : "";
    if (/^[0-9a-f]{2}$/i.test(hex)) {
      bytes.push(parseInt(hex, 16));
      idx += 2;
    } else bytes.push(text.charCodeAt(idx));
  }
  return Uint8Array.from(bytes);
}

async function overNetwork(url, method, headers, source, signal, redirected) {
  const description = {
    client: "fetch",
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname + url.search,
    headers: { accept: "*/*", "accept-language": "*", "user-agent": "llm-kernel", ...Object.fromEntries(headers) },
  };
  if (url.port !== "") description.port = +url.port;
  let bytes;
  if (source !== null) {
    bytes = source.bytes ?? (source.stream === undefined ? new Uint8Array(await source.blob.arrayBuffer()) : undefined);
    description.body = bytes === undefined ? "stream" : "bytes";
  }
  // The number is known before there is an answer, so that it can be stopped.
  let exchange;
  let abort;
  const aborted = new Promise((_, reject) => {
    abort = () => {
      if (exchange !== undefined) door(op.HTTP_ABORT, exchange);
      reject(signal.reason);
    };
  });
  aborted.catch(() => {});
  signal.addEventListener("abort", abort);
  const stop = () => signal.removeEventListener("abort", abort);
  let head;
  try {
    const { id, done } = start(op.HTTP_START, JSON.stringify(description), bytes);
    exchange = id;
    if (description.body === "stream") upload(exchange, source.stream).catch(() => door(op.HTTP_ABORT, exchange));
    head = JSON.parse(await Promise.race([done, aborted]));
  } catch (error) {
    stop();
    throw signal.aborted ? signal.reason : failed(error);
  }
  // Cookies come a line each: their commas are their own.
  const { "set-cookie": cookies, ...others } = head.headers;
  const received = new Headers(others);
  for (const cookie of cookies?.split("\n") ?? []) received.append("set-cookie", cookie);
  freezeHeaders(received);
  let body = null;
  if (method === "HEAD" || NO_BODY.includes(head.status)) {
    stop();
    door(op.HTTP_ABORT, exchange);
  } else {
    body = { stream: decoded(download(exchange, signal, aborted, stop), received.get("content-encoding")) };
  }
  const statusText = head.statusText ?? STATUS_TEXTS[head.status] ?? "";
  return new Response(null, { status: head.status, statusText, headers: received, type: "basic", url: withoutHash(url), redirected }, TOKEN, body);
}

const withoutHash = (url) => (url.hash === "" ? url.href : url.href.slice(0, -url.hash.length));

function decoded(stream, encoding) {
  const format = { gzip: "gzip", "x-gzip": "gzip", deflate: "deflate" }[`${encoding}`.trim().toLowerCase()];
  return format === undefined ? stream : stream.pipeThrough(new DecompressionStream(format));
}

async function upload(exchange, stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (!(value instanceof Uint8Array)) throw new TypeError("Received non-Uint8Array chunk");
    for (let from = 0; from < value.length; from += PIECE_BYTES) {
      await call(op.HTTP_WRITE, exchange, value.subarray(from, from + PIECE_BYTES));
    }
  }
  door(op.HTTP_END, exchange);
}

const download = (exchange, signal, aborted, stop) =>
  new ReadableStream(
    {
      type: "bytes",
      async pull(controller) {
        try {
          if (signal.aborted) throw signal.reason;
          let piece = door(op.HTTP_TAKE, exchange, PIECE_BYTES);
          if (piece === undefined) piece = await Promise.race([call(op.HTTP_READ, exchange, PIECE_BYTES), aborted]);
          if (piece === undefined || piece === true) {
            stop();
            controller.close();
            controller.byobRequest?.respond(0);
          } else controller.enqueue(new Uint8Array(piece));
        } catch (error) {
          stop();
          throw signal.aborted ? signal.reason : new TypeError("terminated", { cause: error });
        }
      },
      cancel() {
        stop();
        door(op.HTTP_ABORT, exchange);
      },
    },
    { highWaterMark: 0 },
  );

// HTTP/2 has none of them, and snippets print them.
const STATUS_TEXTS = {
  __proto__: null,
  200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content", 301: "Moved Permanently",
  302: "Found", 303: "See Other", 304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect",
  400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
  406: "Not Acceptable", 408: "Request Timeout", 409: "Conflict", 410: "Gone", 412: "Precondition Failed",
  413: "Payload Too Large", 415: "Unsupported Media Type", 418: "I'm a Teapot", 422: "Unprocessable Entity",
  429: "Too Many Requests", 500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
  503: "Service Unavailable", 504: "Gateway Timeout",
};
