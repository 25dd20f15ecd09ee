//! The contract for a model's system prompt, made from what is loaded and from
//! the limits in force, so that it cannot drift from either.

use std::time::Duration;

use crate::{
    api::{Api, Found, Kind, Table, within},
    policy::Policy,
};

/// Declarations that a table may have for all of them to be listed.
const SMALL_TABLE: usize = 24;
/// What stands first of a large one.
const FIRST_OF_LARGE: &[&str] = &[
    "GetObjectCommand",
    "PutObjectCommand",
    "ListObjectsV2Command",
    "DeleteObjectCommand",
    "HeadObjectCommand",
    "CopyObjectCommand",
    "paginateListObjectsV2",
    "getSignedUrl",
    "Upload",
];

/// What holds for the runs of a kernel.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    pub timeout: Option<Duration>,
    pub memory_bytes: usize,
    pub source_bytes: usize,
    pub output_bytes: usize,
    pub log_bytes: usize,
    pub policy: &'a Policy,
}

/// An example, and the global that it needs.
const EXAMPLES: [(Option<&str>, &str, &str); 4] = [
    (
        None,
        r#"input: {"orders":[{"id":"a","total":12.5},{"id":"b","total":7.5}]}"#,
        "\
interface Order { id: string; total: number }
const orders = input.orders as Order[];
return { count: orders.length, sum: orders.reduce((sum, it) => sum + it.total, 0) };
",
    ),
    (
        Some("AwsS3"),
        r#"input: {"bucket":"reports","key":"2024/q3.json"}"#,
        "\
const s3 = new AwsS3.S3Client({});
const { Body } = await s3.send(new AwsS3.GetObjectCommand({ Bucket: input.bucket, Key: input.key }));
return JSON.parse(await Body.transformToString());
",
    ),
    (
        Some("MyLib"),
        r#"input: {"title":"Quarterly report, Q3"}"#,
        "return { slug: MyLib.slugify(input.title) };\n",
    ),
    (
        None,
        r#"input: {"lines":["b=2","a=1"]}"#,
        "\
const pairs = (input.lines as string[]).map((line) => line.split(\"=\"));
return Object.fromEntries(pairs.sort());
",
    ),
];

/// The whole contract, the most important first, within about `n_tokens`.
pub fn prompt(api: &Api, terms: &Terms<'_>, n_tokens: usize) -> String {
    let libraries = match api.globals_in_words() {
        none if none.is_empty() => "There is no library beside the web platform.".to_owned(),
        globals => format!("The libraries are {globals}."),
    };
    let mut lines = vec![
        "You can run TypeScript with `run-code --code '<body>' --input '<json>'`.\n".to_owned(),
        "Write only the body of `async function main(input)`: `await` works at its top level, and \
         what it gives back with `return` must be JSON (plain objects, arrays, strings, numbers, \
         booleans, null; no Map, Date objects become strings, no BigInt, no Promise).\n"
            .to_owned(),
        format!(
            "There is no import, export or require, no file system and no shell. \
             {libraries}\n"
        ),
        "Every run starts from scratch; nothing is kept between runs. `console.log` is for notes, \
         `return` for the result. An error names the line and what to change.\n"
            .to_owned(),
        format!("Limits: {}.\n", limits(terms)),
        format!("Network: {}.\n", network(api, terms.policy)),
    ];
    let mut n_examples = 0;
    for (global, input, code) in EXAMPLES {
        if n_examples < 2 && global.is_none_or(|it| api.table(it).is_some()) {
            lines.push(format!("\nExample, {input}\n```ts\n{code}```\n"));
            n_examples += 1;
        }
    }
    lines.push(
        "\nLook names up instead of guessing: `run-code api search <words>`, \
         `run-code api show <name>`.\n"
            .to_owned(),
    );
    for table in api.tables().iter().filter(|it| it.global.is_some()) {
        lines.extend(section(api, table));
    }
    lines.extend(platform(api));
    within(lines, n_tokens)
}

