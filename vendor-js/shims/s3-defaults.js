// What `new AwsS3.S3Client({})` takes where the snippet says nothing, put
// around the SDK's own getRuntimeConfig: the host's region, endpoint flavour and
// keys. The keys stay there; a stand-in goes around instead.
import { hostDefaults } from "./host.js";
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
    useFipsEndpoint: given?.useFipsEndpoint ?? (async () => (await hostDefaults()).useFips),
    useDualstackEndpoint: given?.useDualstackEndpoint ?? (async () => (await hostDefaults()).useDualStack),
    credentialDefaultProvider: given?.credentialDefaultProvider ?? (() => async () => hostIdentity()),
  };
  // A session of S3 Express is a key, and what the host's keys open stays there.
  if (given?.credentials === undefined) config.disableS3ExpressSessionAuth ??= true;
  return config;
}

async function hostRegion() {
  const { region } = await hostDefaults();
  if (region) return region;
  throw new Error(
    "Region is missing: the host has none; on the host, set AWS_REGION or the region of the profile; " +
      "in a snippet, pass `region` to S3Client",
  );
}
