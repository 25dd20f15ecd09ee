//! Everything that needs more than one module: table of contents.

mod harness;
mod one_worker;

mod check;
mod cli;
mod contract;
mod hostile;
mod kernel;
mod kills;
mod lifecycle;
mod memory;
mod platform;
mod pristine;
mod protocol;
mod readme;
mod rules;
mod s3;
mod snippets;
mod tcp;
mod waiting;
