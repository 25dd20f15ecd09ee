// Around the SDK's user agent middleware, which describes the client anew for every
// request: three promises and two dozen strings for a header that is as it was. What
// the SDK makes of a service and what is said of features is remembered; where
// somebody has added names, or something is to be waited for, the SDK is asked.
import { HttpRequest } from "@smithy/core/protocols";
import { RETRY_MODES } from "@smithy/core/retry";
import { NOT_YET, valueNow } from "./at-hand.js";
import { setFeature } from "../node_modules/@aws-sdk/core/dist-es/submodules/client/setFeature.js";
import { X_AMZ_USER_AGENT } from "../node_modules/@aws-sdk/core/dist-es/submodules/client/middleware-user-agent/constants.js";
import { encodeFeatures } from "../node_modules/@aws-sdk/core/dist-es/submodules/client/middleware-user-agent/encode-features.js";
import {
  getUserAgentMiddlewareOptions, userAgentMiddleware as middlewareOfSdk,
} from "../node_modules/@aws-sdk/core/dist-es/submodules/client/middleware-user-agent/user-agent-middleware.js";
import { createDefaultUserAgentProvider as providerOfSdk } from "../node_modules/@aws-sdk/core/dist-es/submodules/client/util-user-agent-browser/defaultUserAgent.js";
import { getUserAgentPrefix } from "../node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partition.js";

export { getUserAgentMiddlewareOptions };

const MAX_KNOWN = 64;
// Service and version → what names them.
const providers = new Map();
// What names a service → what is said of features → the header.
const headers = new WeakMap();

export function createDefaultUserAgentProvider(service) {
  const key = `${service.serviceId} ${service.clientVersion}`;
  let res = providers.get(key);
  if (res === undefined) {
    res = providerOfSdk(service);
    headers.set(res, new Map());
    if (providers.size < MAX_KNOWN) providers.set(key, res);
  }
  return res;
}

export const userAgentMiddleware = (options) => {
  const ofSdk = middlewareOfSdk(options);
  return (next, context) => (args) => {
    const known = headersOf(options, context, args);
    if (known === undefined) return ofSdk(next, context)(args);
    const { __smithy_context: smithy, __aws_sdk_context: aws } = context;
    const features = encodeFeatures({ ...smithy?.features, ...aws?.features });
    const header = known.get(features);
    if (header !== undefined) {
      args.request.headers[X_AMZ_USER_AGENT] = header;
      return next({ ...args });
    }
    const remember = (args) => {
      if (known.size < MAX_KNOWN) known.set(features, args.request.headers[X_AMZ_USER_AGENT]);
      return next(args);
    };
    return ofSdk(remember, context)(args);
  };
};

export const getUserAgentPlugin = (config) => ({
  applyToStack: (stack) => stack.add(userAgentMiddleware(config), getUserAgentMiddlewareOptions),
});

// What is known already of headers that only features tell apart; undefined where
// more goes into this one.
function headersOf(options, context, { request }) {
  if (options.runtime !== "browser" || typeof window !== "undefined" || getUserAgentPrefix()) return undefined;
  if (options.customUserAgent || context.userAgent || options.accountIdEndpointMode) return undefined;
  if (!HttpRequest.isInstance(request) || request.headers["smithy-protocol"]) return undefined;
  if (valueNow(options.userAgentAppId) !== undefined) return undefined;
  if (context.__smithy_context?.selectedHttpAuthScheme?.identity?.$source) return undefined;
  const strategy = valueNow(options.retryStrategy);
  if (strategy === NOT_YET) return undefined;
  // As the SDK does on the way.
  if (strategy.mode === RETRY_MODES.ADAPTIVE) setFeature(context, "RETRY_MODE_ADAPTIVE", "F");
  else if (strategy.mode === RETRY_MODES.STANDARD) setFeature(context, "RETRY_MODE_STANDARD", "E");
  return headers.get(options.defaultUserAgentProvider);
}
