//! Bundles → image: which libraries an isolate has, as bytecode, and the tables of
//! what they offer.
//!
//! A preset is a folder with a `preset.toml`. The built-in one is described by the
//! same file, and its bundles were compiled when the crate was built; others are
//! read and compiled when the process starts. Either way a preset stays for as
//! long as the process, so it is leaked: images, tables and labels refer to it
//! without counting. Nothing is evaluated here.

mod folder;
mod manifest;

use std::{
    ffi::{CStr, CString},
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, OnceLock},
};

pub(crate) use self::folder::FILE_PREFIX;
pub use self::folder::Folder;
use self::manifest::Manifest;
use super::door::{Bytecode, Form, compile};
use crate::api::{Api, Table};

/// What the image of an isolate is made of, and what that offers.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// What requests name it by.
    pub name: &'static str,
    pub version: &'static str,
    /// In order of evaluation.
    pub bundles: &'static [Bytecode],
    libraries: &'static [Library],
    api: &'static OnceLock<Arc<Api>>,
}

/// What is known of one global beside its code.
#[derive(Clone, Copy, Debug)]
pub struct Library {
    pub global: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// The npm package that it stands for.
    pub package: Option<&'static str>,
    /// Its declarations; may be empty.
    table: &'static str,
}

/// Why a folder is no preset.
#[derive(Debug)]
pub struct PresetError {
    pub path: PathBuf,
    /// From 1.
    pub line: Option<usize>,
    pub message: String,
}

include!(concat!(env!("OUT_DIR"), "/bundles.rs"));

/// The web platform, which every preset begins with.
const PRELUDE: Bytecode = Bytecode { name: "prelude", bytes: PRELUDE_BYTES, globals: &[] };

/// Everything that ships with the crate.
pub static DEFAULT: LazyLock<Preset> = LazyLock::new(built_in);

fn built_in() -> Preset {
    let text = include_str!("../../bundles/preset.toml");
    let manifest = Manifest::parse(Path::new("bundles/preset.toml"), text)
        .expect("tests::the_built_in_preset_is_described_like_any_other reads it");
    let mut parts = Parts::default();
    for global in &manifest.globals {
        let named = |file: &str, files: &[(&str, &'static [u8])]| {
            files.iter().find(|(name, _)| *name == file).map(|(_, bytes)| *bytes)
        };
        let bytes = named(&global.bundle, BUNDLES).expect("the same test sees every file");
        let table = global.api.as_deref().and_then(|file| named(file, TABLES)).unwrap_or_default();
        let table = str::from_utf8(table).expect("build.mjs writes UTF-8");
        let name = global.bundle.trim_end_matches(".js");
        parts
            .add(global, &global.bundle, Box::leak(name.into()), || Ok::<_, ()>(bytes), table)
            .expect("it is compiled already");
    }
    parts.finish(manifest.name, manifest.version)
}

/// A preset that is being put together.
#[derive(Default)]
struct Parts {
    /// By file.
    bundles: Vec<(String, Bytecode)>,
    libraries: Vec<Library>,
}

impl Parts {
    /// Adds a global, and the bundle that sets it, unless that one is here already.
    fn add<E>(
        &mut self,
        global: &manifest::Global,
        file: &str,
        name: &'static str,
        compiled: impl FnOnce() -> Result<&'static [u8], E>,
        table: &'static str,
    ) -> Result<(), E> {
        let c_name = CString::new(global.name.as_str()).expect("an identifier has no NUL");
        let c_name: &'static CStr = Box::leak(c_name.into_boxed_c_str());
        match self.bundles.iter_mut().find(|(it, _)| it == file) {
            Some((_, bundle)) => bundle.globals = [bundle.globals, &[c_name]].concat().leak(),
            None => {
                let bytes = compiled()?;
                let globals = vec![c_name].leak();
                self.bundles.push((file.to_owned(), Bytecode { name, bytes, globals }));
            }
        }
        self.libraries.push(Library {
            global: leak(&global.name),
            about: leak(&global.about),
            package: global.package.as_deref().map(leak),
            table,
        });
        Ok(())
    }

    /// Takes over what the built-in preset has for `global`.
    fn keep(&mut self, global: &str) {
        let has = |it: &&Bytecode| it.globals.iter().any(|it| it.to_bytes() == global.as_bytes());
        let bundle = DEFAULT.bundles.iter().find(has);
        self.bundles.extend(bundle.map(|it| (String::new(), *it)));
        self.libraries.extend(DEFAULT.libraries.iter().filter(|it| it.global == global));
    }

    fn finish(self, name: String, version: String) -> Preset {
        let bundles = std::iter::once(PRELUDE).chain(self.bundles.into_iter().map(|(_, it)| it));
        Preset {
            name: leak(&name),
            version: leak(&version),
            bundles: bundles.collect::<Vec<_>>().leak(),
            libraries: self.libraries.leak(),
            api: Box::leak(Box::default()),
        }
    }
}

/// The presets of a process: those of the folders, the first of which is for
/// requests that name none, and the built-in one.
pub fn load_all(folders: &[PathBuf]) -> Result<Vec<Preset>, PresetError> {
    let mut folders = folders.iter().map(|it| Folder::open(it)).collect::<Result<Vec<_>, _>>()?;
    for idx in 0..folders.len() {
        let is_same = |it: &Folder| it.name() == folders[idx].name();
        if folders[..idx].iter().any(is_same) || folders[idx].name() == DEFAULT.name {
            return Err(folders.swap_remove(idx).name_is_taken());
        }
    }
    let loaded = folders.into_iter().map(Folder::load);
    loaded.chain([Ok(*DEFAULT)]).collect()
}

impl Library {
    /// Whether its declarations are known.
    pub fn has_table(&self) -> bool {
        !self.table.is_empty()
    }
}

fn leak(text: &str) -> &'static str {
    text.to_owned().leak()
}

