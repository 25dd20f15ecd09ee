//! Snippets that use AwsS3, as a model writes them, against a real S3 server.
//!
//! One kernel with one worker serves all cases of a test, so each also shows that
//! the one before left nothing behind.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use aws_credential_types::Credentials;
use llm_kernel::{aws::Source, client::Client};
use serde_json::{Value, json};

use super::server::{ACCESS_KEY, S3Server, SECRET_KEY, canned_server, misbehaving_server};
use crate::harness::{TestKernel, needs_sockets};

/// A kernel whose operator configured an S3 server, and a connection to it.
struct Lab {
    client: Client,
    _kernel: TestKernel,
}

impl Lab {
    /// The host has the right keys for `addr`.
    fn of(addr: SocketAddr) -> Lab {
        Lab::with_memory(addr, 64)
    }

    fn with_memory(addr: SocketAddr, mib: usize) -> Lab {
        Lab::with(
            Source::Fixed {
                credentials: Some(Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test")),
                region: Some("us-east-1".to_owned()),
                endpoint: Some(format!("http://{addr}")),
            },
            "none",
            mib,
        )
    }

    fn with(aws: Source, rules: &str, memory_mib: usize) -> Lab {
        let kernel = TestKernel::start_config(
            |settings| {
                settings.memory_bytes = memory_mib << 20;
                settings.timeout = Some(Duration::from_secs(60));
                let rules = rules.split(' ').filter(|it| *it != "none");
                settings.allow_net = rules.map(|it| it.parse().unwrap()).collect();
            },
            |config| config.service.pool.net.aws = aws,
        );
        let mut client = kernel.client();
        client.set_silence_limit(Some(Duration::from_secs(60)));
        Lab { client, _kernel: kernel }
    }

    /// The whole answer to a snippet.
    fn answer(&mut self, code: &str, input: &Value) -> Value {
        let request = json!({ "code": code, "input": input }).to_string();
        serde_json::from_str(&self.client.exchange(&request).unwrap()).unwrap()
    }

    #[track_caller]
    fn check(&mut self, code: &str, expected: &Value) {
        self.check_with(code, &json!({}), expected);
    }

    #[track_caller]
    fn check_with(&mut self, code: &str, input: &Value, expected: &Value) {
        let answer = self.answer(code, input);
        assert_eq!(answer["result"], *expected, "\n{code}\n{answer:#}");
    }

    /// A snippet that must fail with this class and message.
    #[track_caller]
    fn check_error(&mut self, code: &str, name: &str, message: &str) {
        let answer = self.answer(code, &json!({}));
        let error = (&answer["error"]["name"], &answer["error"]["message"]);
        assert_eq!(error, (&json!(name), &json!(message)), "\n{code}\n{answer:#}");
    }
}

/// A request by somebody who has nothing but a URL: status and body.
fn plain_request(method: &str, url: &str, body: &[u8]) -> (u16, Vec<u8>) {
    plain_request_with(method, url, "application/octet-stream", body)
}

fn plain_request_with(method: &str, url: &str, content_type: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut socket = TcpStream::connect(host).unwrap();
    let head = format!(
        "{method} /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    socket.write_all(body).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
    let status = std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap();
    (status, answer.split_off(end))
}

#[test]
fn a_client_needs_no_configuration() {
    needs_sockets!();
    let server = S3Server::start();
    let mut lab = Lab::of(server.addr);
    lab.check(
        "const s3 = new AwsS3.S3Client({});
        await s3.send(new AwsS3.PutObjectCommand({ Bucket: 'bucket', Key: 'a', Body: 'hello' }));
        const got = await s3.send(new AwsS3.GetObjectCommand({ Bucket: 'bucket', Key: 'a' }));
        return await got.Body.transformToString();",
        &json!("hello"),
    );
    lab.check(
        "const s3 = new AwsS3.S3({});
        const page = await s3.listObjectsV2({ Bucket: 'bucket' });
        return page.Contents.map(({ Key, Size }) => [Key, Size]);",
        &json!([["a", 5]]),
    );
}

#[test]
fn a_missing_region_names_both_places_to_set_it() {
    needs_sockets!();
    let nothing = Source::Fixed { credentials: None, region: None, endpoint: None };
    let mut lab = Lab::with(nothing, "none", 64);
    lab.check_error(
        "return await new AwsS3.S3Client({}).send(new AwsS3.ListBucketsCommand({}));",
        "Error",
        "Region is missing: the host has none; on the host, set AWS_REGION or the region of the \
         profile; in a snippet, pass `region` to S3Client",
    );
}

/// What every case below begins with.
const S3: &str = "const s3 = new AwsS3.S3Client({}), Bucket = 'bucket';
const put = (Key, Body, more = {}) => s3.send(new AwsS3.PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key, more = {}) => s3.send(new AwsS3.GetObjectCommand({ Bucket, Key, ...more }));
const pattern = (n) => { const res = new Uint8Array(n); for (let i = 0; i < Math.min(n, 4096); i++) res[i] = i * 7; \
for (let at = 4096; at < n; at *= 2) res.copyWithin(at, 0, at); return res; };
const same = (a, b) => { if (a.length !== b.length) return false; const step = Math.max(1, a.length >> 12); \
for (let i = 0; i < a.length; i += step) if (a[i] !== b[i]) return false; return a.at(-1) === b.at(-1); };
";

#[track_caller]
fn check_cases(lab: &mut Lab, cases: &[(&str, Value)]) {
    for (code, expected) in cases {
        lab.check(&format!("{S3}{code}"), expected);
    }
}

#[test]
fn buckets_are_made_found_and_removed() {
    needs_sockets!();
    let server = S3Server::start();
    let mut lab = Lab::of(server.addr);
    check_cases(
        &mut lab,
        &[
            (
                "await s3.send(new AwsS3.CreateBucketCommand({ Bucket: 'fresh' }));
                const { Buckets } = await s3.send(new AwsS3.ListBucketsCommand({}));
                return Buckets.map((it) => [it.Name, it.CreationDate instanceof Date]).sort();",
                json!([["bucket", true], ["fresh", true]]),
            ),
            (
                "const { $metadata } = await s3.send(new AwsS3.HeadBucketCommand({ Bucket: 'fresh' }));
                return [$metadata.httpStatusCode, $metadata.attempts];",
                json!([200, 1]),
            ),
            (
                "const res = await AwsS3.waitUntilBucketExists({ client: s3, maxWaitTime: 9 }, { Bucket: 'fresh' });
                return res.state;",
                json!("SUCCESS"),
            ),
            (
                "await s3.send(new AwsS3.DeleteBucketCommand({ Bucket: 'fresh' }));
                try { await s3.send(new AwsS3.HeadBucketCommand({ Bucket: 'fresh' })); } catch (error) {
                    return [error.name, error instanceof AwsS3.NotFound, error.$metadata.httpStatusCode];
                }",
                json!(["NotFound", true, 404]),
            ),
            (
                "try { await s3.send(new AwsS3.ListObjectsV2Command({ Bucket: 'nobody' })); } catch (error) {
                    return [error.name, error instanceof AwsS3.NoSuchBucket, error instanceof AwsS3.S3ServiceException];
                }",
                json!(["NoSuchBucket", true, true]),
            ),
        ],
    );
}

#[test]
fn bodies_of_every_kind_and_size_arrive_intact() {
    needs_sockets!();
    let server = S3Server::start();
    let mut lab = Lab::with_memory(server.addr, 256);
    check_cases(
        &mut lab,
        &[
            (
                "const bodies = { text: 'grün €🙂', bytes: new Uint8Array([0, 255, 128]), view: new DataView(new Uint8Array([9, 8, 7]).buffer, 1),
                    blob: new Blob(['a', new Uint8Array([0])]), empty: '', none: undefined };
                const seen = {};
                for (const [Key, Body] of Object.entries(bodies)) {
                    await put(Key, Body);
                    seen[Key] = Array.from(await (await get(Key)).Body.transformToByteArray()).join();
                }
                return [seen, await (await get('text')).Body.transformToString()];",
                json!([
                    {
                        "text": "103,114,195,188,110,32,226,130,172,240,159,153,130",
                        "bytes": "0,255,128", "view": "8,7", "blob": "97,0", "empty": "", "none": "",
                    },
                    "grün €🙂",
                ]),
            ),
            (
                "const seen = [];
                for (const n of [0, 1, 4096, 262_144, 262_145, 1 << 20, (5 << 20) + 3]) {
                    const body = pattern(n);
                    await put('size', body);
                    const got = await get('size');
                    seen.push([got.ContentLength === n, same(await got.Body.transformToByteArray(), body)]);
                }
                return seen.every(([length, bytes]) => length && bytes);",
                json!(true),
            ),
            (
                "const body = pattern(64 << 20);
                await put('big', body);
                const got = await (await get('big')).Body.transformToByteArray();
                return [got.length, same(got, body)];",
                json!([64 << 20, true]),
            ),
            (
                "let left = 40;
                const stream = new ReadableStream({ pull(to) { if (left-- > 0) to.enqueue(pattern(70_000)); else to.close(); } });
                await put('stream', stream, { ContentLength: 40 * 70_000 });
                const got = await (await get('stream')).Body.transformToByteArray();
                return [got.length, same(got.subarray(39 * 70_000), pattern(70_000))];",
                json!([2_800_000, true]),
            ),
            (
                "async function* parts() { for (let i = 0; i < 3; i++) { yield `part ${i};`; await null; } }
                await put('parts', parts(), { ContentLength: 21 });
                return (await get('parts')).Body.transformToString();",
                json!("part 0;part 1;part 2;"),
            ),
            (
                "await put('t', 'a'.repeat(300_000) + 'ü');
                const text = await (await get('t')).Body.transformToString();
                return [text.length, text.endsWith('aü')];",
                json!([300_001, true]),
            ),
        ],
    );
}

