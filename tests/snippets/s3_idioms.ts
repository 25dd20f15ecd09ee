//# list all keys with a token
const s3 = new AwsS3.S3Client({ region: "us-east-1" });
let token: string | undefined;
const keys: string[] = [];
do {
  const page = await s3.send(new AwsS3.ListObjectsV2Command({ Bucket: input.bucket, Prefix: "logs/", ContinuationToken: token, MaxKeys: 500 }));
  for (const object of page.Contents ?? []) if (object.Key) keys.push(object.Key);
  token = page.IsTruncated ? page.NextContinuationToken : undefined;
} while (token);
return { n: keys.length, keys };
//# paginator
const client = new AwsS3.S3Client({});
let total = 0;
for await (const page of AwsS3.paginateListObjectsV2({ client, pageSize: 100 }, { Bucket: "b" })) {
  total += page.Contents?.reduce((sum, { Size }) => sum + (Size ?? 0), 0) ?? 0;
}
return total;
//# get and parse
const { S3Client, GetObjectCommand } = AwsS3;
const s3 = new S3Client();
const { Body, ContentType, LastModified = null } = await s3.send(new GetObjectCommand({ Bucket: "b", Key: "k" }));
const text = await Body!.transformToString("utf-8");
return { data: JSON.parse(text), ContentType, at: LastModified?.toISOString() };
//# bytes and streams
const s3 = new AwsS3.S3Client({});
const out = await s3.send(new AwsS3.GetObjectCommand({ Bucket: "b", Key: "k", Range: "bytes=0-9" }));
const bytes = await out.Body?.transformToByteArray();
const stream = out.Body?.transformToWebStream();
for await (const chunk of stream as any) console.log(chunk.length);
return bytes?.length;
//# put with metadata
const s3 = new AwsS3.S3Client({ maxAttempts: 2 });
const params = { Bucket: "b", Key: "k", Body: JSON.stringify(input), ContentType: "application/json", Metadata: { by: "me" } };
const { ETag, $metadata } = await s3.send(new AwsS3.PutObjectCommand(params));
return { ETag, status: $metadata.httpStatusCode };
//# params completed later
const s3 = new AwsS3.S3Client({});
const params: any = { Bucket: "b" };
if (input.key) params.Key = input.key;
const more = { Bucket: "b" } as Record<string, string>;
more.Key = "k";
await s3.send(new AwsS3.HeadObjectCommand(params));
return await s3.send(new AwsS3.HeadObjectCommand(more as any));
//# spread input
const s3 = new AwsS3.S3Client({});
const base = { Bucket: "b" };
return await Promise.all(["a", "b"].map((Key) => s3.send(new AwsS3.DeleteObjectCommand({ ...base, Key }))));
//# errors by class and by name
const s3 = new AwsS3.S3Client({});
try {
  await s3.send(new AwsS3.HeadObjectCommand({ Bucket: "b", Key: "k" }));
  return true;
} catch (error) {
  if (error instanceof AwsS3.NotFound || (error as any).name === "NoSuchKey") return false;
  if (error instanceof AwsS3.S3ServiceException && error.$metadata.httpStatusCode === 403) return null;
  throw error;
}
//# aggregated client
const s3 = new AwsS3.S3({});
const [buckets, head] = await Promise.all([s3.listBuckets(), s3.headObject({ Bucket: "b", Key: "k" })]);
return { names: buckets.Buckets?.map((b) => b.Name), length: head.ContentLength };
//# presigned
const s3 = new AwsS3.S3Client({});
const url = await AwsS3.getSignedUrl(s3, new AwsS3.GetObjectCommand({ Bucket: "b", Key: "k" }), { expiresIn: 60 });
const post = await AwsS3.createPresignedPost(s3, { Bucket: "b", Key: "k", Expires: 60, Conditions: [["content-length-range", 0, 10]] });
return { url, fields: post.fields, to: post.url };
//# upload in parts
const upload = new AwsS3.Upload({ client: new AwsS3.S3Client({}), params: { Bucket: "b", Key: "k", Body: "x".repeat(10) }, partSize: 5 * 1024 * 1024, queueSize: 2 });
upload.on("httpUploadProgress", (p) => console.log(p.loaded, p.total));
const done = await upload.done();
return done.ETag;
//# multipart by hand
const s3 = new AwsS3.S3Client({});
const key = { Bucket: "b", Key: "k" };
const { UploadId } = await s3.send(new AwsS3.CreateMultipartUploadCommand(key));
const parts = [];
for (const [i, body] of ["a", "b"].entries()) {
  const part = await s3.send(new AwsS3.UploadPartCommand({ ...key, UploadId, PartNumber: i + 1, Body: body }));
  parts.push({ ETag: part.ETag, PartNumber: i + 1 });
}
return await s3.send(new AwsS3.CompleteMultipartUploadCommand({ ...key, UploadId, MultipartUpload: { Parts: parts } }));
//# copy, tags and lifecycle
const s3 = new AwsS3.S3Client({});
await s3.send(new AwsS3.CopyObjectCommand({ Bucket: "b", Key: "k2", CopySource: "b/k", StorageClass: "GLACIER", MetadataDirective: AwsS3.MetadataDirective.REPLACE }));
await s3.send(new AwsS3.PutObjectTaggingCommand({ Bucket: "b", Key: "k", Tagging: { TagSet: [{ Key: "a", Value: "b" }] } }));
await s3.send(new AwsS3.PutBucketLifecycleConfigurationCommand({ Bucket: "b", LifecycleConfiguration: { Rules: [{ ID: "x", Status: "Enabled", Filter: { Prefix: "tmp/" }, Expiration: { Days: 7 } }] } }));
return "ok";
//# waiters and dates
const s3 = new AwsS3.S3Client({});
await AwsS3.waitUntilObjectExists({ client: s3, maxWaitTime: 5 }, { Bucket: "b", Key: "k" });
const { Versions = [], DeleteMarkers } = await s3.send(new AwsS3.ListObjectVersionsCommand({ Bucket: "b" }));
return Versions.filter((v) => v.IsLatest).sort((a, b) => +b.LastModified! - +a.LastModified!).map((v) => v.VersionId).concat(DeleteMarkers?.map((d) => d.VersionId) ?? []);
//# the promise is kept and awaited later
const s3 = new AwsS3.S3Client({});
const pending = s3.send(new AwsS3.ListBucketsCommand({}));
const other = pending.then((out) => out.Buckets?.length);
const all = await Promise.allSettled([pending, other]);
return [(await pending).Buckets?.[0]?.Name, all.length];
//# a helper with typed rows
interface Row { key: string; size: number }
const s3 = new AwsS3.S3Client({});
async function rows(bucket: string): Promise<Row[]> {
  const { Contents } = await s3.send(new AwsS3.ListObjectsV2Command({ Bucket: bucket }));
  return (Contents ?? []).map((it) => ({ key: it.Key!, size: it.Size! }));
}
const list = await rows("b");
return list.map(({ key }) => key);
//# slug and retry
const slug = MyLib.slugify("Quarterly report");
const text = await MyLib.retry(async (attempt) => `${slug}-${attempt}`, { attempts: 2, delayMs: 1 });
return text;
//# features that may be missing
const has = typeof Bun !== "undefined" || typeof window !== "undefined";
const deno = (globalThis as any).Deno?.version ?? "none";
const impl = AwsS3.SomethingNew ?? AwsS3.S3Client;
return [has, deno, typeof impl, "NoSuchThing" in AwsS3, Object.keys(AwsS3).length > 100];
