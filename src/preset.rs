//! `llm-kernel preset …`: what helps to make a folder that is a preset.
//!
//! [`check`](check::check) looks at one as closely as the kernel does and closer;
//! [`init`](init::init) makes one from npm packages, with the Node of whoever asks.
//! What a preset is, `isolate::preset` knows.

pub mod check;
pub mod init;
