//! `preset.toml`: what it may say, and where it is wrong. Opens no other file.

use std::path::{Component, Path};

use serde::Deserialize;
use toml::Spanned;

use super::PresetError;
use crate::spelling::suggestion;

/// For a name that becomes a label, a word in a message, or an identifier.
const MAX_NAME_BYTES: usize = 64;
const MAX_ABOUT_CHARS: usize = 200;
const MAX_GLOBALS: usize = 100;

/// A `preset.toml` that makes sense in itself.
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) name: String,
    pub(super) name_line: usize,
    pub(super) version: String,
    /// Globals of the built-in preset that come first.
    pub(super) keep: Vec<Kept>,
    /// In order of evaluation.
    pub(super) globals: Vec<Global>,
}

#[derive(Debug)]
pub(super) struct Kept {
    pub(super) name: String,
    pub(super) line: usize,
}

#[derive(Debug)]
pub(super) struct Global {
    pub(super) name: String,
    /// Files of the preset's folder.
    pub(super) bundle: String,
    pub(super) bundle_line: usize,
    pub(super) api: Option<String>,
    pub(super) api_line: usize,
    pub(super) package: Option<String>,
    pub(super) about: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    name: Spanned<String>,
    version: Spanned<String>,
    #[serde(default)]
    keep: Vec<Spanned<String>>,
    #[serde(default)]
    global: Vec<WireGlobal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireGlobal {
    name: Spanned<String>,
    bundle: Spanned<String>,
    api: Option<Spanned<String>>,
    package: Option<Spanned<String>>,
    about: Spanned<String>,
}

impl Manifest {
    /// `path` is for messages.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Manifest, PresetError> {
        let wire: Wire = toml::from_str(text).map_err(|err| {
            let line = err.span().map(|span| line_of(text, span.start));
            PresetError::new(path, line, err.message().trim_end().replace('\n', "; "))
        })?;
        let at = Reader { path, text };
        at.require(
            &wire.name,
            is_label(wire.name.get_ref()),
            "a name is made of lower-case letters, digits, - and _, at most 64 of them",
        )?;
        let version = wire.version.get_ref();
        let is_version = (1..=MAX_NAME_BYTES).contains(&version.len())
            && version.bytes().all(|it| it.is_ascii_graphic() && it != b'"');
        at.require(&wire.version, is_version, "a version is a short word such as 1.2.0")?;
        if wire.global.len() > MAX_GLOBALS {
            let message =
                format!("it has {} globals; {MAX_GLOBALS} are the limit", wire.global.len());
            return Err(PresetError::new(path, None, message));
        }
        let mut seen: Vec<&str> = Vec::new();
        for name in wire.keep.iter().chain(wire.global.iter().map(|it| &it.name)) {
            at.require(
                name,
                is_global(name.get_ref()),
                "a global is an identifier, and not `input`",
            )?;
            if seen.contains(&name.get_ref().as_str()) {
                return Err(
                    at.error(name, "a global of this name is there already, kept or listed before")
                );
            }
            seen.push(name.get_ref());
        }
        let keep = wire.keep.iter();
        let keep = keep.map(|it| Kept { name: it.get_ref().clone(), line: at.line(it) }).collect();
        let globals = wire.global.iter().map(|it| at.global(it)).collect::<Result<_, _>>()?;
        Ok(Manifest {
            name_line: at.line(&wire.name),
            name: wire.name.into_inner(),
            version: wire.version.into_inner(),
            keep,
            globals,
        })
    }
}

