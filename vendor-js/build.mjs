// Builds ../bundles from the entries, and the tables of their APIs:
// `node build.mjs`, or `--check` to compare with what is committed. A shim or hook that matches nothing, or more than it
// should, fails the build: an update must not lose one silently.
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import ts from "typescript";
import { apiTable } from "./api.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "bundles");

const INSPECT = "node-inspect-extracted/dist/inspect.js";
const INSPECT_HOOKS = [
  "inspect-promise", "inspect-proxy", "inspect-symbol-key", "inspect-extra-key", "inspect-empty-buffer",
  "inspect-proxy-tag", "inspect-async", "inspect-generator", "inspect-extras",
];

const BUNDLES = [
  { name: "prelude", entry: "prelude/index.js", hooks: [...INSPECT_HOOKS, "blob-streams"] },
  {
    name: "aws-s3",
    entry: "entries/aws-s3.js",
    inner: "nameless",
    hooks: [
      "s3-defaults", "endpoint-value", "endpoint-list", "endpoint-values", "endpoint-list-end", "endpoint-config", "serialize-context", "deserialize-context",
      "signer-config", "silent-logger", "silent-logger-class", "user-agent-once", "empty-body-tail",
      "partition-once", "content-type-once", "plain-content-length", "plain-expect-continue", "plain-bucket-name",
      "plain-bucket-endpoint", "error-registries", "error-registry-once", "no-extensions",
    ],
    shims: [
      "xml-parser", "stream", "buffer", "fetch-http-handler", "sdk-stream-mixin", "to-stream", "signature-v4",
      "signature-v4-multi-region", "flexible-checksums", "flexible-checksums-response", "md5-sha256", "sha1",
      "endpoint-from-config", "host-header", "middleware-stack", "operation",
      "parse-url", "decide-endpoint",
    ],
  },
  { name: "my-lib", entry: "entries/my-lib.js" },
];

// What the check and the search know of a global, from its declarations.
const TABLES = [
  { name: "aws-s3", entry: "entries/aws-s3.d.ts" },
  { name: "my-lib", entry: "my-lib/index.d.ts" },
  {
    name: "web",
    entry: "entries/web.d.ts",
    only: [
      "AbortController", "AbortSignal", "Blob", "CompressionStream", "DOMException", "DecompressionStream", "File",
      "FormData", "Headers", "ReadableStream", "Request", "Response", "SubtleCrypto", "TextDecoder", "TextEncoder",
      "TransformStream", "URL", "URLSearchParams", "WritableStream", "atob", "btoa", "clearInterval", "clearTimeout",
      "console", "crypto", "fetch", "performance", "queueMicrotask", "setInterval", "setTimeout", "structuredClone",
    ],
  },
];

// A middleware that awaits nothing is no more than a call; whatever it throws, one
// before it is there to make a rejection of it.
const plain = (file) => ({ file, from: "async (args) =>", to: "(args) =>" });

