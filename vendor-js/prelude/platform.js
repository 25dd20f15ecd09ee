// What is left of the global object, and what of the web platform cannot be a
// result.
import { defineClass, defineGlobal } from "./primordials.js";
import { refuse } from "./result.js";

class Navigator {
  get userAgent() {
    return "llm-kernel";
  }
}
defineClass("Navigator", Navigator);
defineGlobal("navigator", new Navigator());
defineGlobal("self", globalThis);
defineGlobal("global", globalThis);

refuse(ReadableStream.prototype, "a ReadableStream", "read it first; an S3 body with await body.transformToString()");
refuse(Blob.prototype, "a Blob", "read it first: await blob.text()");
refuse(URLSearchParams.prototype, "a URLSearchParams", "return Object.fromEntries(params) or String(params)");
refuse(Response.prototype, "a Response", "read it first: await response.json() or await response.text()");
refuse(Request.prototype, "a Request", "return request.url, or await request.text()");
refuse(Headers.prototype, "Headers", "return Object.fromEntries(headers)");
refuse(FormData.prototype, "a FormData", "return [...form]");
refuse(CryptoKey.prototype, "a CryptoKey", "return await crypto.subtle.exportKey('jwk', key)");
refuse(AbortSignal.prototype, "an AbortSignal", "return signal.aborted");
