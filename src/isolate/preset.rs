//! Bundles → image: which libraries an isolate has, as bytecode made by this
//! very build, and the tables of what they offer.

use std::sync::{Arc, LazyLock};

use super::door::Bytecode;
use crate::api::{Api, Table};

/// What the image of an isolate is made of, in order of evaluation.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    pub name: &'static str,
    pub bundles: &'static [Bytecode],
}

include!(concat!(env!("OUT_DIR"), "/bundles.rs"));

/// Everything that ships with the crate.
pub const DEFAULT: Preset = Preset { name: "default", bundles: &BUNDLES };

impl Preset {
    /// What its libraries offer.
    pub fn api(&self) -> Arc<Api> {
        static BUILT_IN: LazyLock<Arc<Api>> = LazyLock::new(|| {
            let tables = vec![
                Table::parse(
                    Some("AwsS3"),
                    "the whole of @aws-sdk/client-s3, with Upload, createPresignedPost and getSignedUrl",
                    include_str!("../../bundles/api-aws-s3.txt"),
                ),
                Table::parse(
                    Some("MyLib"),
                    "the team's own library",
                    include_str!("../../bundles/api-my-lib.txt"),
                ),
                Table::parse(None, "the web platform", include_str!("../../bundles/api-web.txt")),
            ];
            Arc::new(Api::new(tables))
        });
        Arc::clone(&BUILT_IN)
    }
}
