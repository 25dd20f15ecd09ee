//! Everything that needs more than one module: table of contents.

mod harness;

mod cli;
mod hostile_input;
mod kernel;
mod lifecycle;
mod protocol;
mod readme;
mod s3;
mod tcp;
