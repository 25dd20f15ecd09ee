// Builds ../../bundles/cldr.jsonl from CLDR's own JSON packages: `npm ci && node
// build.mjs`, or `--check` to compare with what is committed. Not part of the
// other bundles' build, because the packages are 300 MB and change twice a year.
//
// One line per locale and section, `["de-AT","date",{…}]`, with what differs from
// the parent locale only; the host walks up. `["","core",{…}]` is what belongs to
// no locale. The host reads a line when somebody first asks for it.
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "..", "bundles", "cldr.jsonl");
const require = createRequire(import.meta.url);

const LANGUAGES = [
  "ar", "cs", "da", "de", "el", "en", "es", "fi", "fr", "he", "hi", "hu", "id", "it", "ja", "ko", "nb", "nl", "no", "pl", "pt",
  "ro", "ru", "sv", "th", "tr", "uk", "vi", "zh",
];
const UNITS = [
  "acre", "bit", "byte", "celsius", "centimeter", "day", "degree", "fahrenheit", "fluid-ounce", "foot", "gallon", "gigabit",
  "gigabyte", "gram", "hectare", "hour", "inch", "kilobit", "kilobyte", "kilogram", "kilometer", "liter", "megabit", "megabyte",
  "meter", "microsecond", "mile", "mile-scandinavian", "milliliter", "millimeter", "millisecond", "minute", "month", "nanosecond",
  "ounce", "percent", "petabyte", "pound", "second", "stone", "terabit", "terabyte", "week", "yard", "year",
];
const FIELDS = ["year", "quarter", "month", "week", "day", "hour", "minute", "second"];

const supplemental = (name) => require(`cldr-core/supplemental/${name}.json`).supplemental;
const main = (pack, locale, file) => require(`cldr-${pack}-full/main/${locale}/${file}.json`).main[locale];

const { parentLocale } = supplemental("parentLocales").parentLocales;
const { full } = require("cldr-core/availableLocales.json").availableLocales;
const { defaultContent } = require("cldr-core/defaultContent.json");
const currencyData = supplemental("currencyData").currencyData;

const ofOurs = (locale) => LANGUAGES.includes(locale.split("-")[0]);
const locales = full.filter((it) => ofOurs(it) && it !== "en-Dsrt" && it !== "en-Shaw" && !it.includes("-Latn"));

const lines = [["", "core", core()]];
const sections = { num: numbers, cur: currencies, unit: units, date: dates, zone: zones, field: fields, list: lists, name: names };
for (const [section, read] of Object.entries(sections)) {
  for (const locale of locales) {
    const parent = parentOf(locale);
    const data = parent === "" ? read(locale) : difference(read(locale), read(parent));
    if (data !== undefined) lines.push([locale, section, data]);
  }
}
const text = lines.map((line) => JSON.stringify(line)).join("\n") + "\n";

if (process.argv.includes("--check")) {
  if ((await readFile(out, "utf8").catch(() => "")) !== text) {
    console.error("bundles/cldr.jsonl is not what vendor-js/cldr builds: run node build.mjs");
    process.exitCode = 1;
  }
} else {
  await writeFile(out, text);
  console.log(`cldr.jsonl ${Buffer.byteLength(text)} bytes, ${lines.length} lines, ${locales.length} locales`);
}

function parentOf(locale) {
  if (locale === "nb") return "no";
  const parent = parentLocale[locale];
  if (parent !== undefined) return parent === "root" || parent === "und" || !locales.includes(parent) ? "" : parent;
  for (let at = locale.lastIndexOf("-"); at > 0; at = locale.lastIndexOf("-", at - 1)) {
    const shorter = locale.slice(0, at);
    if (locales.includes(shorter)) return shorter;
  }
  return "";
}

// What `child` has that `parent` has not; arrays are whole. Undefined when nothing.
// Null is what the parent has alone.
function difference(child, parent) {
  if (Array.isArray(child) || typeof child !== "object") {
    return JSON.stringify(child) === JSON.stringify(parent) ? undefined : child;
  }
  if (parent === undefined) return child;
  const res = {};
  for (const [key, value] of Object.entries(child)) {
    const differs = difference(value, parent[key]);
    if (differs !== undefined) res[key] = differs;
  }
  for (const key of Object.keys(parent)) if (child[key] === undefined) res[key] = null;
  return Object.keys(res).length === 0 ? undefined : res;
}