impl Preset {
    /// For an isolate that will run `code` and nothing else. Whatever looks as if it
    /// could get at a library, by name or through the global object, finds all of
    /// the built-in preset; building it without takes a sixth of the time.
    pub fn for_one(code: &str) -> Preset {
        const WAYS: [&str; 7] =
            ["global", "self", "eval", "Function", "constructor", "Reflect", "\\u"];
        const NAMES: [&str; 3] = ["aws", "s3", "lib"];
        let lower = code.to_ascii_lowercase();
        let may =
            WAYS.iter().any(|it| code.contains(it)) || NAMES.iter().any(|it| lower.contains(it));
        if may { *DEFAULT } else { DEFAULT.without_libraries() }
    }

    /// The same, with a look after each bundle of its own whether that has left alone
    /// what is not its own. For looking at a preset, not for serving.
    #[must_use]
    pub fn witnessed(self) -> Preset {
        let script = |source: &str| -> &'static [u8] {
            let bytes = compile(c"witness.js", source, Form::Script);
            bytes.expect("tests/it/presets.rs has seen it compile").leak()
        };
        let (look, compare) = (script(include_str!("../preset/witness.js")), script("__witness()"));
        let is_own = |it: &&Bytecode| !DEFAULT.bundles.iter().any(|known| known.name == it.name);
        let (own, kept): (Vec<_>, Vec<_>) = self.bundles.iter().partition(is_own);
        let mut bundles: Vec<Bytecode> = kept.into_iter().copied().collect();
        bundles.push(Bytecode { name: "witness", bytes: look, globals: &[] });
        for bundle in own {
            bundles.extend([*bundle, Bytecode { bytes: compare, globals: &[], ..*bundle }]);
        }
        Preset { bundles: bundles.leak(), ..self }
    }

    /// The platform alone; what is known of the libraries stays.
    #[must_use]
    pub fn without_libraries(self) -> Preset {
        Preset { bundles: self.bundles.split_at(1).0, ..self }
    }

    /// Whether it was tried out when the crate was built and tested.
    pub fn is_built_in(&self) -> bool {
        self.name == DEFAULT.name
    }

    pub fn libraries(&self) -> &'static [Library] {
        self.libraries
    }

    /// What its libraries offer.
    pub fn api(&self) -> Arc<Api> {
        let api = self.api.get_or_init(|| {
            let web = include_str!("../../bundles/api-web.txt");
            let tables = self.libraries.iter().map(|it| {
                Table::parse(Some(it.global), it.about, it.table).with_package(it.package)
            });
            let platform = Table::parse(None, "the web platform", web);
            Arc::new(Api::new(tables.chain([platform]).collect()))
        });
        Arc::clone(api)
    }

    #[cfg(test)]
    pub(super) fn of_bundles(bundles: Vec<Bytecode>) -> Preset {
        Preset { name: "test", bundles: bundles.leak(), ..*DEFAULT }
    }
}

impl PresetError {
    fn new(path: &Path, line: Option<usize>, message: impl Into<String>) -> PresetError {
        PresetError { path: path.to_owned(), line, message: message.into() }
    }

    fn unreadable(path: &Path, err: &io::Error) -> PresetError {
        PresetError::new(path, None, format!("cannot be read: {err}"))
    }
}

impl fmt::Display for PresetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}", self.message)
    }
}

impl std::error::Error for PresetError {}

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
        let bundles = Preset::for_one(greeting).bundles;
        assert_eq!((bundles.len(), bundles[0].name), (1, "prelude"));
    }

    #[test]
    fn the_built_in_preset_is_described_like_any_other() {
        let globals: Vec<_> = DEFAULT.libraries().iter().map(|it| it.global).collect();
        assert_eq!((DEFAULT.name, globals), ("default", vec!["AwsS3", "MyLib"]));
        let bundles: Vec<_> = DEFAULT.bundles.iter().map(|it| it.name).collect();
        assert_eq!(bundles, ["prelude", "aws-s3", "my-lib"]);
        assert!(DEFAULT.libraries().iter().all(|it| !it.table.is_empty()));
    }
}
