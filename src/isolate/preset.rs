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

/// The same without the libraries: it is built in a sixth of the time.
const PLATFORM: Preset = Preset { name: "default", bundles: BUNDLES.as_slice().split_at(1).0 };

impl Preset {
    /// For an isolate that will run `code` and nothing else. Whatever looks as if it
    /// could get at a library, by name or through the global object, finds all.
    pub fn for_one(code: &str) -> Preset {
        const WAYS: [&str; 7] =
            ["global", "self", "eval", "Function", "constructor", "Reflect", "\\u"];
        const NAMES: [&str; 3] = ["aws", "s3", "lib"];
        let lower = code.to_ascii_lowercase();
        let may =
            WAYS.iter().any(|it| code.contains(it)) || NAMES.iter().any(|it| lower.contains(it));
        if may { DEFAULT } else { PLATFORM }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_run_has_the_libraries_if_it_could_look_for_them() {
        for code in [
            "return Object.keys(AwsS3)",
            "new awss3.Client()",
            "return MyLib.slugify(input.text)",
            "return globalThis[input.name]",
            "return (() => {}).constructor('return ' + input.name)()",
            "return eval(input.name)",
            "return \\u0041wsS3",
        ] {
            assert_eq!(Preset::for_one(code).bundles.len(), DEFAULT.bundles.len(), "{code}");
        }
        let greeting = "return { greeting: `hi ${input.name}` };";
        assert_eq!(Preset::for_one(greeting).bundles.len(), 1);
        assert_eq!(PLATFORM.bundles[0].name, "prelude");
    }
}