#[test]
fn a_body_can_be_read_in_every_documented_way() {
    needs_sockets!();
    let server = S3Server::start();
    let mut lab = Lab::of(server.addr);
    check_cases(
        &mut lab,
        &[
            (
                "await put('k', pattern(1_000_000), { ContentType: 'application/x-thing', Metadata: { colour: 'blue' } });
                const { Body } = await get('k');
                let total = 0;
                for await (const chunk of Body) total += chunk.length;
                return total;",
                json!(1_000_000),
            ),
            (
                "const { Body } = await get('k');
                const reader = Body.transformToWebStream().getReader();
                let total = 0;
                for (;;) { const { done, value } = await reader.read(); if (done) break; total += value.length; }
                return [total, Body instanceof ReadableStream];",
                json!([1_000_000, true]),
            ),
            (
                "const { Body } = await get('k');
                const reader = Body.getReader();
                const first = (await reader.read()).value.length;
                await reader.cancel();
                return first > 0;",
                json!(true),
            ),
            (
                "const { Body } = await get('k', { Range: 'bytes=0-1' });
                const text = [await Body.transformToString('hex')];
                try { await Body.transformToString(); } catch (error) { text.push(error.message); }
                return text;",
                json!(["0007", "The stream has already been transformed."]),
            ),
            (
                "const { Body } = await get('k', { Range: 'bytes=0-2' });
                return Body.transformToString('base64');",
                json!("AAcO"),
            ),
            (
                "const got = await get('k', { Range: 'bytes=999990-' });
                return [got.ContentRange, got.ContentLength, got.$metadata.httpStatusCode, (await got.Body.transformToByteArray()).length];",
                json!(["bytes 999990-999999/1000000", 10, 206, 10]),
            ),
            (
                "const head = await s3.send(new AwsS3.HeadObjectCommand({ Bucket, Key: 'k' }));
                return [head.ContentLength, head.ContentType, head.Metadata, typeof head.ETag, head.LastModified instanceof Date];",
                json!([1_000_000, "application/x-thing", { "colour": "blue" }, "string", true]),
            ),
            (
                "try { await get('nothing'); } catch (error) {
                    return [error.name, error instanceof AwsS3.NoSuchKey, error.$metadata.httpStatusCode, error.$fault];
                }",
                json!(["NoSuchKey", true, 404, "client"]),
            ),
        ],
    );
}

