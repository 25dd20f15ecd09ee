//! Everything that needs more than one module: table of contents.

mod harness;
mod one_worker;

mod check;
mod cli;
mod contract;
mod faults;
mod fetch;
mod fuzz;
mod hostile;
mod hostile_input;
mod intl;
mod kernel;
mod kills;
mod lifecycle;
mod lockdown;
mod memory;
mod platform;
mod presets;
mod pristine;
mod protocol;
mod readme;
mod recipe;
mod rude_peers;
mod rules;
mod s3;
mod snippets;
mod tcp;
mod telemetry;
mod waiting;
