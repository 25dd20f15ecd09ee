//! The kernel that language models run their TypeScript in.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod advice;
pub mod api;
pub mod aws;
pub mod cli;
pub mod client;
pub mod endpoint;
pub mod isolate;
pub mod kernel;
pub mod net;
pub mod policy;
pub mod pool;
pub mod pretty;
pub mod prompt;
pub mod protocol;
pub mod service;
pub mod spelling;
pub mod token;
pub mod transpile;
pub mod watchdog;
pub(crate) mod worker;