#[test]
fn objects_are_copied_listed_and_deleted() {
    needs_sockets!();
    let server = S3Server::start();
    let mut lab = Lab::of(server.addr);
    check_cases(
        &mut lab,
        &[
            (
                "await put('from', 'x');
                await s3.send(new AwsS3.CopyObjectCommand({ Bucket, Key: 'to', CopySource: 'bucket/from' }));
                await s3.send(new AwsS3.DeleteObjectCommand({ Bucket, Key: 'from' }));
                const { Contents, KeyCount } = await s3.send(new AwsS3.ListObjectsV2Command({ Bucket }));
                return [Contents.map((it) => it.Key), KeyCount];",
                json!([["to"], 1]),
            ),
            (
                "for (const key of ['a/1', 'a/2', 'b/1', 'c']) await put(key, key);
                const page = await s3.send(new AwsS3.ListObjectsV2Command({ Bucket, Delimiter: '/' }));
                return [page.Contents.map((it) => it.Key), page.CommonPrefixes.map((it) => it.Prefix), page.IsTruncated];",
                json!([["c", "to"], ["a/", "b/"], false]),
            ),
            (
                "const page = await s3.send(new AwsS3.ListObjectsV2Command({ Bucket, Prefix: 'a/', MaxKeys: 1 }));
                return [page.Contents[0].Key, page.Contents[0].Size, page.IsTruncated, typeof page.NextContinuationToken];",
                json!(["a/1", 3, true, "string"]),
            ),
            (
                "const Objects = ['a/1', 'a/2', 'b/1'].map((Key) => ({ Key }));
                const { Deleted, Errors } = await s3.send(new AwsS3.DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
                return [Deleted.map((it) => it.Key).sort(), Errors ?? []];",
                json!([["a/1", "a/2", "b/1"], []]),
            ),
            (
                "const keys = [' a b ', 'ü/ñ/🙂', 'a+b', '50%', '%41', 'q?x=1&y', \"it's(1)*!\", 'tilde~', 'a=b;c:d@e,$'];
                for (const key of keys) await put(key, `<${key}>`);
                const bad = [];
                for (const key of keys) if ((await (await get(key)).Body.transformToString()) !== `<${key}>`) bad.push(key);
                const { Contents } = await s3.send(new AwsS3.ListObjectsV2Command({ Bucket }));
                const listed = Contents.map((it) => it.Key);
                return [bad, keys.filter((key) => !listed.includes(key))];",
                json!([[], []]),
            ),
            (
                "const res = await AwsS3.waitUntilObjectNotExists({ client: s3, maxWaitTime: 9 }, { Bucket, Key: 'gone' });
                return res.state;",
                json!("SUCCESS"),
            ),
            (
                "try { await AwsS3.waitUntilObjectExists({ client: s3, maxWaitTime: 0.2, minDelay: 0.05, maxDelay: 0.05 }, { Bucket, Key: 'gone' }); }
                catch (error) { return error.name; }",
                json!("TimeoutError"),
            ),
        ],
    );
}

#[test]
fn listings_go_on_for_three_thousand_keys() {
    needs_sockets!();
    let server = S3Server::start();
    for idx in 0..3_000 {
        server.add_object(&format!("many/key-{idx:05}.txt"), b"x");
    }
    let mut lab = Lab::of(server.addr);
    check_cases(
        &mut lab,
        &[
            (
                "const keys = [];
                let n_pages = 0;
                for await (const page of AwsS3.paginateListObjectsV2({ client: s3 }, { Bucket, Prefix: 'many/' })) {
                    n_pages++;
                    for (const it of page.Contents) keys.push(it.Key);
                }
                return [n_pages, keys.length, keys[0], keys.at(-1), new Set(keys).size];",
                json!([3, 3_000, "many/key-00000.txt", "many/key-02999.txt", 3_000]),
            ),
            (
                "const keys = [];
                let token;
                do {
                    const page = await s3.send(new AwsS3.ListObjectsV2Command({ Bucket, Prefix: 'many/key-000', MaxKeys: 40, ContinuationToken: token }));
                    keys.push(...page.Contents.map((it) => it.Key));
                    token = page.NextContinuationToken;
                } while (token);
                return keys.length;",
                json!(100),
            ),
            (
                "const keys = Array.from({ length: 100 }, (_, i) => `many/key-${String(i).padStart(5, '0')}.txt`);
                const texts = await Promise.all(keys.map(async (key) => (await get(key)).Body.transformToString()));
                return [texts.length, [...new Set(texts)]];",
                json!([100, ["x"]]),
            ),
            (
                "const keys = Array.from({ length: 1000 }, (_, i) => `many/key-${String(i).padStart(5, '0')}.txt`);
                const sizes = await Promise.all(keys.map(async (key) => (await s3.send(new AwsS3.HeadObjectCommand({ Bucket, Key: key }))).ContentLength));
                return sizes.reduce((a, b) => a + b);",
                json!(1_000),
            ),
        ],
    );
}

#[test]
fn uploads_in_parts_arrive_whole() {
    needs_sockets!();
    let server = S3Server::start();
    let mut lab = Lab::of(server.addr);
    check_cases(
        &mut lab,
        &[
            (
                "const { UploadId } = await s3.send(new AwsS3.CreateMultipartUploadCommand({ Bucket, Key: 'm' }));
                const parts = [pattern(5 << 20), pattern(1000)];
                const done = [];
                for (const [i, Body] of parts.entries()) {
                    const { ETag } = await s3.send(new AwsS3.UploadPartCommand({ Bucket, Key: 'm', UploadId, PartNumber: i + 1, Body }));
                    done.push({ ETag, PartNumber: i + 1 });
                }
                const listed = await s3.send(new AwsS3.ListPartsCommand({ Bucket, Key: 'm', UploadId }));
                await s3.send(new AwsS3.CompleteMultipartUploadCommand({ Bucket, Key: 'm', UploadId, MultipartUpload: { Parts: done } }));
                const got = await (await get('m')).Body.transformToByteArray();
                return [listed.Parts.length, got.length, same(got.subarray(5 << 20), parts[1])];",
                json!([2, (5 << 20) + 1000, true]),
            ),
            (
                "const { UploadId } = await s3.send(new AwsS3.CreateMultipartUploadCommand({ Bucket, Key: 'n' }));
                await s3.send(new AwsS3.AbortMultipartUploadCommand({ Bucket, Key: 'n', UploadId }));
                const { Parts } = await s3.send(new AwsS3.ListPartsCommand({ Bucket, Key: 'n', UploadId }));
                return (Parts ?? []).length;",
                json!(0),
            ),
            (
                "const upload = new AwsS3.Upload({ client: s3, params: { Bucket, Key: 'small', Body: 'tiny' } });
                await upload.done();
                return (await get('small')).Body.transformToString();",
                json!("tiny"),
            ),
            (
                "const seen = [];
                const body = pattern(11 << 20);
                const upload = new AwsS3.Upload({ client: s3, params: { Bucket, Key: 'u', Body: body }, queueSize: 2 });
                upload.on('httpUploadProgress', ({ loaded, total }) => seen.push(loaded, total));
                const { Location, Key } = await upload.done();
                const got = await (await get('u')).Body.transformToByteArray();
                return [Key, seen.at(-2) === seen.at(-1), same(got, body)];",
                json!(["u", true, true]),
            ),
            (
                "let left = 12;
                const Body = new ReadableStream({ pull(to) { if (left-- > 0) to.enqueue(pattern(1 << 20)); else to.close(); } });
                await new AwsS3.Upload({ client: s3, params: { Bucket, Key: 's', Body } }).done();
                return (await s3.send(new AwsS3.HeadObjectCommand({ Bucket, Key: 's' }))).ContentLength;",
                json!(12 << 20),
            ),
        ],
    );
}

#[test]
fn two_hundred_mebibytes_pass_through_an_isolate_of_sixty_four() {
    needs_sockets!();
    let server = S3Server::start();
    server.add_sparse_object("huge", 200 << 20);
    let mut lab = Lab::with_memory(server.addr, 64);
    check_cases(
        &mut lab,
        &[(
            "const { Body, ContentLength } = await get('huge');
            let total = 0;
            const counted = new ReadableStream({ async start(to) {
                for await (const chunk of Body) { total += chunk.length; while (to.desiredSize <= 0) await new Promise((done) => setTimeout(done)); to.enqueue(chunk); }
                to.close();
            } });
            await put('copy', counted, { ContentLength });
            return [total, (await s3.send(new AwsS3.HeadObjectCommand({ Bucket, Key: 'copy' }))).ContentLength];",
            json!([200 << 20, 200 << 20]),
        )],
    );
}

#[test]
fn tags_conditions_and_versioning_work() {
    needs_sockets!();
    let server = S3Server::start_extended();
    let mut lab = Lab::of(server.addr);
    check_cases(
        &mut lab,
        &[
            (
                "await put('k', 'x');
                const TagSet = [{ Key: 'team', Value: 'a & b' }, { Key: 'stage', Value: '' }];
                await s3.send(new AwsS3.PutObjectTaggingCommand({ Bucket, Key: 'k', Tagging: { TagSet } }));
                return (await s3.send(new AwsS3.GetObjectTaggingCommand({ Bucket, Key: 'k' }))).TagSet;",
                json!([{ "Key": "team", "Value": "a & b" }, { "Key": "stage", "Value": "" }]),
            ),
            (
                "await s3.send(new AwsS3.DeleteObjectTaggingCommand({ Bucket, Key: 'k' }));
                return (await s3.send(new AwsS3.GetObjectTaggingCommand({ Bucket, Key: 'k' }))).TagSet;",
                json!([]),
            ),
            (
                "const { ETag } = await s3.send(new AwsS3.HeadObjectCommand({ Bucket, Key: 'k' }));
                const seen = [await (await get('k', { IfMatch: ETag })).Body.transformToString()];
                for (const condition of [{ IfNoneMatch: ETag }, { IfMatch: '\"other\"' }]) {
                    try { await get('k', condition); seen.push('sent'); }
                    catch (error) { seen.push(error.$metadata.httpStatusCode, error instanceof AwsS3.S3ServiceException); }
                }
                return seen;",
                json!(["x", 304, true, 412, true]),
            ),
            (
                "const VersioningConfiguration = { Status: AwsS3.BucketVersioningStatus.Enabled };
                await s3.send(new AwsS3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
                return (await s3.send(new AwsS3.GetBucketVersioningCommand({ Bucket }))).Status;",
                json!("Enabled"),
            ),
        ],
    );
}

#[test]
fn checksums_are_those_that_were_asked_for() {
    needs_sockets!();
    let server = S3Server::start();
    let mut lab = Lab::of(server.addr);
    check_cases(
        &mut lab,
        &[
            (
                "const seen = {};
                for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']) {
                    await put('c', '123456789', { ChecksumAlgorithm });
                    const head = await s3.send(new AwsS3.HeadObjectCommand({ Bucket, Key: 'c', ChecksumMode: 'ENABLED' }));
                    seen[ChecksumAlgorithm] = head[`Checksum${ChecksumAlgorithm}`];
                }
                return seen;",
                json!({
                    "CRC32": "y/Q5Jg==", "CRC32C": "4waSgw==", "CRC64NVME": "rosUhgp5mIg=",
                    "SHA1": "98O8HYCOBHMq32eZZczDTKeuNEE=",
                    "SHA256": "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
                }),
            ),
            (
                "try { await put('c', 'abc', { ChecksumCRC32: 'AAAAAA==' }); return 'stored'; } catch (error) { return error.name; }",
                json!("BadDigest"),
            ),
        ],
    );
    let corrupt = canned_server(
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-amz-checksum-crc32: AAAAAA==\r\n\r\nhello",
    );
    let mut lab = Lab::of(corrupt);
    lab.check_error(
        &format!("{S3}return (await get('k')).Body.transformToString();"),
        "Error",
        "Checksum mismatch: expected \"NhCmhg==\" but received \"AAAAAA==\" in response header \
         \"x-amz-checksum-crc32\".",
    );
}

#[test]
fn presigned_urls_work_for_whoever_holds_them() {
    needs_sockets!();
    let server = S3Server::start();
    let mut lab = Lab::of(server.addr);
    let signed = |lab: &mut Lab, command: &str| {
        let code =
            format!("{S3}return AwsS3.getSignedUrl(s3, new AwsS3.{command}, {{ expiresIn: 60 }});");
        let answer = lab.answer(&code, &json!({}));
        answer["result"].as_str().unwrap_or_else(|| panic!("{answer:#}")).to_owned()
    };
    let put = signed(&mut lab, "PutObjectCommand({ Bucket, Key: 'a b/ü+%' })");
    assert!(!put.contains("checksum"), "{put}");
    assert_eq!(plain_request("PUT", &put, b"by url"), (200, Vec::new()));
    let get = signed(&mut lab, "GetObjectCommand({ Bucket, Key: 'a b/ü+%' })");
    assert_eq!(plain_request("GET", &get, b""), (200, b"by url".to_vec()));
    assert_eq!(
        plain_request("GET", &get.replace("X-Amz-Expires=60", "X-Amz-Expires=61"), b"").0,
        403
    );
    let delete = signed(&mut lab, "DeleteObjectCommand({ Bucket, Key: 'a b/ü+%' })");
    assert_eq!(plain_request("DELETE", &delete, b"").0, 204);
    assert_eq!(plain_request("GET", &get, b"").0, 404);
    lab.check_error(
        &format!("{S3}return AwsS3.getSignedUrl(s3, new AwsS3.GetObjectCommand({{ Bucket, Key: 'k' }}), {{ expiresIn: 700_000 }});"),
        "Error",
        "Signature version 4 presigned URLs must have an expiration date less than one week in the future",
    );
    // The form of a POST.
    let answer = lab.answer(
        &format!(
            "{S3}return AwsS3.createPresignedPost(s3, {{ Bucket, Key: 'posted', Conditions: [['content-length-range', 0, 100]], \
             Fields: {{ acl: 'private' }}, Expires: 60 }});"
        ),
        &json!({}),
    );
    let fields = answer["result"]["fields"].as_object().unwrap();
    let boundary = "----a-boundary";
    let mut form = String::new();
    for (name, value) in fields {
        let value = value.as_str().unwrap();
        form.push_str(&format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ));
    }
    form.push_str(&format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nby form\r\n--{boundary}--\r\n"
    ));
    let url = answer["result"]["url"].as_str().unwrap();
    let content_type = format!("multipart/form-data; boundary={boundary}");
    let (status, body) = plain_request_with("POST", url, &content_type, form.as_bytes());
    assert_eq!(status, 204, "{}", String::from_utf8_lossy(&body));
    lab.check(
        &format!("{S3}return (await get('posted')).Body.transformToString();"),
        &json!("by form"),
    );
}

