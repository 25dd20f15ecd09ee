//! Which locale a request means: language tags made canonical, the first of them
//! that there is data for, and what follows from it (region, hour cycle, week).
//! What a tag means is ICU4X's business; this knows which tags have data.

use std::collections::HashSet;
use std::sync::LazyLock;

use icu_locale::{
    LanguageIdentifier, Locale as Tag, LocaleCanonicalizer, LocaleExpander,
    extensions::unicode::{Key, Value},
};

use serde_json::json;

use super::{
    Described, MAX_NAME_BYTES, Refusal, check_length,
    data::{Section, core},
};
use crate::isolate::guard;

/// What a snippet gets that names no locale, or none that has data. The kernel's
/// own environment does not show.
pub(super) const DEFAULT: &str = "en-US";

/// Parsed between two looks at whether the run is over; takes a tenth of a millisecond.
const TAGS_AT_ONCE: usize = 16;

static AVAILABLE: LazyLock<HashSet<&'static str>> = LazyLock::new(|| texts("available"));
/// Those that have lines of their own.
static WITH_DATA: LazyLock<HashSet<&'static str>> = LazyLock::new(|| texts("locales"));

thread_local! {
    static CANONICALIZER: LocaleCanonicalizer = const { LocaleCanonicalizer::new_extended() };
    static EXPANDER: LocaleExpander = const { LocaleExpander::new_extended() };
}

fn texts(key: &str) -> HashSet<&'static str> {
    core()[key].as_array().into_iter().flatten().filter_map(|it| it.as_str()).collect()
}

/// A locale that there is data for.
#[derive(Clone, Debug)]
pub(super) struct Locale {
    /// Without extensions: what the request gets told.
    pub(super) tag: String,
    /// Whose lines to read.
    pub(super) data: &'static str,
    pub(super) language: String,
    script: String,
    pub(super) region: String,
    /// For ICU4X.
    pub(super) id: LanguageIdentifier,
    /// The `-u-` keywords of the request, canonical.
    keywords: Vec<(String, String)>,
}

impl Locale {
    /// Of several requested tags, a line each, the first that has data.
    pub(super) fn resolve(tags: &str) -> Result<Locale, Refusal> {
        let mut found = None;
        for tag in parsed(tags) {
            let tag = tag?;
            found = found.or_else(|| Locale::of(&tag));
        }
        Ok(found.unwrap_or_else(Locale::default))
    }

    fn of(tag: &Tag) -> Option<Locale> {
        let found = best_available(&tag.id)?;
        let mut max = found.clone();
        EXPANDER.with(|it| it.maximize(&mut max));
        let data = data_locale(&found, &max)?;
        let keywords = tag
            .extensions
            .unicode
            .keywords
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect();
        Some(Locale {
            tag: found.to_string(),
            data,
            language: found.language.to_string(),
            script: max.script.map(|it| it.to_string()).unwrap_or_default(),
            region: max.region.map(|it| it.to_string()).unwrap_or_default(),
            id: found,
            keywords,
        })
    }

    /// The value of a `-u-` keyword of the request. A keyword without a value
    /// means "true".
    pub(super) fn keyword(&self, key: &str) -> Option<&str> {
        let (_, value) = self.keywords.iter().find(|(it, _)| it == key)?;
        Some(if value.is_empty() { "true" } else { value })
    }

    /// The tag with the keywords that took effect.
    pub(super) fn with_keywords(&self, effective: &[(&str, &str)]) -> String {
        let mut res = self.tag.clone();
        for (key, value) in effective {
            if !res.contains("-u") {
                res.push_str("-u");
            }
            res.push('-');
            res.push_str(key);
            if *value != "true" {
                res.push('-');
                res.push_str(value);
            }
        }
        res
    }

