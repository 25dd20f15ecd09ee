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
      "s3-defaults", "endpoint-config", "endpoint-now", "endpoint-next", "configured-endpoint", "configured-endpoint-now",
      "s3-params", "auth-params", "auth-params-default", "auth-options", "auth-preference", "auth-identities",
      "auth-identities-of-client", "auth-identity", "auth-next", "serialize-context", "serialize-now", "serialize-next",
      "serialize-endpoint", "serialize-endpoint-now", "serialize-events", "serialize-import", "serialize-rest-xml", "serialize-s3", "deserialize-context", "deserialize-rest-xml",
      "signer-config", "signer-at-hand", "host-credentials", "host-credentials-copy",
      "bound-credentials",
      "validated", "validated-signer", "validated-call", "validated-skew", "silent-logger", "silent-logger-class", "app-id-import", "app-id", "app-id-now", "empty-body-tail", "defaults-mode", "retry-mode",
      "retry-config", "retry-default", "retry-now", "retry-options", "retry-attempts", "retry-import", "s3-express-next",
      "partition-once", "endpoint-key", "content-type-once", "plain-content-length", "plain-expect-continue", "plain-bucket-name",
      "plain-bucket-endpoint", "error-registries", "error-registry-once", "no-extensions",
    ],
    shims: [
      "xml-parser", "stream", "buffer", "fetch-http-handler", "sdk-stream-mixin", "to-stream", "signature-v4",
      "signature-v4-multi-region", "flexible-checksums", "flexible-checksums-response", "md5-sha256", "sha1",
      "endpoint-from-config", "endpoint-from-instructions", "endpoint-from-instructions-too", "normalize-provider",
      "region-config", "host-header", "middleware-stack", "operation",
      "parse-url", "decide-endpoint", "user-agent", "user-agent-names",
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
      'import { legacyConfig, legacyRetryMode, withHostDefaults } from "HERE/shims/s3-defaults.js";' +
      "export const getRuntimeConfig = (given) => { const config = withHostDefaults(given);",
  },
  // What follows takes out work that the SDK does for every request: a compiler
  // hides it, an interpreter does not. First the awaiting of values that are at hand:
  // see shims/at-hand.js.
  "endpoint-now": {
    file: "middleware-endpoint/endpointMiddleware.js",
    from: "const endpoint = await getEndpointFromInstructions(",
    to: "let endpoint = getEndpointFromInstructions(",
  },
  "endpoint-next": {
    file: "middleware-endpoint/endpointMiddleware.js",
    from: "return next({\n                ...args,\n            });",
    to: "return await next({ ...args });",
  },
  "configured-endpoint": {
    file: "middleware-endpoint/resolveEndpointConfig.js",
    from: "export function bindResolveEndpointConfig",
    to:
      'import { NOT_YET, isPromise, withValue } from "HERE/shims/at-hand.js";' +
      "export function bindResolveEndpointConfig",
  },
  "configured-endpoint-now": {
    file: "middleware-endpoint/resolveEndpointConfig.js",
    from: "return resolvedConfig;",
    to:
      "withValue(resolvedConfig.serviceConfiguredEndpoint, () => {" +
      "const value = input.serviceId ? getEndpointFromConfig(input.serviceId) : undefined;" +
      "return isPromise(value) ? NOT_YET : value; });" +
      'if (typeof endpoint === "string") withValue(customEndpointProvider, () => toEndpointV1(endpoint));' +
      "return resolvedConfig;",
  },
  "s3-params": {
    file: "middleware-endpoint/service-customizations/s3.js",
    from: "= async (endpointParams) =>",
    to: "= (endpointParams) =>",
  },
  "auth-params": {
    file: "@aws-sdk/client-s3/dist-es/auth/httpAuthSchemeProvider.js",
    from: "const createEndpointRuleSetHttpAuthSchemeParametersProvider = (defaultHttpAuthSchemeParametersProvider) => async (config, context, input) => {",
    upTo: "return Object.assign(defaultParameters, endpointParameters);",
    to:
      'import { NOT_YET, follow, valueNow } from "HERE/shims/at-hand.js";' +
      "const createEndpointRuleSetHttpAuthSchemeParametersProvider = (defaultHttpAuthSchemeParametersProvider) => (config, context, input) => {" +
      "if (!input) throw new Error(\"Could not find `input` for `defaultEndpointRuleSetHttpAuthSchemeParametersProvider`\");" +
      "const instructionsFn = getSmithyContext(context)?.commandInstance?.constructor?.getEndpointParameterInstructions;" +
      "return follow(defaultHttpAuthSchemeParametersProvider(config, context, input), (defaultParameters) => {" +
      "if (!instructionsFn) throw new Error(`getEndpointParameterInstructions() is not defined on '${context.commandName}'`);" +
      "return follow(resolveParams(input, { getEndpointParameterInstructions: instructionsFn }, config)," +
      "(endpointParameters) => Object.assign(defaultParameters, endpointParameters)); });",
  },
  "auth-params-default": {
    file: "@aws-sdk/client-s3/dist-es/auth/httpAuthSchemeProvider.js",
    from: "const _defaultS3HttpAuthSchemeParametersProvider = async (config, context, input) => {",
    upTo: "})(),\n    };",
    to:
      "const _defaultS3HttpAuthSchemeParametersProvider = (config, context, input) => {" +
      "const value = valueNow(config.region);" +
      "return follow(value === NOT_YET ? normalizeProvider(config.region)() : value, (region) => {" +
      'if (!region) throw new Error("expected `region` to be configured for `aws.auth#sigv4`");' +
      "return { operation: getSmithyContext(context).operation, region }; });",
  },
  "auth-options": {
    file: "middleware-http-auth-scheme/httpAuthSchemeMiddleware.js",
    from: "const options = config.httpAuthSchemeProvider(await mwOptions.httpAuthSchemeParametersProvider(config, context, args.input));",
    to:
      "const params = mwOptions.httpAuthSchemeParametersProvider(config, context, args.input);" +
      "const options = config.httpAuthSchemeProvider(isPromise(params) ? await params : params);",
  },
  "auth-preference": {
    file: "middleware-http-auth-scheme/httpAuthSchemeMiddleware.js",
    from: "const authSchemePreference = config.authSchemePreference ? await config.authSchemePreference() : [];",
    to:
      "let authSchemePreference = config.authSchemePreference ? valueNow(config.authSchemePreference) : [];" +
      "if (authSchemePreference === NOT_YET) authSchemePreference = await config.authSchemePreference();",
  },
  "auth-identities": {
    file: "middleware-http-auth-scheme/httpAuthSchemeMiddleware.js",
    from: "const identityProvider = scheme.identityProvider(await mwOptions.identityProviderConfigProvider(config));",
    to:
      "const identities = mwOptions.identityProviderConfigProvider(config);" +
      "const identityProvider = scheme.identityProvider(isPromise(identities) ? await identities : identities);",
  },
  "auth-identities-of-client": {
    file: "@aws-sdk/client-s3/dist-es/S3Client.js",
    from: "identityProviderConfigProvider: async (config) =>",
    to: "identityProviderConfigProvider: (config) =>",
  },
  "auth-identity": {
    file: "middleware-http-auth-scheme/httpAuthSchemeMiddleware.js",
    from: "smithyContext.selectedHttpAuthScheme = {",
    upTo: "identity: await identityProvider(option.identityProperties),",
    to:
      "let identity = valueNow(identityProvider, option.identityProperties);" +
      "if (identity === NOT_YET) identity = await identityProvider(option.identityProperties);" +
      "smithyContext.selectedHttpAuthScheme = { httpAuthOption: option, identity,",
  },
  "auth-next": {
    file: "middleware-http-auth-scheme/httpAuthSchemeMiddleware.js",
    from: "return next(args);\n};",
    to: 'return await next(args);\n};\nimport { NOT_YET, isPromise, valueNow } from "HERE/shims/at-hand.js";',
  },
  "serialize-now": {
    file: "schema/middleware/schemaSerializationMiddleware.js",
    from: "const request = await config.protocol.serializeRequest(",
    to: "let request = config.protocol.serializeRequest(",
  },
  "serialize-next": {
    file: "schema/middleware/schemaSerializationMiddleware.js",
    from: "return next({",
    to: 'if (typeof request?.then === "function") request = await request; return await next({',
  },
  "serialize-endpoint": {
    file: "schema/middleware/schemaSerializationMiddleware.js",
    from: "? async () => toEndpointV1(context.endpointV2)",
    to: "? () => toEndpointV1(context.endpointV2)",
  },
  "serialize-endpoint-now": {
    file: "submodules/protocols/HttpBindingProtocol.js",
    from: "async serializeRequest(operationSchema, _input, context) {",
    upTo: "const endpoint = await context.endpoint();",
    to:
      "serializeRequest(operationSchema, _input, context) {" +
      "return follow(context.endpoint(), (endpoint) => this.requestTo(endpoint, operationSchema, _input, context)); }" +
      "requestTo(endpoint, operationSchema, _input, context) {" +
      'const input = _input && typeof _input === "object" ? _input : {}; const query = {}; const headers = {};',
  },
  "serialize-events": {
    file: "submodules/protocols/HttpBindingProtocol.js",
    from: "if (eventStream) {\n            request.body = await this.serializeEventStream({ eventStream, requestSchema: ns });\n        }",
    to:
      "if (eventStream) { return this.serializeEventStream({ eventStream, requestSchema: ns })" +
      ".then((body) => { request.body = body; return request; }); }",
  },
  "serialize-import": {
    file: "submodules/protocols/HttpBindingProtocol.js",
    from: "export class HttpBindingProtocol",
    to: 'import { follow } from "HERE/shims/at-hand.js"; export class HttpBindingProtocol',
  },
  "serialize-rest-xml": {
    file: "protocols/xml/AwsRestXmlProtocol.js",
    from: "async serializeRequest(operationSchema, input, context) {\n        const request = await super.serializeRequest(operationSchema, input, context);",
    to:
      "serializeRequest(operationSchema, input, context) {" +
      "const request = super.serializeRequest(operationSchema, input, context);" +
      'return typeof request.then === "function" ? request.then((it) => this.typed(it, operationSchema)) : this.typed(request, operationSchema); }' +
      "typed(request, operationSchema) {",
  },
  "serialize-s3": {
    file: "s3/protocol/S3RestXmlProtocol.js",
    from: "async serializeRequest(operationSchema, input, context) {\n        const request = await super.serializeRequest(operationSchema, input, context);",
    to:
      "serializeRequest(operationSchema, input, context) {" +
      "const request = super.serializeRequest(operationSchema, input, context);" +
      'return typeof request.then === "function" ? request.then((it) => this.checked(it, operationSchema, input)) : this.checked(request, operationSchema, input); }' +
      "checked(request, operationSchema, input) {",
  },
  "deserialize-rest-xml": {
    file: "protocols/xml/AwsRestXmlProtocol.js",
    from: "async deserializeResponse(",
    to: "deserializeResponse(",
  },
  // The host's keys are at hand, and what is made around them for a client.
  "host-credentials": {
    file: "aws_sdk/resolveAwsSdkSigV4Config.js",
    from: "export const bindResolveAwsSdkSigV4Config =",
    to:
      'import { NOT_YET, valueNow, withValue } from "HERE/shims/at-hand.js"; import { hostCredentials } from "HERE/shims/s3-defaults.js";' +
      "export const bindResolveAwsSdkSigV4Config =",
  },
  "host-credentials-copy": {
    file: "aws_sdk/resolveAwsSdkSigV4Config.js",
    from: "credentialsProvider = normalizeProvider(credentialDefaultProvider(Object.assign({}, config, {",
    to:
      "credentialsProvider = credentialDefaultProvider === hostCredentials ? hostCredentials() :" +
      "normalizeProvider(credentialDefaultProvider(Object.assign({}, config, {",
  },
  "bound-credentials": {
    file: "aws_sdk/resolveAwsSdkSigV4Config.js",
    from: "const fn = async (options) => credentialsProvider({ ...options, callerClientConfig: config });",
    to:
      "const fn = withValue(async (options) => await credentialsProvider({ ...options, callerClientConfig: config })," +
      "() => valueNow(credentialsProvider));",
  },
  "signer-at-hand": {
    file: "aws_sdk/resolveAwsSdkSigV4Config.js",
    from: "signer = async (authScheme) => {",
    upTo: "}, authScheme);",
    to:
      "signer = withValue(async (authScheme) => { const region = valueNow(config.region);" +
      "return signerIn(authScheme, region === NOT_YET ? await normalizeProvider(config.region)() : region); }," +
      "(authScheme) => { const region = valueNow(config.region); return region === NOT_YET ? NOT_YET : signerIn(authScheme, region); });" +
      "const signerIn = (authScheme, region) => {" +
      'authScheme = Object.assign({}, { name: "sigv4", signingName: config.signingName || config.defaultSigningName, signingRegion: region, properties: {} }, authScheme);',
  },
  "validated": {
    file: "aws_sdk/AwsSdkSigV4Signer.js",
    from: "export const validateSigningProperties = async (signingProperties) => {",
    to:
      'import { NOT_YET, isPromise, valueNow } from "HERE/shims/at-hand.js";' +
      "export const validateSigningProperties = async (signingProperties) => {" +
      "const res = validated(signingProperties); res.signer = await res.signer; return res; };" +
      "const validated = (signingProperties) => {",
  },
  "validated-signer": {
    file: "aws_sdk/AwsSdkSigV4Signer.js",
    from: "const signer = await signerFunction(authScheme);",
    to: "let signer = valueNow(signerFunction, authScheme); if (signer === NOT_YET) signer = signerFunction(authScheme);",
  },
  "validated-call": {
    file: "aws_sdk/AwsSdkSigV4Signer.js",
    from: "const validatedProps = await validateSigningProperties(signingProperties);\n        const { config, signer } = validatedProps;",
    to:
      "const validatedProps = validated(signingProperties); const { config } = validatedProps;" +
      "const signer = isPromise(validatedProps.signer) ? await validatedProps.signer : validatedProps.signer;",
  },
  "validated-skew": {
    file: "aws_sdk/AwsSdkSigV4Signer.js",
    from: "const noSkewCorrection = (await config.disableClockSkewCorrection?.()) === true;",
    to:
      "let noSkewCorrection = config.disableClockSkewCorrection && valueNow(config.disableClockSkewCorrection);" +
      "if (noSkewCorrection === NOT_YET) noSkewCorrection = await config.disableClockSkewCorrection();" +
      "noSkewCorrection = noSkewCorrection === true;",
  },
  // Copies of the client's whole configuration, some hundred properties: what is
  // written into them goes into an object that has it as its prototype.
  "endpoint-config": {
    file: "middleware-endpoint/endpointMiddleware.js",
    from: "}, { ...config }, context);",
    to: '}, { __proto__: config }, context); if (typeof endpoint?.then === "function") endpoint = await endpoint;',
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
  "app-id-import": {
    file: "middleware-user-agent/configurations.js",
    from: "export function resolveUserAgentConfig",
    to: 'import { valueNow, withValue } from "HERE/shims/at-hand.js"; export function resolveUserAgentConfig',
  },
  "app-id": {
    file: "middleware-user-agent/configurations.js",
    from: "userAgentAppId: async () => {",
    to: "userAgentAppId: withValue(async () => {",
  },
  "app-id-now": {
    file: "middleware-user-agent/configurations.js",
    from: "return appId;\n        },",
    to: "return appId; }, () => valueNow(normalizedAppIdProvider)),",
  },
  // How often and how to try again, where a client is told nothing of it.
  "defaults-mode": {
    file: "@aws-sdk/client-s3/dist-es/runtimeConfig.browser.js",
    from: "const defaultConfigProvider = () => defaultsMode().then(loadConfigsForDefaultMode);",
    to:
      "const isLegacy = config.defaultsMode === undefined;" +
      "const defaultConfigProvider = isLegacy ? legacyConfig : () => defaultsMode().then(loadConfigsForDefaultMode);",
  },
  "retry-mode": {
    file: "@aws-sdk/client-s3/dist-es/runtimeConfig.browser.js",
    from: "retryMode: config?.retryMode ?? (async () =>",
    to: "retryMode: config?.retryMode ?? (isLegacy ? legacyRetryMode : async () =>",
  },
  "retry-config": {
    file: "middleware-retry/configurations.js",
    from: "export const resolveRetryConfig =",
    to: 'import { NOT_YET, isPromise, valueNow, withValue } from "HERE/shims/at-hand.js"; export const resolveRetryConfig =',
  },
  "retry-default": {
    file: "middleware-retry/configurations.js",
    from: "const adaptive = (await normalizeProvider(retryMode)()) === RETRY_MODES.ADAPTIVE;",
    to:
      "return strategyOf(maxAttempts, await normalizeProvider(retryMode)()); };" +
      "let strategy = isPromise(retryStrategy) ? undefined : retryStrategy;" +
      "const strategyOf = (maxAttempts, mode) => (strategy = newStrategy(maxAttempts, mode));" +
      "const newStrategy = (maxAttempts, mode) => { const adaptive = mode === RETRY_MODES.ADAPTIVE;",
  },
  "retry-now": {
    file: "middleware-retry/configurations.js",
    from: "retryStrategy: () => (controller ??= getDefault()),",
    to:
      "retryStrategy: withValue(() => (controller ??= getDefault()), () => {" +
      "if (strategy !== undefined) return strategy;" +
      "const maxAttempts = valueNow(maxAttemptsProvider); const mode = valueNow(normalizeProvider(retryMode));" +
      "if (controller !== undefined || maxAttempts === NOT_YET || mode === NOT_YET) return NOT_YET;" +
      "controller = Promise.resolve(strategyOf(maxAttempts, mode)); return strategy; }),",
  },
  "retry-options": {
    file: "middleware-retry/retryMiddleware.js",
    from: "let retryStrategy = await options.retryStrategy();",
    to: "let retryStrategy = valueNow(options.retryStrategy); if (retryStrategy === NOT_YET) retryStrategy = await options.retryStrategy();",
  },
  "retry-attempts": {
    file: "middleware-retry/retryMiddleware.js",
    from: "const maxAttempts = await options.maxAttempts();",
    to: "let maxAttempts = valueNow(options.maxAttempts); if (maxAttempts === NOT_YET) maxAttempts = await options.maxAttempts();",
  },
  "retry-import": {
    file: "middleware-retry/retryMiddleware.js",
    from: "export function bindRetryMiddleware",
    to: 'import { NOT_YET, valueNow } from "HERE/shims/at-hand.js"; export function bindRetryMiddleware',
  },
  // A promise that is returned costs two jobs more than one that is awaited.
  "s3-express-next": {
    file: "s3-express/functions/s3ExpressMiddleware.js",
    from: "return next(args);",
    to: "return await next(args);",
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
  // The same key of an endpoint in fewer calls: half of its parts are flags.
  "endpoint-key": {
    file: "util-endpoints/cache/EndpointCache.js",
    from: "for (const param of parameters) {\n            const raw = endpointParams[param];",
    to:
      "for (let idx = 0; idx < parameters.length; idx++) {" +
      "const raw = endpointParams[parameters[idx]];" +
      'if (raw == null) { buffer += "\\0|;"; continue; }' +
      'if (raw === false) { buffer += "false|;"; continue; }' +
      'if (raw === true) { buffer += "true|;"; continue; }',
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
  "endpoint-from-instructions": {
    importer: "@smithy/core/dist-es/submodules/endpoints/index.browser.js",
    path: "./middleware-endpoint/adaptors/getEndpointFromInstructions",
    file: "shims/endpoint-from-instructions.js",
  },
  "endpoint-from-instructions-too": {
    importer: "@smithy/core/dist-es/submodules/endpoints/middleware-endpoint/endpointMiddleware.js",
    path: "./adaptors/getEndpointFromInstructions",
    file: "shims/endpoint-from-instructions.js",
  },
  "normalize-provider": {
    importer: "@smithy/core/dist-es/",
    path: "./normalizeProvider",
    file: "shims/normalize-provider.js",
  },
  "region-config": {
    importer: "@smithy/core/dist-es/submodules/config/",
    path: "./config-resolver/regionConfig/resolveRegionConfig",
    file: "shims/region-config.js",
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
  "user-agent": {
    importer: "@aws-sdk/core/dist-es/submodules/client/index.browser.js",
    path: "./middleware-user-agent/user-agent-middleware",
    file: "shims/user-agent.js",
  },
  "user-agent-names": {
    importer: "@aws-sdk/core/dist-es/submodules/client/index.browser.js",
    path: "./util-user-agent-browser/defaultUserAgent",
    file: "shims/user-agent-names.js",
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