#[test]
fn a_snippet_can_bring_its_own_endpoint_and_keys() {
    needs_sockets!();
    let server = S3Server::start();
    let addr = server.addr;
    let nothing = Source::Fixed { credentials: None, region: None, endpoint: None };
    let client = |keys: &str, more: &str| {
        format!(
            "const s3 = new AwsS3.S3Client({{ endpoint: 'http://{addr}', region: 'eu-west-1', forcePathStyle: true{more}, {keys} }});
            return (await s3.send(new AwsS3.ListBucketsCommand({{}}))).Buckets.map((it) => it.Name);"
        )
    };
    let right =
        format!("credentials: {{ accessKeyId: '{ACCESS_KEY}', secretAccessKey: '{SECRET_KEY}' }}");
    let provider = format!(
        "credentials: async () => ({{ accessKeyId: '{ACCESS_KEY}', secretAccessKey: '{SECRET_KEY}' }})"
    );
    let wrong = format!("credentials: {{ accessKeyId: '{ACCESS_KEY}', secretAccessKey: 'wrong' }}");

    let mut lab = Lab::with(nothing.clone(), "127.0.0.1", 64);
    lab.check(&client(&right, ""), &json!(["bucket"]));
    lab.check(&client(&provider, ""), &json!(["bucket"]));
    let refused = format!(
        "try {{ {} }} catch (error) {{ return [error.name, error.$metadata.httpStatusCode]; }}",
        client(&wrong, "")
    );
    lab.check(&refused, &json!(["SignatureDoesNotMatch", 403]));
    lab.check_error(
        &client("credentials: { accessKeyId: 'a' }", ""),
        "Error",
        "Resolved credential object is not valid: it needs accessKeyId and secretAccessKey",
    );
    lab.check_error(
        &client("", ""),
        "NotAllowedError",
        &format!(
            "the host's own credentials are not used for {addr}: it is neither AWS nor an endpoint that the operator \
             configured; pass `credentials` of your own to S3Client"
        ),
    );
    lab.check_error(
        &client(&right, ", profile: 'team'"),
        "TypeError",
        "S3Client: `profile` is chosen on the host, with AWS_PROFILE; in a snippet, pass `credentials` to use others",
    );
    let mut lab = Lab::with(nothing, "none", 64);
    lab.check_error(
        &client(&right, ""),
        "NotAllowedError",
        &format!(
            "snippets may not connect to {addr}; the operator can allow it with --allow-net {addr}"
        ),
    );
}