// `{"1000-count-one": "0K"}` → `{"3": {"one": "0K"}}`, by the power of ten.
function compact(formats) {
  const res = {};
  for (const [key, pattern] of Object.entries(formats)) {
    const [, number, plural] = /^(10+)-count-([a-z0-9]+)$/.exec(key) ?? [];
    if (number !== undefined) (res[number.length - 1] ??= {})[plural] = pattern;
  }
  return res;
}

function counted(data, prefix) {
  const res = {};
  for (const [key, value] of Object.entries(data)) {
    if (key.startsWith(prefix) && !key.includes("-alt-")) res[key.slice(prefix.length)] = value;
  }
  return res;
}

function numbers(locale) {
  const { numbers: data } = main("numbers", locale, "numbers");
  const res = { system: data.defaultNumberingSystem, native: data.otherNumberingSystems.native, grouping: data.minimumGroupingDigits, systems: {} };
  for (const system of new Set(["latn", res.system, res.native])) {
    const symbols = data[`symbols-numberSystem-${system}`];
    if (symbols === undefined) continue;
    const decimal = data[`decimalFormats-numberSystem-${system}`];
    const currency = data[`currencyFormats-numberSystem-${system}`];
    const misc = data[`miscPatterns-numberSystem-${system}`];
    const { list, superscriptingExponent, perMille, ...used } = symbols;
    res.systems[system] = {
      symbols: used,
      decimal: decimal.standard,
      percent: data[`percentFormats-numberSystem-${system}`].standard,
      scientific: data[`scientificFormats-numberSystem-${system}`].standard,
      currency: { standard: currency.standard, accounting: currency.accounting },
      named: counted(currency, "unitPattern-count-"),
      short: compact(decimal.short.decimalFormat),
      long: compact(decimal.long.decimalFormat),
      "short-currency": compact(currency.short?.standard ?? {}),
      range: misc.range,
      approximately: data[`symbols-numberSystem-${system}`].approximatelySign,
    };
  }
  return res;
}

// Those that are money somewhere today, and a few that people still write.
function isCurrent(code) {
  const used = Object.values(currencyData.region).flat().some((entry) => entry[code] !== undefined && entry[code]._to === undefined && entry[code]._tender !== "false");
  return used || ["DEM", "FRF", "ITL", "ESP", "NLG", "HRK", "BTC", "XAU", "XAG", "CNH"].includes(code);
}

// `[symbol, narrow symbol, name, {one, other, …}]`, cut where it says nothing.
function currencies(locale) {
  const res = {};
  for (const [code, data] of Object.entries(main("numbers", locale, "currencies").numbers.currencies)) {
    if (!isCurrent(code)) continue;
    const symbol = data.symbol ?? code;
    res[code] = [symbol, data["symbol-alt-narrow"] ?? symbol, data.displayName ?? code, counted(data, "displayName-count-")];
  }
  return res;
}

function units(locale) {
  const { units: data } = main("units", locale, "units");
  const res = {};
  for (const width of ["long", "short", "narrow"]) {
    res[width] = { per: data[width].per.compoundUnitPattern };
    for (const [key, unit] of Object.entries(data[width])) {
      const name = key.slice(key.indexOf("-") + 1);
      const parts = name.split("-per-");
      if (!key.includes("-") || !parts.every((part) => UNITS.includes(part)) || parts.length > 2) continue;
      const forms = counted(unit, "unitPattern-count-");
      if (Object.keys(forms).length === 0) continue;
      res[width][name] = forms;
      if (unit.perUnitPattern !== undefined) res[width][name].per = unit.perUnitPattern;
    }
  }
  return res;
}

function inOrder(names, keys) {
  return keys.map((key) => names[key]);
}

