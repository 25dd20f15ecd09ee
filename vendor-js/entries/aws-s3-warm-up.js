// Uses the S3 client while the image is built, without a host: what the SDK
// works out at the first use of an operation and keeps (schemas, bindings, the
// rules of endpoints) is in the image then, and no run pays for it or dirties the
// pages it lies in.
//
// Requests have a time and a random number. Both are taken from here meanwhile,
// so that nothing of this very start gets into the image.
import * as client from "@aws-sdk/client-s3";
import { HttpResponse } from "@smithy/core/protocols";
import { endBuilding } from "../shims/middleware-stack.js";
import { takeNote } from "../shims/signing.js";

const ENTRY = "<Contents><Key>k</Key><LastModified>2020-01-01T00:00:00.000Z</LastModified><ETag>e</ETag><Size>1</Size><StorageClass>STANDARD</StorageClass></Contents>";
const LISTING = `<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated><KeyCount>2</KeyCount>${ENTRY}${ENTRY}<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes></ListBucketResult>`;
const MISSING = "<Error><Code>NoSuchKey</Code><Message>m</Message></Error>";
const OBJECT = { etag: '"e"', "content-length": "1", "content-type": "text/plain", "last-modified": "Wed, 01 Jan 2020 00:00:00 GMT" };

const Bucket = "bucket";
const Key = "k";
const calls = () => [
  [new client.HeadBucketCommand({ Bucket })],
  [new client.ListBucketsCommand({}), 200, "<ListAllMyBucketsResult><Buckets><Bucket><Name>b</Name></Bucket></Buckets></ListAllMyBucketsResult>"],
  [new client.ListObjectsV2Command({ Bucket, Prefix: "p" }), 200, LISTING],
  [new client.HeadObjectCommand({ Bucket, Key }), 200, "", OBJECT],
  [new client.GetObjectCommand({ Bucket, Key }), 200, "x", OBJECT],
  [new client.GetObjectCommand({ Bucket, Key }), 404, MISSING],
  [new client.PutObjectCommand({ Bucket, Key, Body: new Uint8Array(1), ContentType: "text/plain" }), 200, "", OBJECT],
  [new client.CopyObjectCommand({ Bucket, Key, CopySource: "b/k" }), 200, "<CopyObjectResult><ETag>e</ETag></CopyObjectResult>"],
  [new client.DeleteObjectCommand({ Bucket, Key }), 204],
  [new client.DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key }] } }), 200, "<DeleteResult><Deleted><Key>k</Key></Deleted></DeleteResult>"],
  [new client.CreateMultipartUploadCommand({ Bucket, Key }), 200, "<R><UploadId>u</UploadId></R>"],
  [new client.UploadPartCommand({ Bucket, Key, UploadId: "u", PartNumber: 1, Body: new Uint8Array(1) }), 200, "", OBJECT],
  [new client.CompleteMultipartUploadCommand({ Bucket, Key, UploadId: "u", MultipartUpload: { Parts: [{ ETag: "e", PartNumber: 1 }] } }), 200, "<R><ETag>e</ETag></R>"],
];

// Answers every request from the table.
class Answers {
  answer;

  async handle({ headers }) {
    takeNote(headers);
    const [, statusCode = 200, text = "", more = {}] = this.answer;
    return { response: new HttpResponse({ statusCode, headers: { ...more }, body: new TextEncoder().encode(text) }) };
  }
}

async function use(config) {
  const requestHandler = new Answers();
  const s3 = new client.S3Client({
    region: "us-east-1", useFipsEndpoint: false, useDualstackEndpoint: false, ignoreConfiguredEndpointUrls: true,
    requestHandler, ...config,
  });
  for (const call of calls()) {
    requestHandler.answer = call;
    await s3.send(call[0]).catch((error) => {
      if (call[1] !== error.$metadata?.httpStatusCode) throw error;
    });
  }
}

// An isolate for one run has no use for it.
if (globalThis.__warmsUp) {
  const { now } = Date;
  Date.now = () => 0;
  crypto.randomUUID = () => "00000000-0000-4000-8000-000000000000";
  Promise.all([use({}), use({ endpoint: "http://127.0.0.1:9000" })]).finally(() => {
    Date.now = now;
    delete crypto.randomUUID;
    endBuilding();
  });
}