    /// What else than its own order it can be sorted by.
    pub(super) fn collations(&self) -> &'static [&'static str] {
        match self.language.as_str() {
            "ar" => &["compat", "emoji", "eor"],
            "de" => &["emoji", "eor", "phonebk"],
            "es" | "fi" | "sv" | "vi" => &["emoji", "eor", "trad"],
            "ja" | "ko" => &["emoji", "eor", "unihan"],
            "zh" => &["emoji", "eor", "pinyin", "stroke", "unihan", "zhuyin"],
            _ => &["emoji", "eor"],
        }
    }

    /// Which of them is its own.
    pub(super) fn own_collation(&self) -> &'static str {
        match self.language.as_str() {
            "zh" if self.script == "Hant" => "stroke",
            "zh" => "pinyin",
            _ => "",
        }
    }

    /// An entry of a table by region, or the world's.
    pub(super) fn by_region(
        &self,
        table: &'static serde_json::Value,
    ) -> &'static serde_json::Value {
        let own = format!("{}-{}", self.language, self.region);
        table.get(&own).or_else(|| table.get(&self.region)).unwrap_or(&table["001"])
    }
}

impl Default for Locale {
    fn default() -> Locale {
        let tag = DEFAULT.parse().expect("a well-formed tag");
        Locale::of(&tag).expect("the default locale has data")
    }
}

/// The tags of a request, a line each. Ends early with its run.
fn parsed(tags: &str) -> impl Iterator<Item = Result<Tag, Refusal>> {
    tags.lines().enumerate().map(|(idx, tag)| {
        if idx.is_multiple_of(TAGS_AT_ONCE) && guard::is_asked() {
            return Err(Refusal::range("the run is over".to_owned()));
        }
        parse(tag)
    })
}

/// A tag of a request, made canonical.
pub(super) fn parse(tag: &str) -> Result<Tag, Refusal> {
    let incorrect = || Refusal::range("Incorrect locale information provided".to_owned());
    check_length("a language tag has", tag, MAX_NAME_BYTES)?;
    if tag.contains('_') {
        return Err(incorrect());
    }
    let mut tag: Tag = tag.parse().map_err(|_| incorrect())?;
    CANONICALIZER.with(|it| it.canonicalize(&mut tag));
    Ok(tag)
}

/// Tags, a line each, made canonical.
pub(super) fn canonical(tags: &str) -> Result<String, Refusal> {
    let tags = parsed(tags).map(|it| Ok(it?.to_string()));
    Ok(tags.collect::<Result<Vec<String>, Refusal>>()?.join("\n"))
}

/// Those of the tags that have data.
pub(super) fn supported(tags: &str) -> Result<String, Refusal> {
    let mut found = Vec::new();
    for tag in parsed(tags) {
        let tag = tag?;
        if best_available(&tag.id).is_some() {
            found.push(tag.to_string());
        }
    }
    Ok(found.join("\n"))
}

/// What follows from a locale, for the `…Info` properties of `Intl.Locale`.
pub(super) fn info(tag: &str) -> Result<String, Refusal> {
    let locale = Locale::resolve(tag)?;
    let cycle = |letter: &str| match letter {
        "h" => Some("h12"),
        "H" => Some("h23"),
        "K" => Some("h11"),
        "k" => Some("h24"),
        _ => None,
    };
    let hours = locale.by_region(&core()["hours"]);
    let default = hours[0].as_str().and_then(cycle);
    let week = |key: &str| {
        let table = &core()["week"][key];
        table.get(&locale.region).unwrap_or(&table["001"]).as_str().unwrap_or("")
    };
    let day = |name: &str| {
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
            .iter()
            .position(|it| *it == name)
            .map_or(7, |it| it + 1)
    };
    let (start, end) = (day(week("start")), day(week("end")));
    let weekend: Vec<usize> = if start <= end { (start..=end).collect() } else { vec![end, start] };
    let mut res = Described::default();
    let calendar = if locale.language == "th" { "buddhist" } else { "gregory" };
    let direction = if matches!(locale.language.as_str(), "ar" | "he") { "rtl" } else { "ltr" };
    let system = Section::of(locale.data, "num").text(&["system"]).unwrap_or("latn");
    res.put("calendars", json!([locale.keyword("ca").unwrap_or(calendar)]));
    let asked = locale.keyword("co").filter(|it| locale.collations().contains(it));
    res.put("collations", asked.map_or(json!(locale.collations()), |it| json!([it])));
    res.put("hourCycles", json!(locale.keyword("hc").or(default).as_slice()));
    res.put("numberingSystems", json!([locale.keyword("nu").unwrap_or(system)]));
    res.put("textInfo", json!({ "direction": direction }));
    if locale.id.region.is_some() {
        res.put("timeZones", core()["region-zones"][&locale.region].clone());
    }
    res.put(
        "weekInfo",
        json!({ "firstDay": day(week("first")), "weekend": weekend, "minimalDays": week("min").parse::<u8>().unwrap_or(1) }),
    );
    Ok(res.to_json())
}

