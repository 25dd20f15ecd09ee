//! Everything that needs more than one module: table of contents.

mod harness;

mod cli;
mod contract;
mod kernel;
mod lifecycle;
mod platform;
mod protocol;
mod readme;
mod rules;
mod s3;
mod snippets;
mod tcp;
