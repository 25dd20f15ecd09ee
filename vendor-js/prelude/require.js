// `require` exists only to say what stands in for the module asked for.
import { ErrorCtor, StringStartsWith, StringSlice, defineGlobal } from "./primordials.js";

// The same advice as for `import`: `advice_for_module` in src/transpile/contract.rs.
const FETCH = "use the global fetch";
const STREAMS = "use the globals ReadableStream, WritableStream and TransformStream";
const NONE = "it sees only its input and its globals";
const ADVICE = {
  __proto__: null,
  "@aws-sdk/client-s3": "use the global AwsS3",
  "@aws-sdk/s3-request-presigner": "use AwsS3.getSignedUrl",
  "@aws-sdk/s3-presigned-post": "use AwsS3.createPresignedPost",
  "@aws-sdk/lib-storage": "use AwsS3.Upload",
  "@smithy/node-http-handler": "pass requestHandler: { requestTimeout: ms } to AwsS3.S3Client",
  "@smithy/fetch-http-handler": "pass requestHandler: { requestTimeout: ms } to AwsS3.S3Client",
  "@aws-sdk/credential-providers": "leave credentials out: the host signs with its own",
  "@aws-sdk/credential-provider-node": "leave credentials out: the host signs with its own",
  "@company/my-lib": "use the global MyLib",
  assert: "use console.assert, or throw an Error",
  "assert/strict": "use console.assert, or throw an Error",
  buffer: "use the global Buffer",
  console: "use the global console",
  crypto: "use the global crypto, the Web Crypto API",
  events: "use the global EventTarget",
  "form-data": "use the global FormData",
  http: FETCH, https: FETCH, http2: FETCH, "node-fetch": FETCH, "cross-fetch": FETCH, axios: FETCH, got: FETCH, undici: FETCH,
  perf_hooks: "use the global performance",
  process: "use the global process",
  querystring: "use the global URLSearchParams",
  stream: STREAMS, "stream/promises": STREAMS, "stream/web": STREAMS,
  string_decoder: "use the global TextDecoder",
  timers: "use the globals setTimeout, setInterval and setImmediate",
  "timers/promises": "use await new Promise((done) => setTimeout(done, ms))",
  url: "use the globals URL and URLSearchParams",
  "whatwg-url": "use the globals URL and URLSearchParams",
  util: "use the globals structuredClone, TextEncoder and TextDecoder; console.log formats as util.inspect does",
  uuid: "use crypto.randomUUID()",
  nanoid: "use crypto.randomUUID()",
  worker_threads: "a snippet has one thread; the global MessageChannel is here",
  zlib: "use the globals CompressionStream and DecompressionStream",
  fs: NONE, "fs/promises": NONE, path: NONE, os: NONE, child_process: NONE, net: NONE, tls: NONE, dns: NONE,
};

defineGlobal("require", function require(name) {
  name = `${name}`;
  const advice = ADVICE[StringStartsWith(name, "node:") ? StringSlice(name, 5) : name];
  throw new ErrorCtor(`a snippet cannot load modules: ${advice ?? `there is none in place of '${name}'`}`);
});
