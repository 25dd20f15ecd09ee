//# SDK v2 client | new AwsS3.S3Client({})
const s3 = new AWS.S3();
const data = await s3.getObject({ Bucket: "b", Key: "k" }).promise();
return data.Body.toString();
//# v2 method on a v3 client | await client.send(new AwsS3.GetObjectCommand({ … }))
const s3 = new AwsS3.S3Client({});
const data = await s3.getObject({ Bucket: "b", Key: "k" });
return data.ContentType;
//# v2 list on a v3 client | AwsS3.ListObjectsV2Command
const s3 = new AwsS3.S3Client({});
const list = await s3.listObjects({ Bucket: "b" });
return list.Contents.length;
//# v2 .promise() on the aggregated client | `await` the call itself
const s3 = new AwsS3.S3({});
const out = await s3.listBuckets({}).promise();
return out.Buckets;
//# v2 upload | new AwsS3.PutObjectCommand
const client = new AwsS3.S3Client({ region: "us-east-1" });
await client.upload({ Bucket: "b", Key: "k", Body: "x" });
return "done";
//# client without the namespace | `AwsS3.S3Client`
const s3 = new S3Client({ region: "us-east-1" });
return s3 !== undefined;
//# command without the namespace | `AwsS3.ListBucketsCommand`
const s3 = new AwsS3.S3Client({});
const { Buckets } = await s3.send(new ListBucketsCommand({}));
return Buckets;
//# misspelt command | `GetObjectCommand`
const s3 = new AwsS3.S3Client({});
const out = await s3.send(new AwsS3.GetObjetCommand({ Bucket: "b", Key: "k" }));
return out.ETag;
//# command without Command | `GetObjectCommand`
const s3 = new AwsS3.S3Client({});
const out = await s3.send(new AwsS3.GetObject({ Bucket: "b", Key: "k" }));
return out.ETag;
//# misspelt namespace | `AwsS3`
const s3 = new AwsS33.S3Client({});
return await s3.send(new AwsS33.ListBucketsCommand({}));
//# namespace in another case | `AwsS3`
const s3 = new awsS3.S3Client({});
return s3.config;
//# class called without new | `new` is missing
const s3 = AwsS3.S3Client({});
return s3.config;
//# lower-case keys | `Bucket`
const s3 = new AwsS3.S3Client({});
const out = await s3.send(new AwsS3.GetObjectCommand({ bucket: "b", key: "k" }));
return await out.Body.transformToString();
//# missing bucket | missing `Bucket`
const s3 = new AwsS3.S3Client({});
const out = await s3.send(new AwsS3.GetObjectCommand({ Key: "reports/q3.json" }));
return out.ContentLength;
//# missing key in a named object | missing `Key`
const s3 = new AwsS3.S3Client({});
const params = { Bucket: "b" };
const out = await s3.send(new AwsS3.HeadObjectCommand(params));
return out.ContentLength;
//# command without input | missing its argument `input`
const s3 = new AwsS3.S3Client({});
return await s3.send(new AwsS3.GetObjectCommand());
//# send takes a command | a command
const s3 = new AwsS3.S3Client({});
return await s3.send({ Bucket: "b", Key: "k" });
//# misspelt option in a nested object | `Quiet`
const s3 = new AwsS3.S3Client({});
return await s3.send(new AwsS3.DeleteObjectsCommand({ Delete: { Objects: [{ Key: "a" }], quiet: true } }));
//# keys in a list in lower case | `Key`
const s3 = new AwsS3.S3Client({});
return await s3.send(new AwsS3.DeleteObjectsCommand({ Bucket: "b", Delete: { Objects: [{ key: "a" }] } }));
//# objects as plain strings of another enum | "GLACIER"
const s3 = new AwsS3.S3Client({});
return await s3.send(new AwsS3.PutObjectCommand({ Key: "k", Body: "x", StorageClass: "Glacier" }));
//# ACL in another case | "public-read"
const s3 = new AwsS3.S3Client({});
return await s3.send(new AwsS3.PutObjectCommand({ Key: "k", Body: "x", ACL: "PublicRead" }));
//# await forgotten before send | `await` is missing
const s3 = new AwsS3.S3Client({});
const out = s3.send(new AwsS3.ListBucketsCommand({}));
return out.Buckets.map((b) => b.Name);
//# await on the wrong thing | (await …).Buckets
const s3 = new AwsS3.S3Client({});
return (await s3.send(new AwsS3.ListBucketsCommand({})).Buckets).length;
//# destructured before the await | `await` is missing
const s3 = new AwsS3.S3Client({});
const { Contents } = s3.send(new AwsS3.ListObjectsV2Command({ Bucket: "b" }));
return Contents.length;
//# body read with toString | transformToString
const s3 = new AwsS3.S3Client({});
const { Body } = await s3.send(new AwsS3.GetObjectCommand({ Bucket: "b", Key: "k" }));
return Body.toString("utf-8");
//# body as a Node stream | transformToString
const s3 = new AwsS3.S3Client({});
const { Body } = await s3.send(new AwsS3.GetObjectCommand({ Bucket: "b", Key: "k" }));
return await new Promise((resolve) => { Body.on("data", resolve); });
//# body parsed as JSON | JSON.parse(await Body.transformToString())
const s3 = new AwsS3.S3Client({});
const out = await s3.send(new AwsS3.GetObjectCommand({ Bucket: "b", Key: "k" }));
return JSON.parse(out.Body);
//# output field in lower case | `Contents`
const s3 = new AwsS3.S3Client({});
const out = await s3.send(new AwsS3.ListObjectsV2Command({ Bucket: "b" }));
return out.contents.map((it) => it.Key);
//# item field in lower case | `Size`
const s3 = new AwsS3.S3Client({});
const out = await s3.send(new AwsS3.ListObjectsV2Command({ Bucket: "b" }));
return out.Contents.map((it) => it.size);
//# pages without await | for await
const s3 = new AwsS3.S3Client({});
const keys = [];
for (const page of AwsS3.paginateListObjectsV2({ client: s3 }, { Bucket: "b" })) keys.push(...page.Contents);
return keys;
//# presigner of v2 | `AwsS3.getSignedUrl(client, …)`
const s3 = new AwsS3.S3Client({});
return s3.getSignedUrl("getObject", { Bucket: "b", Key: "k" });
//# callback instead of a promise | `await` it
const s3 = new AwsS3.S3({});
s3.listBuckets({}, (err, data) => { if (err) throw err; return data.Buckets; });
//# import line | use the global `AwsS3`
import { S3Client, ListBucketsCommand } from "@aws-sdk/client-s3";
const s3 = new S3Client({});
return await s3.send(new ListBucketsCommand({}));
//# import of lodash | there is no global for `lodash`
import _ from "lodash";
return _.sum([1, 2]);
//# require of fs | no `fs`
const fs = require("fs");
return fs.readFileSync("/etc/hosts", "utf8");
//# require of the SDK | use the global `AwsS3`
const { S3Client } = require("@aws-sdk/client-s3");
return new S3Client({});
//# dynamic import | use the global `AwsS3.getSignedUrl`
const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
return getSignedUrl;
//# fs without require | no `fs`
return fs.readFileSync("data.json", "utf8");
//# path without require | no `path`
return path.join("a", "b");
//# axios | use the global `fetch`
const { data } = await axios.get("https://example.com");
return data;
//# lodash without import | methods of arrays
return _.groupBy(input.rows, "city");
//# moment | `Date` and `Intl`
return moment().format("YYYY");
//# uuid | crypto.randomUUID()
return uuidv4();
//# export default | only the body of main
export default async function main(input) {
  return input;
}
//# module.exports | with `return`
module.exports = async function (input) { return input; };
//# whole file with a call of main | the body of main
async function main() {
  const total = 1 + 1;
  return total;
}
main();
//# main by another name, called and not returned | `return await`
const run = async () => {
  return 42;
};
run();
//# console.log instead of return | `return`
const total = [1, 2, 3].reduce((a, b) => a + b, 0);
console.log(total);
//# event instead of input | `input`
return event.body;
//# input is misspelt | `input`
return inputs.rows.length;
//# environment variables | from `input`
const bucket = process.env.BUCKET.toLowerCase();
return bucket;
//# dates in JSON are strings | new Date(
const rows = JSON.parse('[{"at":"2024-01-01T00:00:00Z"}]');
return rows[0].at.getTime();
//# an object where a list is expected | Object.values
const data = JSON.parse('{"a":1,"b":2}');
return data.map((it) => it + 1);
//# parsing what is an object already | leave JSON.parse out
const config = { a: 1 };
return JSON.parse(config).a;
//# parsing what is not JSON | not JSON
return JSON.parse("<html>oops</html>");
//# property of undefined | `?.`
const user = { profile: undefined };
return user.profile.name;
//# a Map as result | Object.fromEntries
const counts = new Map([["a", 1]]);
return counts;
//# a BigInt as result | String(value)
return { id: 12345678901234567890n };
//# promises as result | `await` is missing
const load = async (id) => ({ id });
return { user: load(1) };
//# a list of promises as result | Promise.all
return [1, 2].map(async (n) => n * 2);
//# a blob as result | await blob.text()
return new Blob(["x"]);
//# a stream as result | read it first
return new Blob(["x"]).stream();
//# promise in a string | `await` is missing
const name = async () => "Ada";
return `Hello ${name()}`;
//# promise in a sum | `await` is missing
const price = async () => 5;
return 1 + price();
//# promise as a condition | `await` is missing
const exists = async () => false;
if (exists()) return JSON.parse("");
return "no";
//# for-of over an object | Object.entries
const totals = { a: 1 };
for (const [key, value] of totals) console.log(key, value);
return 1;
//# assigning a constant | `let`
const total = 0;
for (const n of [1, 2]) total += n;
return total;
//# used before its declaration | move the declaration up
const a = b + 1;
const b = 2;
return a;
//# mixing BigInt and number | do not mix
return Number(1n + 1);
//# invalid date | `new Date(…)`
return new Date("not a date").toISOString();
//# misspelt method of JSON | `stringify`
return JSON.stringfy({ a: 1 });
//# misspelt console | `log`
console.lgo("x");
return 1;
//# misspelt method of Promise | `all`
return await Promise.alll([1, 2]);
//# method of another language | `includes`
return ["a", "b"].contains("a");
//# length of a Map | `size`
const seen = new Map([["a", 1]]);
return seen.length.toFixed();
//# length is called | leave the `()` out
return input.rows.length();
//# misspelt MyLib | `slugify`
return MyLib.slugfy("a b");
//# option of MyLib in another case | `delayMs`
return await MyLib.retry(async () => { throw new Error("down"); }, { attempts: 1, delayms: 5 });
//# MyLib without its argument | missing its argument `text`
return MyLib.slugify();
//# a promise that never settles | never
return await new Promise(() => {});
//# window | no browser
return window.location.href;
//# a brace is missing | the end of the source
if (input.rows.length > 0) {
  return 1;
//# a fence around the code | ``` fence
```ts
return 1;
```
//# endless recursion | recurse less
const f = (n) => f(n + 1) + 1;
return f(0);
//# a long message | cut
throw new Error("detail ".repeat(2000));