function dates(locale) {
  const data = main("dates", locale, "ca-gregorian").dates.calendars.gregorian;
  const months = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"];
  const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
  const named = (widths, keys) => Object.fromEntries(Object.entries(widths).map(([width, names]) => [width, inOrder(names, keys)]));
  const plain = (names) => Object.fromEntries(Object.entries(names).filter(([key]) => !key.includes("-alt-")));
  const styles = (formats) => inOrder(formats, ["full", "long", "medium", "short"]);
  const { availableFormats, appendItems, intervalFormats } = data.dateTimeFormats;
  const fieldNames = main("dates", locale, "dateFields").dates.fields;
  const available = Object.fromEntries(Object.entries(availableFormats).filter(([key]) => !key.includes("-")));
  const intervals = Object.fromEntries(
    Object.entries(intervalFormats).map(([key, value]) => [key, typeof value === "string" ? value : plain(value)]),
  );
  return {
    months: named(data.months.format, months),
    "months-alone": named(data.months["stand-alone"], months),
    days: named(data.days.format, days),
    "days-alone": named(data.days["stand-alone"], days),
    periods: { abbreviated: plain(data.dayPeriods.format.abbreviated), narrow: plain(data.dayPeriods.format.narrow), wide: plain(data.dayPeriods.format.wide) },
    eras: { abbreviated: inOrder(data.eras.eraAbbr, ["0", "1"]), wide: inOrder(data.eras.eraNames, ["0", "1"]), narrow: inOrder(data.eras.eraNarrow, ["0", "1"]) },
    date: styles(data.dateFormats),
    time: styles(data.timeFormats),
    // ICU's data has the spaces that CLDR's JSON is without.
    "glue-at": locale.startsWith("zh-Hant") ? ["{1} {0}", "{1} {0}", "{1} {0}", "{1}\u2009{0}"] : styles(data["dateTimeFormats-atTime"].standard),
    "glue-range": data.dateTimeFormats.medium,
    available,
    append: plain(appendItems),
    "field-names": Object.fromEntries(["era", "year", "month", "week", "weekday", "day", "hour", "minute", "second", "zone", "dayperiod"].map((key) => [key, fieldNames[key].displayName])),
    intervals,
  };
}

function zones(locale) {
  const { zone, metazone, ...data } = main("dates", locale, "timeZoneNames").dates.timeZoneNames;
  const res = {
    hour: data.hourFormat, gmt: data.gmtFormat, region: data.regionFormat,
    zones: {}, meta: {},
  };
  const short = (names) => {
    const cut = {};
    for (const width of ["long", "short"]) if (names[width] !== undefined) cut[width] = names[width];
    return cut;
  };
  const walk = (tree, path) => {
    for (const [key, value] of Object.entries(tree)) {
      if (value.long !== undefined || value.short !== undefined) res.zones[[...path, key].join("/")] = short(value);
      else if (typeof value === "object" && value.exemplarCity === undefined) walk(value, [...path, key]);
    }
  };
  walk(zone, []);
  for (const [key, value] of Object.entries(metazone ?? {})) res.meta[key] = short(value);
  return res;
}

function fields(locale) {
  const data = main("dates", locale, "dateFields").dates.fields;
  const res = {};
  for (const [width, suffix] of [["long", ""], ["short", "-short"], ["narrow", "-narrow"]]) {
    res[width] = {};
    for (const field of FIELDS) {
      const entry = data[field + suffix];
      res[width][field] = {
        ...counted(entry, "relative-type-"),
        past: counted(entry["relativeTime-type-past"], "relativeTimePattern-count-"),
        future: counted(entry["relativeTime-type-future"], "relativeTimePattern-count-"),
      };
    }
  }
  return res;
}

function lists(locale) {
  const { listPatterns: data } = main("misc", locale, "listPatterns");
  const res = {};
  for (const [key, patterns] of Object.entries(data)) {
    res[key.slice("listPattern-type-".length)] = inOrder(patterns, ["2", "start", "middle", "end"]);
  }
  return res;
}

function names(locale) {
  const plain = (names, keep) => Object.fromEntries(Object.entries(names).filter(([key]) => !key.includes("-alt-") && keep(key)));
  const { localeDisplayNames: scripts } = main("localenames", locale, "scripts");
  const { localeDisplayNames: languages } = main("localenames", locale, "languages");
  const { localeDisplayNames: territories } = main("localenames", locale, "territories");
  const { localeDisplayNames: patterns } = main("localenames", locale, "localeDisplayNames");
  // "UK", where it is not "United Kingdom".
  const short = (names, keep) =>
    Object.fromEntries(Object.entries(names).flatMap(([key, name]) => (key.endsWith("-alt-short") && keep(key.slice(0, -10)) ? [[key.slice(0, -10), name]] : [])));
  const common = new Set([...full.map((it) => it.split("-")[0]), "la", "eo", "sa"]);
  const isCommon = (key) => common.has(key.split("-")[0]);
  const isRegion = (key) => /^([A-Z]{2}|001|419|150)$/.test(key);
  return {
    languages: plain(languages.languages, isCommon),
    regions: plain(territories.territories, isRegion),
    short: { languages: short(languages.languages, isCommon), regions: short(territories.territories, isRegion) },
    scripts: plain(scripts.scripts, (key) => ["Arab", "Armn", "Beng", "Cyrl", "Deva", "Ethi", "Geor", "Grek", "Gujr", "Guru", "Hang", "Hani", "Hans", "Hant", "Hebr", "Hira", "Jpan", "Kana", "Khmr", "Knda", "Kore", "Laoo", "Latn", "Mlym", "Mong", "Mymr", "Orya", "Sinh", "Taml", "Telu", "Thai", "Tibt", "Zyyy"].includes(key)),
    calendars: patterns.types.calendar,
    pattern: patterns.localeDisplayPattern.localePattern,
    separator: patterns.localeDisplayPattern.localeSeparator,
    fields: Object.fromEntries(["era", "year", "quarter", "month", "week", "weekday", "day", "dayperiod", "hour", "minute", "second", "zone"].flatMap((field) =>
      ["", "-short", "-narrow"].map((width) => [field + width, main("dates", locale, "dateFields").dates.fields[field + width].displayName]))),
  };
}

