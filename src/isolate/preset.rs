//! Bundles → image: which libraries an isolate has, as bytecode made by this
//! very build.

use super::door::Bytecode;

/// What the image of an isolate is made of, in order of evaluation.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    pub name: &'static str,
    pub bundles: &'static [Bytecode],
}

include!(concat!(env!("OUT_DIR"), "/bundles.rs"));

/// Everything that ships with the crate.
pub const DEFAULT: Preset = Preset { name: "default", bundles: &BUNDLES };