fn limits(terms: &Terms<'_>) -> String {
    let time = match terms.timeout {
        Some(timeout) => format!("{} ms (`--timeout` changes it)", timeout.as_millis()),
        None => "no time limit".to_owned(),
    };
    format!(
        "{time}, {} of heap, {} of source, {} of result, {} of console output",
        size(terms.memory_bytes),
        size(terms.source_bytes),
        size(terms.output_bytes),
        size(terms.log_bytes)
    )
}

fn network(api: &Api, policy: &Policy) -> String {
    let s3 = match api.table("AwsS3") {
        Some(_) => "AwsS3 reaches S3 with the host's region and credentials (give it none); ",
        None => "",
    };
    let rules = policy.to_string();
    match rules.as_str() {
        "" => format!("{s3}no other host is allowed"),
        _ => format!("{s3}other hosts allowed: {rules}"),
    }
}

fn section(api: &Api, table: &Table) -> Vec<String> {
    let name = table.global.unwrap_or_default();
    let mut res = vec![format!("\n{name}: {}.\n", table.about)];
    let decls = table.decls();
    let is_small = decls.len() <= SMALL_TABLE;
    let listed = decls.iter().filter(|it| is_small && it.is_value()).copied();
    let first = FIRST_OF_LARGE.iter().filter(|_| !is_small).filter_map(|it| table.get(it));
    for decl in listed.chain(first) {
        res.push(format!("- {}\n", api.signature(Found { table, decl })));
    }
    if !is_small {
        let of = |kind| decls.iter().filter(move |it| it.kind == kind).count();
        let more = match of(Kind::Command).saturating_sub(FIRST_OF_LARGE.len()) {
            0 => format!("{} functions and {} classes", of(Kind::Function), of(Kind::Class)),
            n_commands => format!("{n_commands} more commands"),
        };
        res.push(format!("- {more}; `run-code api show {name}` lists them.\n"));
    }
    res
}

/// The names of the web platform that are there.
fn platform(api: &Api) -> Vec<String> {
    let Some(table) = api.tables().iter().find(|it| it.global.is_none()) else {
        return Vec::new();
    };
    let names = table
        .decls()
        .iter()
        .map(|it| it.name)
        .filter(|it| api.inventory().is_none_or(|inventory| inventory.has(it)));
    vec![format!(
        "\nFrom the web platform, besides the language's own: {}.\n",
        names.collect::<Vec<_>>().join(", ")
    )]
}

fn size(n_bytes: usize) -> String {
    match n_bytes {
        _ if n_bytes >= 1 << 20 => format!("{} MiB", n_bytes >> 20),
        _ if n_bytes >= 1 << 10 => format!("{} KiB", n_bytes >> 10),
        _ => format!("{n_bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isolate::preset;

    fn terms(policy: &Policy) -> Terms<'_> {
        Terms {
            timeout: Some(Duration::from_secs(30)),
            memory_bytes: 128 << 20,
            source_bytes: 1 << 20,
            output_bytes: 16 << 20,
            log_bytes: 256 << 10,
            policy,
        }
    }

    #[test]
    fn the_contract_names_limits_rules_and_libraries() {
        let policy =
            Policy::new(["api.example.com:443".parse().unwrap(), "*.corp".parse().unwrap()]);
        let text = prompt(&preset::DEFAULT.api(), &terms(&policy), 2_000);
        for expected in [
            "The libraries are the globals `AwsS3` and `MyLib`.",
            "Limits: 30000 ms (`--timeout` changes it), 128 MiB of heap, 1 MiB of source, 16 MiB of result, 256 KiB of console output.",
            "other hosts allowed: api.example.com:443, *.corp.",
            "new AwsS3.GetObjectCommand({ Bucket: string, Key: string, ",
            "- MyLib.slugify(text: string): string\n",
        ] {
            assert!(text.contains(expected), "{expected}\nis not in\n{text}");
        }
        assert_eq!(text.matches("```ts").count(), 2);
        let none = prompt(&preset::DEFAULT.api(), &terms(&Policy::default()), 2_000);
        assert!(none.contains("no other host is allowed"), "{none}");
        let short = prompt(&preset::DEFAULT.api(), &terms(&policy), 300);
        assert!(short.len() < 1_400, "{} bytes", short.len());
    }
}
