//! Whose keys sign a request, where they may be used, and the signatures.
//!
//! Credentials come from the host's default chain (environment, profiles, SSO,
//! process, web identity, container, instance metadata), are found when the first
//! request needs them and never leave this process except as signatures. They are
//! used only at AWS's own S3 endpoints over TLS and at endpoints that the operator
//! configured. Nothing here sends a snippet's request.

pub mod broker;
mod endpoint;
mod sign;

pub(crate) use endpoint::is_s3_host;
pub(crate) use sign::{Payload, Scope, presign, sign, sign_policy};

use std::{
    error::Error,
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, Instant, SystemTime},
};

use aws_config::{
    BehaviorVersion, SdkConfig, environment::region::EnvironmentVariableRegionProvider,
    meta::region::RegionProviderChain, profile::ProfileFileRegionProvider,
};
use aws_credential_types::{
    Credentials,
    credential_feature::AwsCredentialFeature,
    provider::{ProvideCredentials, SharedCredentialsProvider},
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector},
    runtime_components::RuntimeComponents,
};
use serde::Serialize;
use tokio::sync::{Mutex, OnceCell};

use self::broker::Broker;
use crate::policy::{Destination, Standing};

/// A key is fetched anew when it has less than this left.
const REFRESH_BEFORE: Duration = Duration::from_secs(5 * 60);
/// How long a key without expiry is used before the chain is asked again, so
/// that a kernel that runs for days notices an edited credentials file.
const RECHECK_STATIC: Duration = Duration::from_secs(5 * 60);
/// How long a failure is remembered: a hundred requests at once must not ask an
/// absent metadata service a hundred times.
const REMEMBER_FAILURE: Duration = Duration::from_secs(3);

/// Where the host's AWS settings come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Environment, `~/.aws/config` and `~/.aws/credentials`, as every AWS tool.
    Environment,
    /// The same, but the keys come from a broker.
    Broker(Arc<Broker>),
    /// These and nothing else.
    Fixed { credentials: Option<Credentials>, region: Option<String>, endpoint: Option<String> },
}

/// What `new AwsS3.S3Client({})` takes from the host; nothing secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Defaults {
    pub region: Option<String>,
    /// The operator's endpoint instead of AWS.
    pub endpoint: Option<String>,
    pub use_fips: bool,
    pub use_dual_stack: bool,
}

/// The host's AWS identity and settings; found on first use and kept.
#[derive(Debug)]
pub struct Aws {
    source: Source,
    settings: OnceCell<Settings>,
    known: Mutex<Option<Known>>,
}

#[derive(Debug)]
struct Settings {
    defaults: Defaults,
    /// Of `defaults.endpoint` and of every other endpoint that was configured.
    operator: Vec<Destination>,
    provider: Option<SharedCredentialsProvider>,
}

/// What the chain said last.
#[derive(Debug)]
struct Known {
    answer: Result<Credentials, NoCredentials>,
    until: Instant,
}

/// The host has no usable credentials; requests that bring their own still work.
#[derive(Clone, Debug, PartialEq)]
pub struct NoCredentials {
    reason: String,
}

impl Aws {
    pub fn new(source: Source) -> Aws {
        Aws { source, settings: OnceCell::new(), known: Mutex::new(None) }
    }

    pub async fn defaults(&self) -> &Defaults {
        &self.settings().await.defaults
    }

    /// The same, if somebody has asked before.
    pub(crate) fn known_defaults(&self) -> Option<&Defaults> {
        self.settings.get().map(|it| &it.defaults)
    }

    /// What the S3 client may claim at `to` without a rule.
    pub(crate) async fn standing(&self, to: &Destination) -> Standing {
        if is_s3_host(&to.host()) && matches!(to.port(), 80 | 443) {
            return Standing::AwsS3;
        }
        let settings = self.settings().await;
        match settings.operator.iter().any(|it| to.is_at_or_below(it)) {
            true => Standing::Operator,
            false => Standing::Stranger,
        }
    }

    /// The host's own credentials, fresh enough to sign with.
    pub(crate) async fn credentials(&self) -> Result<Credentials, NoCredentials> {
        // Held across the chain's work: whoever comes meanwhile gets its answer.
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|it| Instant::now() < it.until) {
            return known.answer.clone();
        }
        let answer = match (&self.source, &self.settings().await.provider) {
            (Source::Broker(broker), _) => broker.credentials().await,
            (_, Some(provider)) => {
                provider.provide_credentials().await.map_err(NoCredentials::from_chain)
            }
            (_, None) => Err(NoCredentials { reason: "none were configured".to_owned() }),
        };
        let keep = match &answer {
            Err(_) => REMEMBER_FAILURE,
            Ok(it) => match it.expiry() {
                None => RECHECK_STATIC,
                Some(expiry) => expiry
                    .duration_since(SystemTime::now())
                    .unwrap_or_default()
                    .saturating_sub(REFRESH_BEFORE),
            },
        };
        *known = Some(Known { answer: answer.clone(), until: Instant::now() + keep });
        answer
    }

    /// Where the host's credentials come from, by name.
    pub(crate) async fn credentials_source(&self) -> Result<String, NoCredentials> {
        self.credentials().await.map(|it| source_name(&it))
    }

    async fn settings(&self) -> &Settings {
        self.settings
            .get_or_init(|| async {
                match &self.source {
                    Source::Environment | Source::Broker(_) => Settings::load().await,
                    Source::Fixed { credentials, region, endpoint } => Settings {
                        defaults: Defaults {
                            region: region.clone(),
                            endpoint: endpoint.as_deref().map(without_userinfo),
                            ..Defaults::default()
                        },
                        operator: endpoint.iter().filter_map(|it| destination_of(it)).collect(),
                        provider: credentials.clone().map(SharedCredentialsProvider::new),
                    },
                }
            })
            .await
    }
}