// Exact edits of package code. `file` is matched against the end of the path.
const HOOKS = {
  "inspect-promise": {
    file: INSPECT,
    from: "getPromiseDetails:()=>[g,void 0]",
    to: 'getPromiseDetails:t=>require("HERE/prelude/peek.js").promiseDetails(t,g,h)',
  },
  "inspect-proxy": {
    file: INSPECT,
    from: "getProxyDetails:y.getProxyDetails",
    to: 'getProxyDetails:(t,e)=>require("HERE/prelude/peek.js").proxyDetails(t,e)',
  },
  // These undo what Node changed after 20, whose output we promise.
  "inspect-symbol-key": {
    file: INSPECT,
    from: 'const e=jt(On,ae(r),Un);s=t.stylize(e,"symbol")',
    to: 'const e=jt(On,ae(r),Un);s=`[${t.stylize(e,"symbol")}]`',
  },
  "inspect-extra-key": { file: INSPECT, from: '${t.stylize(`[${r}]`,"string")}: ${i}', to: "${o?`[${r}]`:r}: ${i}" },
  "inspect-empty-buffer": { file: INSPECT, from: "{ [byteLength]: ", to: "{ byteLength: " },
  "inspect-proxy-tag": { file: INSPECT, from: "if(0!==s)for(let e=0;e<s;e++)u=", to: "if(!1)u=" },
  // The package guesses a function's kind from its source text.
  "inspect-async": {
    file: INSPECT,
    from: '"function"==typeof t&&a.toString.call(t).startsWith("async")',
    to: 'require("HERE/prelude/peek.js").isAsyncFunction(t)',
  },
  "inspect-generator": {
    file: INSPECT,
    from: '"function"==typeof t&&a.toString.call(t).match(/^(async\\s+)?function *\\*/)',
    to: 'require("HERE/prelude/peek.js").isGeneratorFunction(t)',
  },
  // The package describes each element of a list to learn of its other properties.
  "inspect-extras": {
    file: INSPECT,
    from: "getOwnNonIndexProperties:function(t,e=2){const n=a(t),r=[];for(const[t,o]of s(n))if(!/^(0|[1-9][0-9]*)$/.test(t)||l(t,10)>=2**32-1){if(2===e&&!o.enumerable)continue;r.push(t)}for(const n of u(t)){const o=c(t,n);(2!==e||o.enumerable)&&r.push(n)}return r}",
    to: 'getOwnNonIndexProperties:(t,e=2)=>require("HERE/prelude/peek.js").namesBesideIndices(t,e===2)',
  },
  // fetch-blob looks for Node's streams when it loads; ours are there.
  "blob-streams": {
    file: "fetch-blob/index.js",
    from: "if (!globalThis.ReadableStream) {",
    upTo: "\n}\n",
    to: "",
  },
  "s3-defaults": {
    file: "@aws-sdk/client-s3/dist-es/runtimeConfig.browser.js",
    from: "export const getRuntimeConfig = (config) => {",
    to:
      'import { withHostDefaults } from "HERE/shims/s3-defaults.js";' +
      "export const getRuntimeConfig = (given) => { const config = withHostDefaults(given);",
  },
  // What follows takes out work that the SDK does for every request: a compiler
  // hides it, an interpreter does not. First the awaiting of values that are there.
  "endpoint-value": {
    file: "middleware-endpoint/adaptors/getEndpointFromInstructions.js",
    from: 'import { createConfigValueProvider } from "./createConfigValueProvider";',
    to: 'import { parametersOf, valueOf } from "HERE/shims/config-value.js";',
  },
  "endpoint-values": {
    file: "middleware-endpoint/adaptors/getEndpointFromInstructions.js",
    from: 'endpointParams[name] = await createConfigValueProvider(instruction.name, name, clientConfig, instruction.type !== "builtInParams")();',
    to:
      "const value = valueOf(parameters[idx], clientConfig);" +
      'endpointParams[name] = typeof value?.then === "function" ? await value : value;',
  },
  "endpoint-list": {
    file: "middleware-endpoint/adaptors/getEndpointFromInstructions.js",
    from: "for (const [name, instruction] of Object.entries(instructions)) {",
    to:
      "const parameters = parametersOf(instructions);" +
      "for (let idx = 0; idx < parameters.length; idx++) { const { name, instruction } = parameters[idx];",
  },
  "endpoint-list-end": {
    file: "middleware-endpoint/adaptors/getEndpointFromInstructions.js",
    from: "Object.keys(instructions).length === 0",
    to: "parameters.length === 0",
  },
  // Copies of the client's whole configuration, some hundred properties: what is
  // written into them goes into an object that has it as its prototype.
  "endpoint-config": {
    file: "middleware-endpoint/endpointMiddleware.js",
    from: "}, { ...config }, context);",
    to: "}, { __proto__: config }, context);",
  },
  "serialize-context": {
    file: "schema/middleware/schemaSerializationMiddleware.js",
    from: "...config,",
    to: "__proto__: config,",
  },
  "deserialize-context": {
    file: "schema/middleware/schemaDeserializationMiddleware.js",
    from: "...config,",
    to: "__proto__: config,",
  },
  "signer-config": {
    file: "aws_sdk/resolveAwsSdkSigV4Config.js",
    from: "}, authScheme);",
    upTo: "...config,",
    to:
      "}, authScheme);" +
      "const { signingRegion, signingName: signingService } = authScheme;" +
      "config.signingRegion ||= signingRegion;" +
      "config.signingName ||= signingService || config.serviceId;" +
      "const params = { __proto__: config,",
  },
  // Nobody hears a NoOpLogger, so nothing is to be copied for it without its secrets.
  "silent-logger-class": {
    file: "middleware-logger/loggerMiddleware.js",
    from: "export const loggerMiddleware =",
    to: 'import { NoOpLogger } from "@smithy/core/client"; export const loggerMiddleware =',
  },
  "silent-logger": {
    file: "middleware-logger/loggerMiddleware.js",
    from: "const { $metadata, ...outputWithoutMetadata } = response.output;",
    to:
      "if (logger?.constructor === NoOpLogger) return response;" +
      "const { $metadata, ...outputWithoutMetadata } = response.output;",
  },
  // The same half-dozen pairs every time.
  "user-agent-once": {
    file: "middleware-user-agent/user-agent-middleware.js",
    from: "const escapeUserAgent = (userAgentPair) => {",
    to:
      "const escaped = new Map();" +
      "const escapeUserAgent = (pair) => {" +
      'const key = pair.join("\\0"); let res = escaped.get(key);' +
      "if (res === undefined) { res = escapeOnce(pair); if (escaped.size < 64) escaped.set(key, res); }" +
      "return res; };" +
      "const escapeOnce = (userAgentPair) => {",
  },
  "plain-content-length": plain("middleware-content-length/contentLengthMiddleware.js"),
  "plain-expect-continue": plain("middleware-expect-continue/middleware-expect-continue.js"),
  "plain-bucket-name": plain("middleware-validate-bucket-name/validate-bucket-name.js"),
  "plain-bucket-endpoint": plain("middleware-region-redirect/bucket-endpoint-middleware.js"),
  // What a region and what an operation determine.
  "partition-once": {
    file: "util-endpoints/lib/aws/partition.js",
    from: "export const partition = (value) => {",
    to:
      "const known = new Map();" +
      "export const partition = (value) => { let res = known.get(value);" +
      "if (res === undefined) { res = partitionOf(value); if (known.size < 64) known.set(value, res); }" +
      "return { ...res }; };" +
      "const partitionOf = (value) => {",
  },
  "content-type-once": {
    file: "submodules/protocols/ProtocolLib.js",
    from: "resolveRestContentType(defaultContentType, inputSchema) {",
    to:
      "resolveRestContentType(defaultContentType, inputSchema) { const schema = inputSchema.getSchema();" +
      'if (typeof schema !== "object") return this.contentTypeOf(defaultContentType, inputSchema);' +
      "const known = (this.constructor.known ??= new WeakMap());" +
      "if (!known.has(schema)) known.set(schema, this.contentTypeOf(defaultContentType, inputSchema));" +
      "return known.get(schema); }" +
      "contentTypeOf(defaultContentType, inputSchema) {",
  },
  // What a client is made of, where it is the same for every client.
  "error-registries": {
    file: "submodules/protocols/HttpProtocol.js",
    from: "export class HttpProtocol",
    to: "const registries = new WeakMap(); export class HttpProtocol",
  },
  "error-registry-once": {
    file: "submodules/protocols/HttpProtocol.js",
    from: "this.compositeErrorRegistry = new TypeRegistry(options.defaultNamespace);",
    upTo: "copyFrom(etr);\n        }",
    to:
      "const all = options.errorTypeRegistries ?? [];" +
      "let registry = registries.get(all);" +
      "if (registry === undefined) { registry = new TypeRegistry(options.defaultNamespace);" +
      "for (const it of all) registry.copyFrom(it); registries.set(all, registry); }" +
      "this.compositeErrorRegistry = registry;",
  },
  "no-extensions": {
    file: "@aws-sdk/client-s3/dist-es/runtimeExtensions.js",
    from: "=> {",
    upTo: "const extensionConfiguration",
    to: "=> { if (extensions.length === 0) return runtimeConfig; const extensionConfiguration",
  },
  "empty-body-tail": {
    file: "middleware-throw-200-exceptions/throw-200-exceptions.js",
    from: "config.utf8Encoder(",
    to: 'bodyBytes.length === 0 ? "" : config.utf8Encoder(',
  },
};

