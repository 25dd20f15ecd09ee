// Answers each row of `input` with where a GetObject of it would go, and as whom
// it would be signed. Run by endpoints.mjs on Node, and by the test in an isolate.
const credentials = { accessKeyId: "a", secretAccessKey: "b" };
const ask = async ([config, Bucket, Key = "a b"]) => {
  const s3 = new AwsS3.S3Client({ region: "eu-west-1", credentials, disableS3ExpressSessionAuth: true, ignoreConfiguredEndpointUrls: true, ...config });
  let seen;
  s3.middlewareStack.add((next, context) => async ({ request }) => {
    const { protocol, hostname, port, path } = request;
    const [scheme] = context.endpointV2.properties?.authSchemes ?? [];
    seen = `${protocol}//${hostname}${port ? `:${port}` : ""}${path} ${scheme?.name} ${scheme?.signingName} ${scheme?.signingRegion ?? scheme?.signingRegionSet}`;
    return { response: {}, output: { $metadata: {} } };
  }, { step: "finalizeRequest", priority: "low" });
  try { await s3.send(Bucket === null ? new AwsS3.ListBucketsCommand({}) : new AwsS3.GetObjectCommand({ Bucket, Key })); } catch (error) { return `${error.name}: ${error.message}`; }
  return seen;
};
const res = [];
for (const row of input) res.push([...row, await ask(row)]);
return res;