#[test]
fn a_host_without_keys_says_how_to_get_some() {
    needs_sockets!();
    let server = S3Server::start();
    let source = Source::Fixed {
        credentials: None,
        region: Some("us-east-1".to_owned()),
        endpoint: Some(format!("http://{}", server.addr)),
    };
    let mut lab = Lab::with(source, "none", 64);
    lab.check_error(
        &format!("{S3}return get('k');"),
        "CredentialsProviderError",
        "the host has no AWS credentials (none were configured); on the host, set AWS_PROFILE or AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY, or run `aws sso login`; in a snippet, pass `credentials` to S3Client",
    );
}

#[test]
fn a_server_that_misbehaves_is_reported_as_the_sdk_does() {
    needs_sockets!();
    const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let get = "return (await get('k')).Body.transformToString();";

    // 503, then an answer: the SDK tries again.
    let n_requests = AtomicUsize::new(0);
    let n_requests: &'static AtomicUsize = Box::leak(Box::new(n_requests));
    let busy = misbehaving_server(move |_, mut socket| {
        let answer = match n_requests.fetch_add(1, Ordering::SeqCst) {
            0 => b"HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            _ => OK,
        };
        let _ = socket.write_all(answer);
    });
    let mut lab = Lab::of(busy);
    lab.check(&format!("{S3}const got = await get('k'); return [await got.Body.transformToString(), got.$metadata.attempts];"), &json!(["ok", 2]));

    // It hangs up before the head: also tried again, three times in all.
    let reset = misbehaving_server(|_, socket| drop(socket));
    let mut lab = Lab::of(reset);
    lab.check(
        &format!("{S3}try {{ await get('k'); }} catch (error) {{ return [error.code, error.$metadata.attempts, error.message.split(' broke: ')[0]]; }}"),
        &json!(["ECONNRESET", 3, format!("the connection to {reset}")]),
    );

    // It hangs up in the middle of the body.
    let truncated = canned_server(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
    let mut lab = Lab::of(truncated);
    lab.check(
        &format!("{S3}const {{ Body }} = await get('k'); try {{ await Body.transformToString(); }} catch (error) {{ return error.code; }}"),
        &json!("ECONNRESET"),
    );

    // Nobody listens there.
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let mut lab = Lab::of(closed);
    lab.check(
        &format!(
            "{S3}try {{ await get('k'); }} catch (error) {{ return [error.code, error.message]; }}"
        ),
        &json!([
            "ECONNREFUSED",
            format!("cannot connect to {closed}: Connection refused (os error 111)")
        ]),
    );

    // It says nothing: the client's timeout, an abort, and the run's own end.
    let stalled = misbehaving_server(|_, socket| {
        let _ = std::io::copy(&mut &socket, &mut std::io::sink());
    });
    let mut lab = Lab::of(stalled);
    lab.check(
        "const s3 = new AwsS3.S3Client({ maxAttempts: 1, requestHandler: { requestTimeout: 50 } });
        try { await s3.send(new AwsS3.ListBucketsCommand({})); } catch (error) { return [error.name, error.message]; }",
        &json!(["TimeoutError", "the response took longer than 50 ms"]),
    );
    lab.check(
        &format!("{S3}const controller = new AbortController(); setTimeout(() => controller.abort(), 20);
        try {{ await s3.send(new AwsS3.ListBucketsCommand({{}}), {{ abortSignal: controller.signal }}); }} catch (error) {{ return [error.name, error.message]; }}"),
        &json!(["AbortError", "Request aborted"]),
    );
    lab.check(
        &format!("{S3}try {{ await s3.send(new AwsS3.ListBucketsCommand({{}}), {{ abortSignal: AbortSignal.abort() }}); }} catch (error) {{ return error.name; }}"),
        &json!("AbortError"),
    );
    let request = json!({ "code": format!("{S3}{get}"), "timeoutMs": 100 }).to_string();
    let answer: Value = serde_json::from_str(&lab.client.exchange(&request).unwrap()).unwrap();
    assert_eq!(
        (&answer["error"]["kind"], &answer["usage"]["dropped"]["calls"]),
        (&json!("timeout"), &json!(1)),
        "{answer:#}"
    );
    lab.check("return 1", &json!(1));
}

#[test]
fn an_algorithm_never_travels_without_its_checksum() {
    needs_sockets!();
    let (seen, requests) = crossbeam_channel::unbounded();
    let addr = misbehaving_server(move |head, mut socket| {
        let mut names: Vec<String> = head
            .lines()
            .filter(|it| it.starts_with("x-amz-"))
            .filter(|it| it.contains("checksum") || it.contains("trailer"))
            .map(|it| it.replace("\r", ""))
            .collect();
        names.sort();
        let _ = seen.send(names);
        let _ =
            socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    });
    let mut lab = Lab::of(addr);
    let mut check = |code: &str, expected: &[&str]| {
        lab.check(&format!("{S3}{code}; return 1;"), &json!(1));
        assert_eq!(requests.recv_timeout(Duration::from_secs(10)).unwrap(), expected, "{code}");
    };
    check(
        "await put('k', '')",
        &["x-amz-checksum-crc32: AAAAAA==", "x-amz-sdk-checksum-algorithm: CRC32"],
    );
    check(
        "await put('k', '123456789')",
        &["x-amz-checksum-crc32: y/Q5Jg==", "x-amz-sdk-checksum-algorithm: CRC32"],
    );
    check(
        "await put('k', 'x', { ChecksumCRC32: 'jNxHgw==' })",
        &["x-amz-checksum-crc32: jNxHgw=="],
    );
    check("await get('k')", &["x-amz-checksum-mode: ENABLED"]);
    check("await s3.send(new AwsS3.DeleteObjectCommand({ Bucket, Key: 'k' }))", &[]);
    check(
        "const old = new AwsS3.S3Client({ requestChecksumCalculation: 'WHEN_REQUIRED' });
        await old.send(new AwsS3.PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }))",
        &[],
    );
}

