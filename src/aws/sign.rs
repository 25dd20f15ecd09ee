//! Signature Version 4 as S3 wants it: requests, URLs and POST policies.
//!
//! Time and credentials are parameters. Nothing here decides whether these
//! credentials may be used for that host.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
        SigningParams, SigningSettings, UriPathNormalizationMode, sign as sigv4_sign,
    },
    sign::v4,
};
use aws_smithy_runtime_api::client::identity::Identity;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

/// Where a signature is valid.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) region: String,
    /// `s3`, or a sibling that shares its protocol.
    pub(crate) service: String,
}

/// What the signature says about the body.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    /// Lower-case hex.
    Sha256(String),
    Unsigned,
    /// `aws-chunked`, a checksum in the trailer.
    UnsignedTrailer,
}

/// Adds `authorization` and its companions to the headers.
pub(crate) fn sign<B>(
    request: &mut http::Request<B>,
    payload: &Payload,
    scope: &Scope,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<(), String> {
    let mut settings = s3_settings();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let body = match payload {
        Payload::Sha256(hex) => SignableBody::Precomputed(hex.clone()),
        Payload::Unsigned => SignableBody::UnsignedPayload,
        Payload::UnsignedTrailer => SignableBody::StreamingUnsignedPayloadTrailer,
    };
    apply(request, body, settings, scope, credentials, now)
}

/// The URL that may be used until `expires_in` is over by whoever holds it.
pub(crate) fn presign(
    mut request: http::Request<()>,
    expires_in: Duration,
    scope: &Scope,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<String, String> {
    let mut settings = s3_settings();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(expires_in);
    apply(&mut request, SignableBody::UnsignedPayload, settings, scope, credentials, now)?;
    Ok(request.uri().to_string())
}

/// The form fields of a presigned POST: `conditions` plus those that the
/// signature adds, the policy made of them, and its signature.
pub(crate) fn sign_policy(
    expiration: &str,
    mut conditions: Vec<Value>,
    scope: &Scope,
    credentials: &Credentials,
    now: SystemTime,
) -> Map<String, Value> {
    let stamp = amz_date(now);
    let date = &stamp[..8];
    let credential = format!(
        "{}/{date}/{}/{}/aws4_request",
        credentials.access_key_id(),
        scope.region,
        scope.service
    );
    let mut fields = Map::new();
    let mut add = |name: &str, value: &str| {
        fields.insert(name.to_owned(), json!(value));
        conditions.push(json!({ name: value }));
    };
    add("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
    add("X-Amz-Credential", &credential);
    add("X-Amz-Date", &stamp);
    if let Some(token) = credentials.session_token() {
        add("X-Amz-Security-Token", token);
    }
    let policy = json!({ "expiration": expiration, "conditions": conditions }).to_string();
    let policy = BASE64_STANDARD.encode(policy);
    let key = v4::generate_signing_key(
        credentials.secret_access_key(),
        now,
        &scope.region,
        &scope.service,
    );
    let signature = v4::calculate_signature(key, policy.as_bytes());
    fields.insert("Policy".to_owned(), json!(policy));
    fields.insert("X-Amz-Signature".to_owned(), json!(signature));
    fields
}

/// S3 alone signs the path as it is sent: encoded once, dots left in place.
fn s3_settings() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings
}

fn apply<B>(
    request: &mut http::Request<B>,
    body: SignableBody<'_>,
    settings: SigningSettings,
    scope: &Scope,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<(), String> {
    let identity = Identity::from(credentials.clone());
    let params: SigningParams<'_> = v4::SigningParams::builder()
        .identity(&identity)
        .region(&scope.region)
        .name(&scope.service)
        .time(now)
        .settings(settings)
        .build()
        .expect("every part of the parameters is set")
        .into();
    let instructions = {
        let headers = request.headers();
        let headers = headers
            .iter()
            .map(|(name, value)| Some((name.as_str(), str::from_utf8(value.as_bytes()).ok()?)))
            .collect::<Option<Vec<_>>>()
            .ok_or("a header to be signed is not text")?;
        let signable = SignableRequest::new(
            request.method().as_str(),
            request.uri().to_string(),
            headers.into_iter(),
            body,
        )
        .map_err(|err| err.to_string())?;
        let output = sigv4_sign(signable, &params).map_err(|err| err.to_string())?;
        output.into_parts().0
    };
    instructions.apply_to_request_http1x(request);
    Ok(())
}

/// `20260131T235959Z`.
fn amz_date(now: SystemTime) -> String {
    // HTTP dates have every part that we need, and a crate that gets leap years
    // right is already here: `Sat, 31 Jan 2026 23:59:59 GMT`.
    let text = httpdate::fmt_http_date(now);
    let month =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
            .iter()
            .position(|it| *it == &text[8..11])
            .expect("an HTTP date names one of twelve months")
            + 1;
    let time = text[17..25].replace(':', "");
    format!("{}{month:02}{}T{time}Z", &text[12..16], &text[5..7])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Credentials {
        // The example keys of the S3 documentation.
        Credentials::new(
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            None,
            None,
            "test",
        )
    }

    fn scope() -> Scope {
        Scope { region: "us-east-1".to_owned(), service: "s3".to_owned() }
    }

    /// 2013-05-24T00:00:00Z, the day of the examples.
    fn then() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600)
    }

    /// "GET Object" of "Signature Calculations for the Authorization Header".
    #[test]
    fn documented_request() {
        let mut request = http::Request::get("https://examplebucket.s3.amazonaws.com/test.txt")
            .header("host", "examplebucket.s3.amazonaws.com")
            .header("range", "bytes=0-9")
            .body(())
            .unwrap();
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        sign(&mut request, &Payload::Sha256(empty.to_owned()), &scope(), &keys(), then()).unwrap();
        assert_eq!(
            request.headers()["authorization"],
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, \
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
    }

    /// The example of "Authenticating Requests: Using Query Parameters".
    #[test]
    fn documented_url() {
        let request = http::Request::get("https://examplebucket.s3.amazonaws.com/test.txt")
            .header("host", "examplebucket.s3.amazonaws.com")
            .body(())
            .unwrap();
        let url = presign(request, Duration::from_secs(86_400), &scope(), &keys(), then()).unwrap();
        let signature = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        assert!(url.ends_with(&format!("X-Amz-Signature={signature}")), "{url}");
    }

    /// The signing key and date of "Browser-Based Upload using HTTP POST" are the
    /// example's; the policy is ours, so only its parts are compared.
    #[test]
    fn policy_has_the_fields_that_s3_asks_for() {
        let fields = sign_policy(
            "2013-05-25T00:00:00Z",
            vec![json!({"bucket": "b"})],
            &scope(),
            &keys(),
            then(),
        );
        let policy = BASE64_STANDARD.decode(fields["Policy"].as_str().unwrap()).unwrap();
        let policy: Value = serde_json::from_slice(&policy).unwrap();
        let credential = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
        assert_eq!(
            policy,
            json!({
                "expiration": "2013-05-25T00:00:00Z",
                "conditions": [
                    { "bucket": "b" },
                    { "X-Amz-Algorithm": "AWS4-HMAC-SHA256" },
                    { "X-Amz-Credential": credential },
                    { "X-Amz-Date": "20130524T000000Z" },
                ],
            })
        );
        assert_eq!(fields["X-Amz-Signature"].as_str().map(str::len), Some(64));
    }
}
