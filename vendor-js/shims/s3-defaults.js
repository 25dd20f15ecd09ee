// What `new AwsS3.S3Client({})` takes where the snippet says nothing, put
// around the SDK's own getRuntimeConfig: the host's region, endpoint flavour and
// keys. The keys stay there; a stand-in goes around instead.
import { DEFAULT_RETRY_MODE } from "@smithy/core/retry";
import { NOT_YET, isPromise, withValue } from "./at-hand.js";
import { defaultsNow, hostDefaults } from "./host.js";
import { hostIdentity } from "./signing.js";

export function withHostDefaults(given) {
  if (given?.profile !== undefined) {
    throw new TypeError(
      "S3Client: `profile` is chosen on the host, with AWS_PROFILE; in a snippet, pass `credentials` to use others",
    );
  }
  const config = {
    ...given,
    region: given?.region ?? hostRegion,
    useFipsEndpoint: given?.useFipsEndpoint ?? useFips,
    useDualstackEndpoint: given?.useDualstackEndpoint ?? useDualStack,
    credentialDefaultProvider: given?.credentialDefaultProvider ?? hostCredentials,
  };
  // A session of S3 Express is a key, and what the host's keys open stays there.
  if (given?.credentials === undefined) config.disableS3ExpressSessionAuth ??= true;
  return config;
}

const fromHost = (valueOf) =>
  withValue(
    async () => valueOf(await hostDefaults()),
    () => {
      const defaults = defaultsNow();
      return isPromise(defaults) ? NOT_YET : valueOf(defaults);
    },
  );

const useFips = fromHost(({ useFips }) => useFips);
const useDualStack = fromHost(({ useDualStack }) => useDualStack);
const hostRegion = fromHost(({ region }) => {
  if (region) return region;
  throw new Error(
    "Region is missing: the host has none; on the host, set AWS_REGION or the region of the profile; " +
      "in a snippet, pass `region` to S3Client",
  );
});

const hostIdentityProvider = withValue(async () => hostIdentity(), hostIdentity);
// Takes no argument: the SDK would copy all of a client's settings for it.
export const hostCredentials = () => hostIdentityProvider;

// What a client is told by the mode of defaults that it has when nobody chose one.
export const legacyConfig = withValue(async () => ({}), () => ({}));
export const legacyRetryMode = withValue(async () => DEFAULT_RETRY_MODE, () => DEFAULT_RETRY_MODE);