#[test]
fn keys_are_sent_as_they_are() {
    needs_sockets!();
    let (seen, requests) = crossbeam_channel::unbounded();
    let addr = misbehaving_server(move |head, mut socket| {
        let _ = seen.send(head.lines().next().unwrap_or_default().to_owned());
        let _ =
            socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    });
    let mut lab = Lab::of(addr);
    for (key, path) in [
        ("a/../b", "a/../b"),
        ("./a//b/", "./a//b/"),
        ("../x", "../x"),
        ("a b", "a%20b"),
        ("a+b", "a%2Bb"),
        ("50%", "50%25"),
        ("ü🙂", "%C3%BC%F0%9F%99%82"),
    ] {
        lab.check_with(&format!("{S3}await get(input); return 1;"), &json!(key), &json!(1));
        let request = requests.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(request, format!("GET /bucket/{path}?x-id=GetObject HTTP/1.1"));
    }
}

#[test]
fn the_hosts_keys_are_nowhere_in_a_run() {
    needs_sockets!();
    let server = S3Server::start();
    let mut lab = Lab::of(server.addr);
    let code = format!(
        "{S3}
        await put('k', 'x');
        const url = await AwsS3.getSignedUrl(s3, new AwsS3.GetObjectCommand({{ Bucket, Key: 'k' }}));
        const texts = [url, JSON.stringify(await s3.config.credentials())];
        const seen = new Set();
        const visit = (it, depth) => {{
            if (typeof it === 'string') texts.push(it);
            if (typeof it === 'function') texts.push(String(it));
            if ((typeof it !== 'object' && typeof it !== 'function') || it === null || seen.has(it) || depth > 12) return;
            seen.add(it);
            for (const key of Reflect.ownKeys(it)) {{
                texts.push(String(key));
                try {{ visit(it[key], depth + 1); }} catch {{}}
            }}
            visit(Object.getPrototypeOf(it), depth + 1);
        }};
        visit(s3, 0);
        visit(AwsS3, 0);
        visit(globalThis, 0);
        try {{ await s3.send(new AwsS3.CreateSessionCommand({{ Bucket }})); }} catch (error) {{ texts.push(error.message, error.stack); visit(error, 0); }}
        console.log(s3, s3.config, await s3.config.credentials());
        const all = texts.join('\\n');
        return [seen.size > 1000, all.includes(input.slice(2)), texts.filter((it) => it.includes('CreateSession') && it.includes('stay on the host')).length > 0];"
    );
    // The snippet must not get the whole secret from its own input either.
    let half = json!(format!("xx{}", &SECRET_KEY[..20]));
    let answer = lab.answer(&code, &half);
    assert_eq!(answer["result"], json!([true, false, true]), "{answer:#}");
    assert!(!answer.to_string().contains(&SECRET_KEY[..20]), "{answer:#}");
}

