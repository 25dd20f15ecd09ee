//! Everything that needs more than one module: table of contents.

mod harness;
mod one_worker;

mod cli;
mod hostile;
mod kernel;
mod kills;
mod lifecycle;
mod pristine;
mod protocol;
mod readme;
mod s3;
mod tcp;
