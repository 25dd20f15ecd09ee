//! Time zones: which there are, their offsets (the IANA database, through jiff)
//! and what a locale calls them (CLDR).

use std::{env, fs, sync::LazyLock};

use jiff::{Timestamp, tz::TimeZone};

use super::data::{Section, core};

/// A time zone by its name in CLDR, which is the one that `resolvedOptions` tells.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    pub(super) name: String,
    rules: TimeZone,
}

/// What holds in a zone at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    pub(super) offset_seconds: i32,
    is_daylight: bool,
}

/// How a zone's name is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Naming {
    /// "PST"; `is_generic`: "PT".
    Short { is_generic: bool },
    /// "Pacific Standard Time", "Pacific Time".
    Long { is_generic: bool },
    /// "GMT-8".
    ShortOffset,
    /// "GMT-08:00".
    LongOffset,
}

/// The kernel's zone: what `TZ` says, else what the system is set to. Read once;
/// no run can change it.
static LOCAL: LazyLock<Zone> = LazyLock::new(|| {
    let named = match env::var("TZ") {
        Ok(tz) => Some(tz.trim_start_matches(':').to_owned()),
        Err(_) => fs::read_link("/etc/localtime")
            .ok()
            .and_then(|path| Some(path.to_str()?.split_once("zoneinfo/")?.1.to_owned())),
    };
    named.and_then(|it| Zone::find(&it)).unwrap_or_else(Zone::utc)
});

impl Zone {
    pub(super) fn local() -> Zone {
        LOCAL.clone()
    }

    fn utc() -> Zone {
        Zone { name: "UTC".to_owned(), rules: TimeZone::UTC }
    }

    /// Names are taken in any case, old ones too.
    pub(super) fn find(name: &str) -> Option<Zone> {
        let rules = TimeZone::get(name).ok()?;
        let iana = rules.iana_name()?;
        let aliases = core()["aliases"].as_object()?;
        let name = aliases.get(iana).and_then(|it| it.as_str()).unwrap_or(iana);
        if matches!(name, "Etc/UTC" | "Etc/GMT" | "UTC" | "GMT" | "Etc/UCT") {
            return Some(Zone::utc());
        }
        Some(Zone { name: name.to_owned(), rules })
    }

    pub(super) fn at(&self, ms: f64) -> Moment {
        let ms = ms.clamp(-3.7e14, 2.5e14) as i64;
        let instant = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let info = self.rules.to_offset_info(instant);
        // Whether Irish winter or summer is the one that saves daylight is a matter
        // of how the database was built; CLDR's names want it to be summer.
        let is_daylight = match self.name.as_str() {
            "Europe/Dublin" => info.offset().seconds() > 0,
            _ => info.dst().is_dst(),
        };
        Moment { offset_seconds: info.offset().seconds(), is_daylight }
    }

    /// What the zone is called at an instant.
    pub(super) fn display(
        &self,
        ms: f64,
        moment: Moment,
        naming: Naming,
        names: &Section,
        regions: &Section,
    ) -> String {
        let (width, asked_generic) = match naming {
            Naming::Short { is_generic } => ("short", is_generic),
            Naming::Long { is_generic } => ("long", is_generic),
            Naming::ShortOffset => return offset(moment.offset_seconds, "short", names),
            Naming::LongOffset => return offset(moment.offset_seconds, "long", names),
        };
        // Where the clocks stay as they are, the standard name is the generic one.
        let half_a_year = 184.0 * 86_400_000.0;
        let is_generic = asked_generic
            && [ms - half_a_year, ms, ms + half_a_year]
                .into_iter()
                .any(|it| self.at(it).is_daylight);
        let kind = match (is_generic, moment.is_daylight) {
            (true, _) => "generic",
            (false, true) => "daylight",
            (false, false) => "standard",
        };
        let key = match self.name.as_str() {
            // CLDR has no generic name for it.
            "UTC" if asked_generic => "",
            "UTC" => "Etc/UTC",
            name => name,
        };
        let find = |path: &[&str]| names.text(path).filter(|it| *it != "∅∅∅");
        let of_zone = |kind: &str| find(&["zones", key, width, kind]);
        let meta = self.metazone(ms);
        let of_meta = |kind: &str| find(&["meta", meta?, width, kind]);
        match of_zone(kind).or_else(|| of_meta(kind)) {
            Some(name) => name.to_owned(),
            None if asked_generic && self.name != "UTC" => self.place(names, regions),
            None => offset(moment.offset_seconds, width, names),
        }
    }

    /// "Germany Time", "Los Angeles Time".
    fn place(&self, names: &Section, regions: &Section) -> String {
        let region =
            core()["regions"][&self.name].as_str().and_then(|it| regions.text(&["regions", it]));
        let city = self.name.rsplit('/').next().unwrap_or("").replace('_', " ");
        names.text(&["region"]).unwrap_or("{0}").replace("{0}", region.unwrap_or(&city))
    }

    /// CLDR's group of zones with common names.
    fn metazone(&self, ms: f64) -> Option<&'static str> {
        let minutes = ms / 60_000.0;
        core()["meta"][&self.name].as_array()?.iter().find_map(|entry| {
            let from = entry[1].as_f64().unwrap_or(f64::NEG_INFINITY);
            let to = entry[2].as_f64().unwrap_or(f64::INFINITY);
            (from <= minutes && minutes < to).then(|| entry[0].as_str()).flatten()
        })
    }
}

/// Those that `Intl.supportedValuesOf` tells.
pub(super) fn all() -> Vec<&'static str> {
    let mut res: Vec<&str> = core()["zones"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it.as_str())
        .filter(|it| it.contains('/') && !it.starts_with("Etc/") || *it == "UTC")
        .collect();
    res.push("UTC");
    res.sort_unstable();
    res.dedup();
    res
}

/// "GMT+1", "GMT+01:00".
fn offset(seconds: i32, width: &str, names: &Section) -> String {
    let formats = names.text(&["hour"]).unwrap_or("+HH:mm;-HH:mm");
    let (plus, minus) = formats.split_once(';').unwrap_or(("+HH:mm", "-HH:mm"));
    let pattern = if seconds < 0 { minus } else { plus };
    let (hours, minutes, rest) =
        (seconds.abs() / 3600, seconds.abs() / 60 % 60, seconds.abs() % 60);
    let mut text = if width == "long" {
        pattern.replace("HH", "H").replace('H', &format!("{hours:02}"))
    } else {
        pattern.replace("HH", "H").replace('H', &hours.to_string())
    };
    if width == "short" && minutes == 0 && rest == 0 {
        let at = text.find("mm").unwrap_or(text.len());
        text.truncate(text[..at].trim_end_matches([':', '.']).len());
    }
    text = text.replace("mm", &format!("{minutes:02}"));
    if rest != 0 {
        text.push_str(&format!(":{rest:02}"));
    }
    names.text(&["gmt"]).unwrap_or("GMT{0}").replace("{0}", &text)
}
