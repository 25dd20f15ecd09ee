//! Snippets that use AwsS3, as a model writes them, against a real S3 server.
//!
//! One kernel with one worker serves all cases of a test, so each also shows that
//! the one before left nothing behind.

use std::net::SocketAddr;

use aws_credential_types::Credentials;
use llm_kernel::{aws::Source, client::Client};
use serde_json::{Value, json};

use super::server::{ACCESS_KEY, S3Server, SECRET_KEY};
use crate::harness::{TestKernel, needs_sockets};

/// A kernel whose operator configured an S3 server, and a connection to it.
struct Lab {
    client: Client,
    _kernel: TestKernel,
}

impl Lab {
    /// The host has the right keys for `addr`.
    fn of(addr: SocketAddr) -> Lab {
        Lab::with(
            Source::Fixed {
                credentials: Some(Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test")),
                region: Some("us-east-1".to_owned()),
                endpoint: Some(format!("http://{addr}")),
            },
            "none",
            64,
        )
    }

    fn with(aws: Source, rules: &str, memory_mib: usize) -> Lab {
        let kernel = TestKernel::start_config(
            |settings| {
                settings.memory_bytes = memory_mib << 20;
                settings.timeout = Some(std::time::Duration::from_secs(60));
                let rules = rules.split(' ').filter(|it| *it != "none");
                settings.allow_net = rules.map(|it| it.parse().unwrap()).collect();
            },
            |config| config.service.pool.net.aws = aws,
        );
        let mut client = kernel.client();
        client.set_silence_limit(Some(std::time::Duration::from_secs(60)));
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