/// Knows where things stand.
struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn line<T>(&self, value: &Spanned<T>) -> usize {
        line_of(self.text, value.span().start)
    }

    fn error(&self, value: &Spanned<String>, message: &str) -> PresetError {
        let message = format!("`{}`: {message}", value.get_ref().escape_debug());
        PresetError::new(self.path, Some(self.line(value)), message)
    }

    fn require(
        &self,
        value: &Spanned<String>,
        is_right: bool,
        rule: &str,
    ) -> Result<(), PresetError> {
        if is_right { Ok(()) } else { Err(self.error(value, rule)) }
    }

    fn global(&self, wire: &WireGlobal) -> Result<Global, PresetError> {
        let WireGlobal { name, bundle, api, package, about } = wire;
        for file in [Some(bundle), api.as_ref()].into_iter().flatten() {
            self.require(file, is_inside(file.get_ref()), "a file lies in the preset's folder")?;
        }
        let is_line = |it: &str| {
            !it.is_empty()
                && it.chars().count() <= MAX_ABOUT_CHARS
                && !it.chars().any(char::is_control)
        };
        self.require(
            about,
            is_line(about.get_ref()),
            "it is described in one line of at most 200 characters",
        )?;
        if let Some(package) = package {
            self.require(
                package,
                is_line(package.get_ref()),
                "a package is named as npm names it",
            )?;
        }
        Ok(Global {
            name: name.get_ref().clone(),
            bundle: bundle.get_ref().clone(),
            bundle_line: self.line(bundle),
            api: api.as_ref().map(|it| it.get_ref().clone()),
            api_line: api.as_ref().map_or(0, |it| self.line(it)),
            package: package.as_ref().map(|it| it.get_ref().clone()),
            about: about.get_ref().clone(),
        })
    }
}

/// That `keep` names what is built in; said apart, since the built-in preset is
/// read in the same way.
pub(super) fn check_kept(
    path: &Path,
    kept: &Kept,
    known: &[&'static str],
) -> Result<(), PresetError> {
    if known.contains(&kept.name.as_str()) {
        return Ok(());
    }
    let near = suggestion(&kept.name, known.iter().copied());
    let known = known.join(", ");
    let message = format!("`{}` is not built in{near}; there are {known}", kept.name);
    Err(PresetError::new(path, Some(kept.line), message))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|it| **it == b'\n').count() + 1
}

fn is_label(name: &str) -> bool {
    let is_word =
        |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-' || it == b'_';
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(is_word)
}

fn is_global(name: &str) -> bool {
    let is_part = |it: u8| it.is_ascii_alphanumeric() || it == b'_' || it == b'$';
    (1..=MAX_NAME_BYTES).contains(&name.len())
        && name.bytes().all(is_part)
        && !name.starts_with(|it: char| it.is_ascii_digit())
        && name != "input"
}

fn is_inside(file: &str) -> bool {
    !file.is_empty() && Path::new(file).components().all(|it| matches!(it, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_error(text: &str, expected: &str) {
        let err = Manifest::parse(Path::new("p/preset.toml"), text).unwrap_err();
        assert_eq!(err.to_string(), expected, "{text}");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        check_error("name = 1", "p/preset.toml:1: invalid type: integer `1`, expected a string");
        check_error(
            "name = \"x\"\nversion = ",
            "p/preset.toml:2: string values must be quoted, expected literal string",
        );
        check_error("name = \"x\"", "p/preset.toml:1: missing field `version`");
        check_error(
            "name = \"x\"\nversion = \"1\"\nkeeps = []",
            "p/preset.toml:3: unknown field `keeps`, expected one of `name`, `version`, `keep`, `global`",
        );
        check_error(
            "name = \"My Team\"\nversion = \"1\"",
            "p/preset.toml:1: `My Team`: a name is made of lower-case letters, digits, - and _, at most 64 of them",
        );
        let global = |name: &str, bundle: &str| {
            format!("\n[[global]]\nname = \"{name}\"\nbundle = \"{bundle}\"\nabout = \"it\"\n")
        };
        let with = |rest: &str| format!("name = \"x\"\nversion = \"1\"\nkeep = [\"AwsS3\"]{rest}");
        check_error(
            &with(&global("input", "a.js")),
            "p/preset.toml:5: `input`: a global is an identifier, and not `input`",
        );
        check_error(
            &with(&global("AwsS3", "a.js")),
            "p/preset.toml:5: `AwsS3`: a global of this name is there already, kept or listed before",
        );
        check_error(
            &with(&global("a", "../a.js")),
            "p/preset.toml:6: `../a.js`: a file lies in the preset's folder",
        );
    }
}
