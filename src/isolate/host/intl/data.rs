//! The locale data: lines of `bundles/cldr.jsonl`, read when somebody first asks
//! for them and kept for the process. What can be kept is bounded by the file.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{LazyLock, OnceLock},
};

use serde_json::Value;

static TEXT: &str = include_str!("../../../../bundles/cldr.jsonl");

struct Line {
    json: &'static str,
    tree: OnceLock<Value>,
}

/// By locale, then by section.
static LINES: LazyLock<HashMap<&'static str, HashMap<&'static str, Line>>> = LazyLock::new(|| {
    let mut res: HashMap<&str, HashMap<&str, Line>> = HashMap::new();
    for line in TEXT.lines() {
        // `["de-AT","date",{…}]`
        let mut parts = line.splitn(5, '"');
        let (locale, section) = (parts.nth(1), parts.nth(1));
        let json = parts.next().and_then(|it| it.strip_prefix(',')?.strip_suffix(']'));
        let line = Line { json: json.unwrap_or("{}"), tree: OnceLock::new() };
        res.entry(locale.unwrap_or_default())
            .or_default()
            .insert(section.unwrap_or_default(), line);
    }
    res
});

fn tree(locale: &str, section: &str) -> Option<&'static Value> {
    let line = LINES.get(locale)?.get(section)?;
    Some(line.tree.get_or_init(|| {
        serde_json::from_str(line.json).expect("the file is made of JSON by its build")
    }))
}

/// What belongs to no locale.
pub(super) fn core() -> &'static Value {
    tree("", "core").expect("the file begins with this line")
}

/// One section of a locale, with what it inherits.
#[derive(Clone, Debug)]
pub(super) struct Section {
    /// The locale's own first.
    chain: Vec<&'static Value>,
}

impl Section {
    /// `locale` is a [`super::locale::Locale`]'s `data`.
    pub(super) fn of(locale: &str, section: &str) -> Section {
        let mut chain = Vec::new();
        let mut next = Some(locale);
        while let Some(locale) = next {
            chain.extend(tree(locale, section));
            next = core()["parents"][locale].as_str();
        }
        Section { chain }
    }

    pub(super) fn get(&self, path: &[&str]) -> Option<&'static Value> {
        // Null hides what is inherited.
        let find = |tree: &'static Value| {
            path.iter().try_fold(
                tree,
                |tree, key| if tree.is_null() { Some(tree) } else { tree.get(*key) },
            )
        };
        self.chain.iter().find_map(|tree| find(tree)).filter(|it| !it.is_null())
    }

    pub(super) fn text(&self, path: &[&str]) -> Option<&'static str> {
        self.get(path)?.as_str()
    }

    /// One of a list.
    pub(super) fn nth(&self, path: &[&str], idx: usize) -> Option<&'static str> {
        self.get(path)?.get(idx)?.as_str()
    }

    /// The entries of a table, own and inherited.
    pub(super) fn entries(&self, path: &[&str]) -> BTreeMap<&'static str, &'static Value> {
        let mut res = BTreeMap::new();
        for tree in self.chain.iter().rev() {
            let table = path.iter().try_fold(*tree, |tree, key| tree.get(*key));
            for (key, value) in table.and_then(Value::as_object).into_iter().flatten() {
                res.insert(key.as_str(), value);
            }
        }
        res
    }
}