// Whole files in place of others: imports of `path` by files below `importer`.
const SHIMS = {
  "xml-parser": { importer: "@aws-sdk/xml-builder/dist-es/index.js", path: "./xml-parser", file: "shims/xml-parser.js" },
  stream: { importer: "@aws-sdk/lib-storage/dist-es/", path: "stream", file: "shims/stream.js" },
  buffer: { importer: "@aws-sdk/lib-storage/dist-es/", path: "buffer", file: "shims/buffer.js" },
  "fetch-http-handler": {
    importer: "@aws-sdk/client-s3/dist-es/runtimeConfig.browser.js",
    path: "@smithy/fetch-http-handler",
    file: "shims/fetch-http-handler.js",
  },
  "sdk-stream-mixin": {
    importer: "@smithy/core/dist-es/submodules/serde/index.browser.js",
    path: "./util-stream/sdk-stream-mixin.browser",
    file: "shims/sdk-stream-mixin.js",
  },
  "to-stream": {
    importer: "@aws-sdk/middleware-sdk-s3/dist-es/submodules/s3/middleware-throw-200-exceptions/",
    path: "../to-stream/toStream",
    file: "shims/to-stream.js",
  },
  "signature-v4": { importer: "/node_modules/@aws-sdk/", path: "@smithy/signature-v4", file: "shims/signature-v4.js" },
  "signature-v4-multi-region": {
    importer: "/node_modules/@aws-sdk/",
    path: "@aws-sdk/signature-v4-multi-region",
    file: "shims/signature-v4-multi-region.js",
  },
  "flexible-checksums": {
    importer: "@aws-sdk/checksums/dist-es/submodules/flexible-checksums/",
    path: "./flexibleChecksumsMiddleware",
    file: "shims/flexible-checksums.js",
  },
  "flexible-checksums-response": {
    importer: "@aws-sdk/checksums/dist-es/submodules/flexible-checksums/",
    path: "./flexibleChecksumsResponseMiddleware",
    file: "shims/flexible-checksums-response.js",
  },
  "md5-sha256": {
    importer: "@aws-sdk/client-s3/dist-es/runtimeConfig.shared.js",
    path: "@smithy/core/checksum",
    file: "shims/hashes.js",
  },
  sha1: {
    importer: "@aws-sdk/client-s3/dist-es/runtimeConfig.shared.js",
    path: "@aws-sdk/checksums/sha",
    file: "shims/hashes.js",
  },
  "endpoint-from-config": {
    importer: "@smithy/core/dist-es/submodules/endpoints/index.browser.js",
    path: "./middleware-endpoint/adaptors/getEndpointFromConfig.browser",
    file: "shims/endpoint-from-config.js",
  },
  "host-header": {
    importer: "@aws-sdk/core/dist-es/submodules/client/index.browser.js",
    path: "./middleware-host-header/hostHeaderMiddleware",
    file: "shims/host-header.js",
  },
  "middleware-stack": {
    importer: "@smithy/core/dist-es/submodules/client/smithy-client/",
    path: "../middleware-stack/MiddlewareStack",
    file: "shims/middleware-stack.js",
  },
  operation: {
    importer: "@smithy/core/dist-es/submodules/schema/middleware/",
    path: "../schemas/operation",
    file: "shims/operation.js",
  },
  "decide-endpoint": {
    importer: "@smithy/core/dist-es/submodules/endpoints/index.browser.js",
    path: "./util-endpoints/decideEndpoint",
    file: "shims/decide-endpoint.js",
  },
  "parse-url": {
    importer: "@smithy/core/dist-es/submodules/transport/toEndpointV1.js",
    path: "./parseUrl",
    file: "shims/parse-url.js",
  },
};

