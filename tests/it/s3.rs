//! AwsS3 and what stands behind it, against a real S3 server.

mod chain;
mod extended;
mod secrets;
pub(crate) mod server;
mod snippets;
mod transport;
