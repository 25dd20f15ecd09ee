//! Everything that needs more than one module, and the real programs.

mod s3;