const manifest = { bundles: {}, tables: {}, packages: {} };
const notices = new Map();
const files = {};
for (const bundle of BUNDLES) {
  const text = await bundleOf(bundle);
  files[`${bundle.name}.js`] = text;
  manifest.bundles[bundle.name] = fingerprint(text);
}
for (const { name, entry, only } of TABLES) {
  const text = apiTable(ts, { entry: join(here, entry), only });
  files[`api-${name}.txt`] = text;
  manifest.tables[name] = fingerprint(text);
}
manifest.packages = Object.fromEntries([...notices.keys()].sort().map((name) => [name, notices.get(name).version]));
files["manifest.json"] = `${JSON.stringify(manifest, null, 2)}\n`;
files.NOTICES = noticesText();

if (process.argv.includes("--check")) {
  for (const [name, text] of Object.entries(files)) {
    if ((await readFile(join(out, name), "utf8").catch(() => "")) !== text) {
      console.error(`bundles/${name} is not what vendor-js builds: run node build.mjs`);
      process.exitCode = 1;
    }
  }
} else {
  await mkdir(out, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(out, name), text);
  for (const [name, { bytes }] of Object.entries(manifest.bundles)) console.log(`${name}.js ${bytes} bytes`);
  for (const [name, { bytes }] of Object.entries(manifest.tables)) console.log(`api-${name}.txt ${bytes} bytes`);
}

