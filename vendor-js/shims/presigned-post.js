// In place of @aws-sdk/s3-presigned-post, which signs with keys that it is
// given. Same parameters, same result; the policy is signed on the host.
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { formatUrl } from "@aws-sdk/core/util";
import { getEndpointFromInstructions, toEndpointV1 } from "@smithy/core/endpoints";
import { call, op } from "./host.js";
import { keysOf } from "./signing.js";

export async function createPresignedPost(client, { Bucket, Key, Conditions = [], Fields = {}, Expires = 3600 }) {
  const { config } = client;
  const { logger } = config;
  const instructions = await getEndpointFromInstructions({ Bucket, Key }, PutObjectCommand, { ...config }, { logger });
  const endpoint = toEndpointV1(instructions);
  const region = await config.region();
  const credentials = keysOf(await config.credentials());
  const given = { ...Fields, bucket: Bucket };
  const filename = "${filename}";
  const all = [
    ...Conditions,
    ...Object.entries(given).map(([name, value]) => ({ [name]: value })),
    Key.endsWith(filename) ? ["starts-with", "$key", Key.slice(0, -filename.length)] : { key: Key },
  ];
  const signed = await call(
    op.AWS_SIGN_POLICY,
    JSON.stringify({
      protocol: endpoint.protocol,
      hostname: endpoint.hostname,
      port: endpoint.port,
      sign: { region, service: "s3", credentials },
      expiration: new Date(Date.now() + Expires * 1000).toISOString().replace(/\.\d{3}Z$/, "Z"),
      // Each once, as the package does it.
      conditions: [...new Set(all.map((it) => JSON.stringify(it)))].map((it) => JSON.parse(it)),
    }),
  );
  return { url: formatUrl(endpoint), fields: { ...given, key: Key, ...JSON.parse(signed) } };
}
