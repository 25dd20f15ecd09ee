//! A folder → a preset: reads what its `preset.toml` names and compiles it, once
//! for the whole process.

use std::{
    collections::HashMap,
    ffi::CString,
    fs,
    panic::resume_unwind,
    path::{Path, PathBuf},
    thread,
};

use super::{
    DEFAULT, Parts, Preset, PresetError,
    manifest::{Global, Manifest, check_kept},
};
use crate::isolate::{
    door::{Form, compile},
    stack,
};

/// What stacks call a bundle of a folder, so that its frames are known as such.
pub(crate) const FILE_PREFIX: &str = "preset:";
/// A bundle's source: the image that it must fit into is not much larger.
const MAX_SOURCE_BYTES: u64 = 32 << 20;
const MAX_TABLE_BYTES: u64 = 8 << 20;
const MAX_MANIFEST_BYTES: u64 = 1 << 20;

/// A preset's folder whose `preset.toml` has been read.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    manifest: Manifest,
}

impl Folder {
    pub fn open(path: &Path) -> Result<Folder, PresetError> {
        let file = path.join("preset.toml");
        let text = read(&file, MAX_MANIFEST_BYTES)?;
        let manifest = Manifest::parse(&file, &text)?;
        let built_in: Vec<&str> = DEFAULT.libraries().iter().map(|it| it.global).collect();
        for kept in &manifest.keep {
            check_kept(&file, kept, &built_in)?;
        }
        Ok(Folder { path: path.to_owned(), manifest })
    }

    /// What requests will name it by.
    pub fn name(&self) -> &str {
        &self.manifest.name
    }

    pub(super) fn name_is_taken(&self) -> PresetError {
        let message = format!("another preset is named `{}`", self.manifest.name);
        PresetError::new(&self.path.join("preset.toml"), Some(self.manifest.name_line), message)
    }

    /// Reads and compiles its bundles. What they do when they are evaluated is
    /// seen when an image is built.
    pub fn load(self) -> Result<Preset, PresetError> {
        let mut parts = Parts::default();
        for kept in &self.manifest.keep {
            parts.keep(&kept.name);
        }
        let mut compiled = self.compile_all();
        for global in &self.manifest.globals {
            let table = match &global.api {
                None => "",
                Some(file) => self.named(file, global.api_line, MAX_TABLE_BYTES)?.leak(),
            };
            let shown = self.path.join(&global.bundle).display().to_string();
            // Asked for by the first global of each bundle.
            let bytes = || compiled.remove(&*global.bundle).expect("each bundle is compiled");
            parts.add(global, &global.bundle, shown.leak(), bytes, table)?;
        }
        Ok(parts.finish(self.manifest.name, self.manifest.version))
    }

    /// By file; each on a thread of its own, since most of a start goes by with it.
    fn compile_all(&self) -> HashMap<&str, Result<&'static [u8], PresetError>> {
        let bundles: HashMap<&str, &Global> =
            self.manifest.globals.iter().rev().map(|it| (&*it.bundle, it)).collect();
        thread::scope(|scope| {
            let all = bundles.into_iter().map(|(file, global)| {
                let work = scope.spawn(move || self.compile(global));
                (file, work)
            });
            let all: Vec<_> = all.collect();
            all.into_iter()
                .map(|(file, work)| (file, work.join().unwrap_or_else(|it| resume_unwind(it))))
                .collect()
        })
    }

    fn compile(&self, global: &Global) -> Result<&'static [u8], PresetError> {
        let source = self.named(&global.bundle, global.bundle_line, MAX_SOURCE_BYTES)?;
        let form = match Path::new(&global.bundle).extension() {
            Some(it) if it == "mjs" => Form::Module,
            _ => Form::Script,
        };
        let file = format!("{FILE_PREFIX}{}", global.bundle);
        let file = CString::new(file).unwrap_or_else(|_nul| c"preset:bundle".to_owned());
        match compile(&file, &source, form) {
            Ok(bytes) => Ok(bytes.leak()),
            Err(err) => {
                let path = self.path.join(&global.bundle);
                let line = stack::line_in(&err.stack, FILE_PREFIX).map(|it| it.line as usize);
                let is_module = form == Form::Script
                    && source
                        .lines()
                        .any(|it| it.starts_with("export ") || it.starts_with("import "));
                let hint = match err.message.contains("could not load module") {
                    true => "; a bundle has in it what it needs",
                    false if is_module => "; an ES module is a file `.mjs`",
                    false => "",
                };
                Err(PresetError::new(&path, line, format!("{}{hint}", err.message)))
            }
        }
    }

    /// A file that line `line` of `preset.toml` names.
    fn named(&self, file: &str, line: usize, max_bytes: u64) -> Result<String, PresetError> {
        read(&self.path.join(file), max_bytes).map_err(|err| {
            let message = format!("`{file}` {}", err.message);
            PresetError::new(&self.path.join("preset.toml"), Some(line), message)
        })
    }
}

fn read(path: &Path, max_bytes: u64) -> Result<String, PresetError> {
    let unreadable = |err| PresetError::unreadable(path, &err);
    let n_bytes = fs::metadata(path).map_err(unreadable)?.len();
    if n_bytes > max_bytes {
        let message = format!("is {n_bytes} bytes long; {max_bytes} are the limit");
        return Err(PresetError::new(path, None, message));
    }
    fs::read_to_string(path).map_err(unreadable)
}