function fingerprint(text) {
  return { bytes: Buffer.byteLength(text), sha256: createHash("sha256").update(text).digest("hex") };
}

async function bundleOf({ name, entry, inner, hooks = [], shims = [] }) {
  const used = new Set();
  const result = await build({
    absWorkingDir: here,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    format: "iife",
    platform: "browser",
    mainFields: ["browser", "module", "main"],
    conditions: ["browser", "module", "import"],
    target: "es2023",
    charset: "utf8",
    legalComments: "none",
    // Functions and classes keep their names: they are what stacks and error
    // classes show.
    minify: true,
    keepNames: true,
    plugins: [replacements(hooks, shims, used)],
    logLevel: "warning",
  });
  for (const wanted of [...hooks, ...shims]) {
    if (!used.has(wanted)) throw new Error(`${name}: ${wanted} matched nothing`);
  }
  for (const input of Object.keys(result.metafile.outputs[Object.keys(result.metafile.outputs)[0]].inputs)) {
    await note(input);
  }
  const [{ text }] = result.outputFiles;
  return `"use strict";${inner === "nameless" ? withoutInnerNames(text) : text}`;
}

// esbuild keeps the name of a function by a call that defines it, each time the
// function is made. For what a module makes once that is right. What a function
// makes whenever it is called, a dozen closures for a request, goes without: nobody
// sees their names, and naming costs more than making.
function withoutInnerNames(text) {
  // The bundler's helpers: what defines a name, and what evaluates modules later.
  const [, define] = /\b([\w$]+)=\(\w,\w\)=>[\w$]+\(\w,"name",/.exec(text);
  const [, later] = /\b([\w$]+)=\(\w,\w,\w\)=>\(\)=>\{/.exec(text) ?? [];
  const [, laterToo] = /\b([\w$]+)=\(\w,\w\)=>\(\)=>\{/.exec(text) ?? [];
  const calls = (node, name) => ts.isCallExpression(node) && node.expression.getText() === name;
  const res = [];
  let end = 0;
  const drop = (from, to) => {
    res.push(text.slice(end, from));
    end = to;
  };
  const visit = (node, isInner) => {
    const [named] = calls(node, define) ? node.arguments : [];
    if (isInner && named && (ts.isArrowFunction(named) || ts.isFunctionExpression(named))) {
      drop(node.getStart(), named.getStart());
      visit(named, isInner);
      drop(named.getEnd(), node.getEnd());
      return;
    }
    const parent = node.parent ?? node;
    const isModule = calls(parent, later) || calls(parent, laterToo) || ts.isParenthesizedExpression(parent);
    const isMany = isInner || (ts.isFunctionLike(node) && !isModule);
    ts.forEachChild(node, (child) => visit(child, isMany));
  };
  visit(ts.createSourceFile("bundle.js", text, ts.ScriptTarget.ESNext, true), false);
  return res.join("") + text.slice(end);
}

function replacements(hooks, shims, used) {
  return {
    name: "replacements",
    setup(builder) {
      for (const name of shims) {
        const { importer, path, file } = SHIMS[name];
        builder.onResolve({ filter: patternFor(path, "^") }, (args) => {
          if (!args.importer.replaceAll(sep, "/").includes(importer)) return undefined;
          used.add(name);
          return { path: join(here, file) };
        });
      }
      for (const file of new Set(hooks.map((name) => HOOKS[name].file))) {
        const names = hooks.filter((name) => HOOKS[name].file === file);
        builder.onLoad({ filter: patternFor(file, "") }, async ({ path }) => {
          let contents = await readFile(path, "utf8");
          for (const name of names) {
            const { from, upTo, to } = HOOKS[name];
            const start = contents.indexOf(from);
            if (start < 0 || contents.includes(from, start + 1)) throw new Error(`${name}: ${file} has not exactly one "${from}"`);
            const end = upTo === undefined ? start + from.length : contents.indexOf(upTo, start) + upTo.length;
            if (end < start) throw new Error(`${name}: ${file} has no "${upTo}" after "${from}"`);
            contents = contents.slice(0, start) + to.replaceAll("HERE", here.replaceAll(sep, "/")) + contents.slice(end);
            used.add(name);
          }
          return { contents, loader: "js", resolveDir: dirname(path) };
        });
      }
    },
  };
}

// A pattern for a path that ends in `text` and, with "^", is nothing else.
function patternFor(text, begin) {
  return new RegExp(begin + text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("/", "[\\\\/]") + "$");
}

// Remembers the package that a bundled file belongs to, and its licence.
async function note(input) {
  const at = input.lastIndexOf("node_modules/");
  if (at < 0) return;
  const [scopeOrName, rest] = input.slice(at + "node_modules/".length).split("/");
  const name = scopeOrName.startsWith("@") ? `${scopeOrName}/${rest}` : scopeOrName;
  if (notices.has(name)) return;
  const folder = join(here, input.slice(0, at), "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  let text = null;
  for (const file of ["LICENSE", "LICENSE.md", "LICENSE.txt", "license", "LICENCE"]) {
    text ??= await readFile(join(folder, file), "utf8").catch(() => null);
  }
  notices.set(name, { version, license, text });
}

// Each licence text once, under the packages that it covers.
function noticesText() {
  const byText = new Map();
  for (const name of [...notices.keys()].sort()) {
    const { version, license, text } = notices.get(name);
    const key = text?.replaceAll("\r\n", "\n").trim() ?? `No licence text comes with it; its package.json says ${license}.`;
    byText.set(key, [...(byText.get(key) ?? []), `${name} ${version} (${license})`]);
  }
  const rule = "=".repeat(72);
  return [...byText].map(([text, names]) => `${rule}\n${names.join("\n")}\n${rule}\n${text}\n`).join("\n");
}
