//! The kernel that language models run their TypeScript in.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod aws;
pub mod isolate;
pub mod net;
pub mod policy;
pub mod pool;
pub mod transpile;
