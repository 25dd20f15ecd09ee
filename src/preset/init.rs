//! npm packages → a folder that is a preset, with the caller's own Node.
//!
//! The kernel brings the script that bundles and reads declarations; Node, npm and
//! the packages are the caller's. No package's own script is run.

use std::{
    fs, io,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Map, Value, json};

/// What stands in the folder as `build.mjs` and `api.mjs`.
const BUILD: &str = include_str!("../../vendor-js/preset.mjs");
const API: &str = include_str!("../../vendor-js/api.mjs");
/// Where the versions of its tools are told.
const TOOLS: &str = include_str!("../../vendor-js/package.json");

/// A package and the global that it becomes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Package {
    pub global: String,
    /// As npm names it.
    pub name: String,
    /// Absent means the newest.
    pub version: Option<String>,
}

/// Globals that everybody writes for a package.
const USUAL_GLOBALS: [(&str, &str); 8] = [
    ("lodash", "_"),
    ("lodash-es", "_"),
    ("underscore", "_"),
    ("ramda", "R"),
    ("zod", "z"),
    ("papaparse", "Papa"),
    ("js-yaml", "yaml"),
    ("mathjs", "math"),
];

impl Package {
    /// `[global=]name[@version]`.
    pub fn parse(text: &str) -> Result<Package, String> {
        let (global, rest) = match text.split_once('=') {
            Some((global, rest)) => (Some(global.to_owned()), rest),
            None => (None, text),
        };
        let (name, version) = match rest.char_indices().skip(1).find(|(_, it)| *it == '@') {
            Some((at, _)) => (&rest[..at], Some(rest[at + 1..].to_owned())),
            None => (rest, None),
        };
        let is_part = |it: char| it.is_ascii_alphanumeric() || "-_./@^~*<>=| ".contains(it);
        if name.is_empty() || name.starts_with(['-', '.']) || !rest.chars().all(is_part) {
            return Err(format!(
                "`{text}` is not `package`, `package@version` or `global=package`"
            ));
        }
        let global = global.unwrap_or_else(|| usual_global(name));
        Ok(Package { global, name: name.to_owned(), version })
    }
}

/// `date-fns` → `dateFns`.
fn usual_global(package: &str) -> String {
    if let Some((_, global)) = USUAL_GLOBALS.iter().find(|(name, _)| *name == package) {
        return (*global).to_owned();
    }
    let mut res = String::new();
    for (idx, word) in package
        .split(|it: char| !it.is_ascii_alphanumeric())
        .filter(|it| !it.is_empty())
        .enumerate()
    {
        if idx == 0 {
            res.push_str(word);
        } else {
            res.push_str(&word[..1].to_ascii_uppercase());
            res.push_str(&word[1..]);
        }
    }
    res
}

/// Makes the folder; answers what the script says. `Err` says what is in the way.
pub fn init(folder: &Path, packages: &[Package]) -> Result<String, String> {
    for tool in ["node", "npm"] {
        let mut command = Command::new(tool);
        command.arg("--version").stdin(Stdio::null());
        match command.output() {
            Ok(output) if output.status.success() => {}
            Ok(_) => return Err(format!("`{tool} --version` fails: Node 20 or newer is needed")),
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                return Err(format!(
                    "there is no `{tool}` on PATH: making a preset from npm packages takes Node 20 \
                     or newer, with npm; one whose bundles you have takes neither (see the README)"
                ));
            }
            Err(err) => return Err(format!("`{tool}` cannot be run: {err}")),
        }
    }
    let manifest = folder.join("preset.toml");
    let description = folder.join("package.json");
    for path in [&manifest, &description] {
        if path.exists() {
            return Err(format!(
                "{} is there already: change `globals` and versions in package.json, and run \
                 `npm install` and `node build.mjs` in that folder",
                path.display()
            ));
        }
    }
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|err| format!("cannot write {}: {err}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|err| format!("cannot make {}: {err}", folder.display()))?;
    let globals: Map<String, Value> =
        packages.iter().map(|it| (it.global.clone(), json!(it.name))).collect();
    let text = json!({
        "name": preset_name(folder),
        "version": "1.0.0",
        "private": true,
        "type": "module",
        "scripts": { "build": "node build.mjs" },
        "globals": globals,
    });
    write("package.json", &format!("{text:#}\n"))?;
    write("build.mjs", BUILD)?;
    write("api.mjs", API)?;

    let tools: Value = serde_json::from_str(TOOLS).expect("our own package.json is JSON");
    let tools = ["esbuild", "typescript"].map(|name| {
        let version = &tools["devDependencies"][name];
        format!("{name}@{}", version.as_str().unwrap_or("latest"))
    });
    let wanted = packages.iter().map(|it| match &it.version {
        Some(version) => format!("{}@{version}", it.name),
        None => it.name.clone(),
    });
    install(folder, "--save-prod", wanted.collect())?;
    install(folder, "--save-dev", tools.to_vec())?;
    let said = run(Command::new("node").arg("build.mjs").current_dir(folder))?;
    Ok(format!("{said}{}\n", manifest.display()))
}

/// A preset's name must be a label.
fn preset_name(folder: &Path) -> String {
    let name = folder.file_name().map(|it| it.to_string_lossy().to_lowercase()).unwrap_or_default();
    let is_part =
        |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-' || it == '_';
    let name: String = name.chars().map(|it| if is_part(it) { it } else { '-' }).take(64).collect();
    match name.trim_matches('-') {
        "" | "default" => "team".to_owned(),
        name => name.to_owned(),
    }
}

fn install(folder: &Path, how: &str, packages: Vec<String>) -> Result<String, String> {
    let flags = ["--save-exact", "--ignore-scripts", "--no-audit", "--no-fund"];
    run(Command::new("npm").arg("install").arg(how).args(flags).args(packages).current_dir(folder))
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().map_err(|err| err.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let program = command.get_program().to_string_lossy();
    Err(format!("{program} failed ({}):\n{}", output.status, stderr.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, global: &str, name: &str, version: Option<&str>) {
        let version = version.map(str::to_owned);
        let expected = Package { global: global.to_owned(), name: name.to_owned(), version };
        assert_eq!(Package::parse(text), Ok(expected));
    }

    #[test]
    fn a_package_may_have_a_global_and_a_version() {
        check("lodash", "_", "lodash", None);
        check("date-fns@4.1.0", "dateFns", "date-fns", Some("4.1.0"));
        check("Zed=zod@^3", "Zed", "zod", Some("^3"));
        check("@scope/some-lib@1", "scopeSomeLib", "@scope/some-lib", Some("1"));
        for text in ["", "-g", "../x", "a;b", "=x;"] {
            assert!(Package::parse(text).is_err(), "{text}");
        }
    }
}