/// The answers are those of the package on Node; tests/snippets/endpoints.mjs
/// records them.
#[test]
fn requests_go_where_the_sdk_sends_them() {
    needs_sockets!();
    let server = S3Server::start();
    let mut lab = Lab::of(server.addr);
    let mut expected: Vec<Vec<Value>> =
        serde_json::from_str(include_str!("../../snippets/endpoints.json")).unwrap();
    let mut input = expected.clone();
    for row in &mut input {
        row.pop();
    }
    for answer in expected.iter_mut().filter_map(|row| row.last_mut()) {
        if answer.as_str().is_some_and(|it| it.starts_with("Error: Neither CRT nor JS SigV4a")) {
            *answer = json!(
                "Error: Multi-Region Access Points need SigV4A, which is not here: use the access point of one region"
            );
        }
    }
    let code = include_str!("../../snippets/endpoints.js");
    lab.check_with(code, &json!(input), &json!(expected));
}

/// The answers are those of the package on Node, less the middleware that only
/// Node has (for Lambda) and lengths by that one.
#[test]
fn middleware_takes_its_place_as_in_the_sdk() {
    needs_sockets!();
    let server = S3Server::start();
    let mut lab = Lab::of(server.addr);
    lab.check(
        r#"const s3 = new AwsS3.S3Client({ region: "us-east-1" });
        const pass = (next) => (args) => next(args);
        const options = (name, more) => ({ name, override: true, ...more });
        const { middlewareStack: stack } = s3;
        stack.add(pass, options("first", { step: "initialize", priority: "high" }));
        stack.add(pass, options("late", { step: "build", priority: "low", aliases: ["later"], tags: ["MINE"] }));
        stack.add(pass, { step: "build", priority: "low", tags: ["MINE"] });
        for (const name of ["a", "b"]) {
          stack.addRelativeTo(pass, options(name + "1", { relation: "before", toMiddleware: "late" }));
          stack.addRelativeTo(pass, options(name + "2", { relation: "after", toMiddleware: "late" }));
          stack.addRelativeTo(pass, options(name + "3", { relation: "after", toMiddleware: name + "2" }));
        }
        const texts = [];
        const attempt = (work) => { try { work(); } catch (error) { texts.push(error.message); } };
        attempt(() => stack.add(pass, { name: "late", step: "build" }));
        attempt(() => stack.add(pass, options("later", { step: "build", priority: "high" })));
        attempt(() => stack.addRelativeTo(pass, options("a1", { relation: "after", toMiddleware: "late" })));
        stack.add(pass, options("late", { step: "build", priority: "low", aliases: ["later"], tags: ["MINE"] }));
        const copy = stack.clone();
        copy.add(pass, { name: "of the copy" });
        texts.push(stack.identify(), copy.identify().length, copy.remove("of the copy"), copy.remove("nobody"));
        texts.push(copy.removeByTag("MINE"), copy.identify().length, copy.remove(pass), copy.identify().length);
        attempt(() => { stack.addRelativeTo(pass, { relation: "after", toMiddleware: "nobody", name: "lost" }); stack.resolve(pass, {}); });
        return texts;"#,
        &json!([
            "Duplicate middleware name 'late'",
            "\"late (a.k.a. later)\" middleware with low priority in build step cannot be overridden by \"later\" middleware with high priority in build step.",
            "\"a1\" middleware before \"late\" middleware cannot be overridden by \"a1\" middleware after \"late\" middleware.",
            [
                "first - initialize",
                "loggerMiddleware - initialize",
                "validateBucketNameMiddleware - initialize",
                "regionRedirectMiddleware - initialize",
                "serializerMiddleware - serialize",
                "contentLengthMiddleware - build",
                "addExpectContinueMiddleware - build",
                "s3ExpressMiddleware - build",
                "getUserAgentMiddleware - build",
                "hostHeaderMiddleware - build",
                "anonymous - build",
                "a1 - before late",
                "b1 - before late",
                "late (a.k.a. later) - build",
                "b2 - after late",
                "b3 - after b2",
                "a2 - after late",
                "a3 - after a2",
                "retryMiddleware - finalizeRequest",
                "httpSigningMiddleware (a.k.a. apiKeyMiddleware,tokenMiddleware,awsAuthMiddleware) - finalizeRequest",
                "deserializerMiddleware - deserialize",
            ],
            22,
            true,
            false,
            true,
            13,
            true,
            12,
            "endpointV2Middleware is not found when adding httpAuthSchemeMiddleware middleware before endpointV2Middleware",
        ]),
    );
}

