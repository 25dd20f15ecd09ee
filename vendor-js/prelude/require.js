// `require` exists only to say what stands in for the module asked for.
import { ErrorCtor, StringStartsWith, StringSlice, defineGlobal } from "./primordials.js";

const ADVICE = {
  __proto__: null,
  "@aws-sdk/client-s3": "use the global AwsS3",
  "@aws-sdk/s3-request-presigner": "use AwsS3.getSignedUrl",
  "@aws-sdk/s3-presigned-post": "use AwsS3.createPresignedPost",
  "@aws-sdk/lib-storage": "use AwsS3.Upload",
  "@company/my-lib": "use the global MyLib",
  crypto: "use the global crypto (Web Crypto)",
  buffer: "use Uint8Array, TextEncoder and atob/btoa",
  util: "use the globals TextEncoder, TextDecoder, structuredClone and console",
  url: "use the globals URL and URLSearchParams",
  timers: "use the globals setTimeout and setInterval",
  "timers/promises": "use await new Promise((done) => setTimeout(done, ms))",
  events: "use the globals EventTarget and Event",
  stream: "use the globals ReadableStream, WritableStream and TransformStream",
  "stream/web": "use the globals ReadableStream, WritableStream and TransformStream",
  perf_hooks: "use the global performance",
};

defineGlobal("require", function require(name) {
  name = `${name}`;
  const advice = ADVICE[StringStartsWith(name, "node:") ? StringSlice(name, 5) : name];
  throw new ErrorCtor(`a snippet cannot load modules: ${advice ?? `there is none in place of '${name}'`}`);
});
