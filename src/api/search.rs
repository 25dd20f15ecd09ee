//! Words → names, best first.

use super::{Api, Decl, Found, Kind, Table};

/// What people say, and what the libraries call it.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("create", "put"),
    ("directory", "prefix"),
    ("download", "get"),
    ("exist", "head"),
    ("exists", "head"),
    ("file", "object"),
    ("folder", "prefix"),
    ("info", "head"),
    ("presign", "signed"),
    ("presigned", "signed"),
    ("read", "get"),
    ("remove", "delete"),
    ("rename", "copy"),
    ("save", "put"),
    ("stat", "head"),
    ("store", "put"),
    ("temporary", "signed"),
    ("upload", "put"),
    ("write", "put"),
];

/// One word of a query, and what else it may mean.
struct Word {
    text: String,
    other: Option<&'static str>,
}

impl Api {
    /// What `query` may mean, best first.
    pub(super) fn ranked(&self, query: &str) -> Vec<Found<'_>> {
        let words = words_of(query);
        let mut hits: Vec<(i32, usize, Found<'_>)> = Vec::new();
        for table in self.tables() {
            for &decl in table.decls() {
                let score = score(table, decl, &words);
                let found = Found { table, decl };
                if score > 0 && self.exists(found) {
                    hits.push((score, hits.len(), found));
                }
            }
        }
        hits.sort_by_key(|&(score, idx, _)| (-score, idx));
        hits.into_iter().map(|(_, _, found)| found).collect()
    }
}

fn words_of(query: &str) -> Vec<Word> {
    // `PutObjectCommand` and `putObject` are words run together.
    let mut text = String::new();
    let mut before = ' ';
    for it in query.chars().take(400) {
        if it.is_uppercase() && before.is_lowercase() {
            text.push(' ');
        }
        text.push(if it.is_alphanumeric() { it } else { ' ' });
        before = it;
    }
    let is_filler = |it: &&str| {
        !matches!(*it, "a" | "an" | "the" | "of" | "in" | "to" | "from" | "command" | "aws" | "s3")
    };
    let text = text.to_lowercase();
    let all = text.split_whitespace().filter(is_filler).take(16);
    all.map(|word| {
        let text = match word.strip_suffix('s') {
            Some(singular) if singular.len() > 2 && !singular.ends_with('s') => singular,
            _ => word,
        };
        let other = OTHER_WORDS.iter().find(|(it, _)| *it == text || *it == word);
        Word { text: text.to_owned(), other: other.map(|(_, other)| *other) }
    })
    .collect()
}

fn score(table: &Table, decl: Decl, words: &[Word]) -> i32 {
    let name = table.lower(decl.name);
    let doc = table.lower(decl.doc);
    let members = table.lower(decl.members);
    let mut n_hits = 0;
    let mut res = 0;
    for word in words {
        let direct = score_word(decl.name, name, doc, members, &word.text);
        let other =
            word.other.map_or(0, |it| score_word(decl.name, name, doc, members, it) * 4 / 5);
        let best = direct.max(other);
        n_hits += i32::from(best > 0);
        res += best;
    }
    // The global's own name finds what belongs to it.
    if n_hits == 0 {
        return 0;
    }
    if n_hits == words.len() as i32 {
        res += 40;
    }
    // Of two that match alike, the plainer is meant.
    res -= decl.name.len() as i32 / 3;
    res += match decl.kind {
        Kind::Command | Kind::Function => 20,
        Kind::Class | Kind::Object => 12,
        Kind::Const | Kind::Enum | Kind::Error => 0,
        Kind::Interface | Kind::Alias => -15,
    };
    if decl.doc.starts_with("deprecated") { res - 30 } else { res }
}

fn score_word(name: &str, lower_name: &str, doc: &str, members: &str, word: &str) -> i32 {
    match lower_name.find(word) {
        _ if lower_name == word => 60,
        // At a hump of the name, or somewhere in it.
        Some(_) if starts_hump(name, lower_name, word) => 30,
        Some(_) => 12,
        None if doc.contains(word) => 8,
        None if members.contains(word) => 3,
        None => 0,
    }
}

fn starts_hump(name: &str, lower_name: &str, word: &str) -> bool {
    lower_name
        .match_indices(word)
        .any(|(at, _)| at == 0 || name.as_bytes().get(at).is_some_and(u8::is_ascii_uppercase))
}