impl Settings {
    /// Reads environment and files; the network is asked for credentials only,
    /// and only when some are needed.
    async fn load() -> Settings {
        // Not the default region chain: that one waits for instance metadata,
        // which a laptop does not have. The JavaScript SDK does not ask it either.
        let region = || {
            RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
                .or_else(ProfileFileRegionProvider::new())
        };
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(HttpsOnDemand::default())
            .region(region())
            .load()
            .await;
        let s3_endpoint = service_endpoint(&config);
        let endpoint = s3_endpoint.or_else(|| config.endpoint_url().map(str::to_owned));
        Settings {
            operator: endpoint.iter().filter_map(|it| destination_of(it)).collect(),
            defaults: Defaults {
                region: config.region().map(|it| it.as_ref().to_owned()),
                endpoint: endpoint.map(|it| without_userinfo(&it)),
                use_fips: config.use_fips().unwrap_or_default(),
                use_dual_stack: config.use_dual_stack().unwrap_or_default(),
            },
            provider: config.credentials_provider(),
        }
    }
}

/// HTTPS for the chain. Keys from the environment or a file need none, so the
/// system's root certificates are read for the first request, not for the chain.
#[derive(Debug, Default)]
struct HttpsOnDemand(OnceLock<SharedHttpClient>);

impl HttpClient for HttpsOnDemand {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let build = || {
            aws_smithy_http_client::Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .build_https()
        };
        self.0.get_or_init(build).http_connector(settings, components)
    }
}

impl NoCredentials {
    /// The chain's own words, outermost first. They hold no secrets, but for one
    /// place: what a `credential_process` printed may be anything.
    fn from_chain(err: impl Error) -> NoCredentials {
        let mut reason = err.to_string();
        let mut cause = err.source();
        while let Some(err) = cause {
            let text = err.to_string();
            if !reason.ends_with(&text) {
                reason = format!("{reason}: {text}");
            }
            cause = err.source();
        }
        if let Some(at) = reason.find(". Stderr: ") {
            reason.truncate(at);
            reason.push_str("; run it by hand to see what it says");
        }
        // It lists what it tried one a line, each with the same preamble.
        let lines: Vec<_> = reason
            .lines()
            .map(|it| it.trim().replace("the credential provider was not enabled: ", ""))
            .filter(|it| !it.is_empty())
            .collect();
        NoCredentials { reason: lines.join(", ").replace(":, ", ": ") }
    }
}

impl fmt::Display for NoCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the host has no AWS credentials ({}); on the host, set AWS_PROFILE or \
             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws sso login`; \
             in a snippet, pass `credentials` to S3Client",
            self.reason
        )
    }
}

impl Error for NoCredentials {}

/// Where credentials come from that another process has found.
#[derive(Clone, Debug)]
struct Origin(String);

/// As the chain marks what it finds; the first mark is the origin.
fn source_name(credentials: &Credentials) -> String {
    use AwsCredentialFeature as Mark;

    if let Some(Origin(name)) = credentials.get_property() {
        return name.clone();
    }
    let marks = credentials.get_property::<Vec<Mark>>();
    let name = match marks.and_then(|it| it.first()) {
        Some(Mark::CredentialsEnvVars) => "environment variables",
        Some(Mark::CredentialsProfile | Mark::CredentialsProfileSourceProfile) => "profile",
        Some(Mark::CredentialsProfileNamedProvider) => "provider named in the profile",
        Some(Mark::CredentialsProfileSso | Mark::CredentialsSso) => "SSO session",
        Some(Mark::CredentialsProfileLogin | Mark::CredentialsLogin) => "login session",
        Some(Mark::CredentialsProfileProcess | Mark::CredentialsProcess) => "credential_process",
        Some(
            Mark::CredentialsEnvVarsStsWebIdToken
            | Mark::CredentialsProfileStsWebIdToken
            | Mark::CredentialsStsAssumeRoleWebId,
        ) => "web identity token",
        Some(Mark::CredentialsStsAssumeRole) => "assumed role",
        Some(Mark::CredentialsHttp) => "container endpoint",
        Some(Mark::CredentialsImds) => "instance metadata",
        Some(Mark::CredentialsCode) | None => "the program that started the kernel",
        Some(_) => "the default chain",
    };
    name.to_owned()
}

/// `AWS_ENDPOINT_URL_S3`, or the `s3` section of the profile's `services`.
fn service_endpoint(config: &SdkConfig) -> Option<String> {
    let key = aws_types::service_config::ServiceConfigKey::builder()
        .service_id("s3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .expect("all three parts are given");
    config.service_config()?.load_config(key)
}

/// A name and a password in a URL are nobody's business in an isolate. No S3 client
/// would send them.
fn without_userinfo(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut it) if !it.username().is_empty() || it.password().is_some() => {
            // Only a URL that cannot have them refuses.
            let _ = it.set_username("");
            let _ = it.set_password(None);
            it.to_string()
        }
        _ => url.to_owned(),
    }
}

/// Host and port of a URL that the operator wrote.
fn destination_of(url: &str) -> Option<Destination> {
    let url = url::Url::parse(url).ok()?;
    Destination::new(url.host_str()?, url.port_or_known_default()?)
}