pub(super) fn maximize(tag: &str) -> Result<String, Refusal> {
    let mut tag = parse(tag)?;
    EXPANDER.with(|it| it.maximize(&mut tag.id));
    Ok(tag.to_string())
}

pub(super) fn minimize(tag: &str) -> Result<String, Refusal> {
    let mut tag = parse(tag)?;
    EXPANDER.with(|it| it.minimize(&mut tag.id));
    Ok(tag.to_string())
}

/// A tag with other subtags and keywords: `language\nde` or `-nu\nlatn`, in pairs
/// of lines.
pub(super) fn edited(tag: &str, edits: &str) -> Result<String, Refusal> {
    let incorrect = || Refusal::range("Incorrect locale information provided".to_owned());
    check_length("a language tag has", tag, MAX_NAME_BYTES)?;
    let mut tag: Tag =
        if tag.contains('_') { None } else { tag.parse().ok() }.ok_or_else(incorrect)?;
    let mut lines = edits.lines();
    while let (Some(name), Some(value)) = (lines.next(), lines.next()) {
        match name {
            "language" => tag.id.language = value.parse().map_err(|_| incorrect())?,
            "script" => tag.id.script = Some(value.parse().map_err(|_| incorrect())?),
            "region" => tag.id.region = Some(value.parse().map_err(|_| incorrect())?),
            key => {
                let key: Key = key.parse().map_err(|_| incorrect())?;
                let value: Value = value.parse().map_err(|_| incorrect())?;
                tag.extensions.unicode.keywords.set(key, value);
            }
        }
    }
    CANONICALIZER.with(|it| it.canonicalize(&mut tag));
    Ok(tag.to_string())
}

/// What `Intl.Locale` shows of a tag, a line each: base name, language, script,
/// region, then pairs of keyword and value.
pub(super) fn parts(tag: &str) -> Result<String, Refusal> {
    let tag = parse(tag)?;
    let mut res = format!(
        "{}\n{}\n{}\n{}",
        tag.id,
        tag.id.language,
        tag.id.script.map(|it| it.to_string()).unwrap_or_default(),
        tag.id.region.map(|it| it.to_string()).unwrap_or_default(),
    );
    for (key, value) in tag.extensions.unicode.keywords.iter() {
        res.push_str(&format!("\n{key}\n{value}"));
    }
    Ok(res)
}

/// Subtags are taken off at the end until something has data.
fn best_available(id: &LanguageIdentifier) -> Option<LanguageIdentifier> {
    let mut id = id.clone();
    id.variants.clear();
    loop {
        if AVAILABLE.contains(id.to_string().as_str()) {
            return Some(id);
        }
        if id.script.is_none() && id.region.is_some() {
            // "zh-TW" is short for one that has.
            let mut max = id.clone();
            EXPANDER.with(|it| it.maximize(&mut max));
            if AVAILABLE.contains(max.to_string().as_str()) {
                return Some(id);
            }
        }
        if id.region.take().is_none() && id.script.take().is_none() {
            return None;
        }
    }
}

fn data_locale(id: &LanguageIdentifier, max: &LanguageIdentifier) -> Option<&'static str> {
    let without_script = LanguageIdentifier { script: None, ..max.clone() };
    let without_region = LanguageIdentifier { region: None, ..max.clone() };
    let language = LanguageIdentifier { region: None, script: None, ..max.clone() };
    [id, max, &without_script, &without_region, &language]
        .into_iter()
        .find_map(|it| WITH_DATA.get(it.to_string().as_str()).copied())
}