function core() {
  const { timeData } = supplemental("timeData");
  const { weekData } = supplemental("weekData");
  const { fractions } = currencyData;
  const digits = Object.fromEntries(Object.entries(fractions).filter(([, it]) => it._digits !== "2").map(([code, it]) => [code, Number(it._digits)]));
  const systems = {};
  for (const [name, system] of Object.entries(supplemental("numberingSystems").numberingSystems)) {
    if (system._type === "numeric") systems[name] = system._digits;
  }
  const aliases = {};
  const zoneIds = [];
  const ofRegion = {};
  for (const [key, zone] of Object.entries(require("cldr-bcp47/bcp47/timezone.json").keyword.u.tz)) {
    if (key.startsWith("_") || zone._deprecated || zone._alias === undefined) continue;
    const [canonical, ...others] = zone._alias.split(" ");
    zoneIds.push(canonical);
    if (key.length === 5) (ofRegion[zone._region ?? key.slice(0, 2).toUpperCase()] ??= []).push(canonical);
    for (const other of others) aliases[other] = canonical;
  }
  // Zones that are called by their country.
  const regions = {};
  const { primaryZones } = supplemental("primaryZones");
  for (const [region, zones] of Object.entries(ofRegion)) {
    for (const zone of zones) if (zones.length === 1 || primaryZones[region] === zone) regions[zone] = region;
  }
  const meta = {};
  const minutes = (text) => (text === undefined ? null : Date.parse(`${text.replace(" ", "T")}Z`) / 60000);
  const walk = (tree, path) => {
    for (const [key, value] of Object.entries(tree)) {
      if (!Array.isArray(value)) walk(value, [...path, key]);
      else meta[[...path, key].join("/")] = value.map(({ usesMetazone: it }) => [it._mzone, minutes(it._from), minutes(it._to)]);
    }
  };
  walk(supplemental("metaZones").metaZones.metazoneInfo.timezone, []);
  const ranges = {};
  for (const [language, rules] of Object.entries(supplemental("pluralRanges").plurals)) {
    if (!LANGUAGES.includes(language)) continue;
    ranges[language] = {};
    for (const [key, value] of Object.entries(rules)) {
      const [, start, end] = /^pluralRange-start-(\w+)-end-(\w+)$/.exec(key);
      ranges[language][`${start} ${end}`] = value;
    }
  }
  const hour = (text) => Number(text.split(":")[0]);
  const periods = {};
  for (const [language, rules] of Object.entries(supplemental("dayPeriods").dayPeriodRuleSet)) {
    if (!LANGUAGES.includes(language)) continue;
    periods[language] = Object.entries(rules).map(([name, it]) => (it._at !== undefined ? [name, hour(it._at), hour(it._at)] : [name, hour(it._from), hour(it._before)]));
  }
  const parents = {};
  for (const locale of locales) {
    const parent = parentOf(locale);
    if (parent !== "") parents[locale] = parent;
  }
  const available = [...new Set([...locales, ...defaultContent.filter(ofOurs)])].sort();
  const byRegion = (data) => Object.fromEntries(Object.entries(data).filter(([key]) => !key.includes("-alt-")));
  return {
    locales,
    available,
    parents,
    hours: Object.fromEntries(Object.entries(timeData).map(([region, it]) => [region.replace("_", "-"), [it._preferred, it._allowed.split(" ")]])),
    week: { first: byRegion(weekData.firstDay), min: byRegion(weekData.minDays), start: byRegion(weekData.weekendStart), end: byRegion(weekData.weekendEnd) },
    digits,
    systems,
    zones: zoneIds.sort(),
    aliases,
    meta,
    regions,
    "region-zones": ofRegion,
    ranges,
    periods,
    calendars: supplemental("calendarPreferenceData").calendarPreferenceData,
    units: UNITS,
    currencies: Object.keys(main("numbers", "en", "currencies").numbers.currencies),
  };
}