/// What the SDK awaits is at hand in here, which nobody can tell: these are the
/// answers of a client that awaited everything.
#[test]
fn settings_are_promised_as_in_the_sdk() {
    needs_sockets!();
    let server = S3Server::start();
    let mut lab = Lab::of(server.addr);
    lab.check(
        r#"const Bucket = "bucket", headers = {}, found = [];
        const look = (client) => {
          client.middlewareStack.add(
            (next) => async (args) => { Object.assign(headers, args.request.headers); return next(args); },
            { step: "finalizeRequest", priority: "low", name: "look" },
          );
          return client;
        };
        const head = (client) => client.send(new AwsS3.HeadBucketCommand({ Bucket }));
        const s3 = look(new AwsS3.S3Client({}));
        const named = look(new AwsS3.S3Client({ customUserAgent: "mine/1", userAgentAppId: "app" }));
        const adaptive = look(new AwsS3.S3Client({ retryMode: "adaptive" }));
        for (const client of [s3, s3, named, adaptive]) {
          await head(client);
          found.push(headers["x-amz-user-agent"].replace(/3\.\d+\.\d+/g, "3"));
        }
        for (const name of [
          "region", "useFipsEndpoint", "useDualstackEndpoint", "maxAttempts", "retryMode", "retryStrategy", "credentials", "userAgentAppId",
          "signer", "authSchemePreference", "disableClockSkewCorrection", "defaultUserAgentProvider",
        ]) {
          const promise = s3.config[name]();
          const value = await promise;
          found.push([name, promise instanceof Promise, typeof value === "object" ? value.constructor.name : value ?? null]);
        }
        const asked = [];
        const given = (name, value) => async () => { asked.push(name); return value; };
        await head(new AwsS3.S3Client({
          region: given("region", "us-east-1"), maxAttempts: given("attempts", 2), useFipsEndpoint: given("fips", false),
        }));
        found.push([...new Set(asked)].sort(), asked.length);
        const failure = (config) => head(new AwsS3.S3Client(config)).catch((error) => `${error.name}: ${error.message}`);
        found.push(await failure({ region: async () => "not a region!" }));
        found.push(await failure({ region: "us-east-1", endpoint: "no url" }));
        found.push(await failure({ region: "us-east-1", credentials: async () => { throw new Error("no keys today"); } }));
        s3.config.region = async () => "eu-west-1";
        found.push(await s3.config.region());
        // Options that were changed since they were used are other options.
        const options = { step: "build", name: "mine" };
        const { middlewareStack: stack } = s3;
        stack.add((next) => next, options);
        options.step = "initialize";
        options.name = "mine too";
        stack.add((next) => next, options);
        found.push(stack.identify().filter((it) => it.startsWith("mine")));
        return found;"#,
        &json!([
            "aws-sdk-js/3 ua/2.1 os/other lang/js md/browser#unknown_unknown api/s3#3 m/E",
            "aws-sdk-js/3 ua/2.1 os/other lang/js md/browser#unknown_unknown api/s3#3 m/E",
            "aws-sdk-js/3 ua/2.1 os/other lang/js md/browser#unknown_unknown api/s3#3 m/E app/app mine/1",
            "aws-sdk-js/3 ua/2.1 os/other lang/js md/browser#unknown_unknown api/s3#3 m/F",
            ["region", true, "us-east-1"],
            ["useFipsEndpoint", true, false],
            ["useDualstackEndpoint", true, false],
            ["maxAttempts", true, 3],
            ["retryMode", true, "standard"],
            ["retryStrategy", true, "StandardRetryStrategy"],
            ["credentials", true, "Object"],
            ["userAgentAppId", true, null],
            ["signer", true, "SignatureV4MultiRegion"],
            ["authSchemePreference", true, "Array"],
            ["disableClockSkewCorrection", true, false],
            ["defaultUserAgentProvider", true, "Array"],
            ["attempts", "fips", "region"],
            11,
            "Error: Region not accepted: region=\"not a region!\" is not a valid hostname component.",
            "TypeError: 'no url' is not a URL: relative URL without a base",
            "Error: no keys today",
            "eu-west-1",
            ["mine too - initialize", "mine - build"],
        ]),
    );
}

#[test]
fn my_lib_has_what_its_declarations_say() {
    needs_sockets!();
    let mut lab =
        Lab::with(Source::Fixed { credentials: None, region: None, endpoint: None }, "none", 64);
    lab.check(
        "let n_calls = 0;
        const third = await MyLib.retry(async () => { if (++n_calls < 3) throw new Error('not yet'); return n_calls; }, { delayMs: 1 });
        return [typeof MyLib.VERSION, MyLib.slugify('Crème brûlée, 2 portions'), third, Object.keys(MyLib).sort()];",
        &json!(["string", "creme-brulee-2-portions", 3, ["VERSION", "retry", "slugify"]]),
    );
    lab.check_error(
        "return require('@company/my-lib');",
        "Error",
        "a snippet cannot load modules: use the global `MyLib`, which is the whole module",
    );
}

#[test]
fn what_cannot_be_reached_is_said_with_its_reason() {
    needs_sockets!();
    let nothing = Source::Fixed { credentials: None, region: None, endpoint: None };
    let mut lab = Lab::with(nothing, "127.0.0.1 nowhere.invalid", 64);
    let list = |endpoint: &str| {
        format!(
            "const credentials = {{ accessKeyId: 'a', secretAccessKey: 's' }};
            const s3 = new AwsS3.S3Client({{ endpoint: '{endpoint}', region: 'eu-west-1', forcePathStyle: true, credentials, maxAttempts: 1 }});
            try {{ await s3.send(new AwsS3.ListObjectsV2Command({{ Bucket: 'bucket' }})); }}
            catch (error) {{ return [error.name, error.code ?? null, error.$metadata?.httpStatusCode ?? null, error.message.split(':')[0]]; }}"
        )
    };
    lab.check(
        &list("http://nowhere.invalid"),
        &json!(["Error", "ENOTFOUND", null, "cannot find the host of nowhere.invalid"]),
    );
    // A server of plain HTTP answers a TLS greeting with this.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let plain = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((mut socket, _)) = listener.accept() {
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    lab.check(
        &list(&format!("https://{plain}")),
        &json!(["TLSError", null, null, "no secure connection to 127.0.0.1"]),
    );
    let moved = canned_server(
        b"HTTP/1.1 301 Moved Permanently\r\nx-amz-bucket-region: eu-central-1\r\nconnection: close\r\n\r\n\
          <Error><Code>PermanentRedirect</Code><Message>The bucket you are attempting to access must be addressed \
          using the specified endpoint.</Message></Error>",
    );
    lab.check(
        &list(&format!("http://{moved}")),
        &json!([
            "PermanentRedirect",
            null,
            301,
            "The bucket you are attempting to access must be addressed using the specified endpoint."
        ]),
    );
    let denied = canned_server(
        b"HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n\
          <?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
    );
    lab.check(
        &list(&format!("http://{denied}")),
        &json!(["AccessDenied", null, 403, "Access Denied"]),
    );
}
