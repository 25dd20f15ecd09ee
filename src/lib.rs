//! The kernel that language models run their TypeScript in.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod service;
pub mod protocol;
pub mod endpoint;
pub mod pool;
pub mod transpile;
pub mod isolate;
pub mod token;
pub mod pretty;
pub mod spelling;
