// Intl: thin classes that read options as ECMA-402 says and ask the host, which
// has the locale data and keeps the formats (src/isolate/host/intl.rs). A format
// is its request: a text of kind, locales and options.
import * as op from "./ops.js";
import {
  MapCtor, MapPrototypeHas, MapPrototypeSet, RangeErrorCtor, StringIndexOf, StringReplaceAll, StringSlice, StringStartsWith, TypeErrorCtor, WeakMapCtor, WeakMapGet, WeakMapSet,
  create, defineHidden, defineProperty, floor, getOwnPropertyDescriptor, isArray, jsonStringify, ownKeys, uncurryThis,
} from "./primordials.js";
import { door } from "./door.js";

const { parse: jsonParse } = JSON;
const now = Date.now;
const numberValueOf = uncurryThis(Number.prototype.valueOf);
const bigintValueOf = uncurryThis(BigInt.prototype.valueOf);
const bigintToString = uncurryThis(BigInt.prototype.toString);
const getTime = uncurryThis(Date.prototype.getTime);
const plainDateString = uncurryThis(Date.prototype.toString);
const plainTimeString = uncurryThis(Date.prototype.toTimeString);
const lower = uncurryThis(String.prototype.toLowerCase);
const upper = uncurryThis(String.prototype.toUpperCase);
const normalize = uncurryThis(String.prototype.normalize);
const charAt = uncurryThis(String.prototype.charAt);
const replace = uncurryThis(RegExp.prototype[Symbol.replace]);
const split = uncurryThis(String.prototype.split);
const join = uncurryThis(Array.prototype.join);
const push = uncurryThis(Array.prototype.push);
const test = uncurryThis(RegExp.prototype.test);
const { toStringTag, iterator } = Symbol;
const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype);
const typedArrayLength = uncurryThis(getOwnPropertyDescriptor(typedArrayPrototype, "length").get);

const Intl = {};
defineProperty(Intl, toStringTag, { __proto__: null, value: "Intl", configurable: true });
defineProperty(globalThis, "Intl", { __proto__: null, value: Intl, writable: true, configurable: true, enumerable: false });

// What belongs to an object of ours: its request, and what it has made.
const slots = new WeakMapCtor();

function slotsOf(object, name, method) {
  const found = typeof object === "object" && object !== null ? WeakMapGet(slots, object) : undefined;
  if (found === undefined || found.name !== name) {
    throw new TypeErrorCtor(`Method Intl.${name}.prototype.${method} called on incompatible receiver ${shown(object)}`);
  }
  return found;
}

function shown(value) {
  try {
    return typeof value === "object" && value !== null ? "#<Object>" : `${value}`;
  } catch {
    return typeof value;
  }
}

// A constructor of Intl. `request` makes the text from locales and options.
function service(name, isCallable, request, members) {
  const constructors = {
    [name]: function (locales, options) {
      if (new.target === undefined && !isCallable) throw new TypeErrorCtor(`Constructor Intl.${name} requires 'new'`);
      const self = new.target === undefined ? create(prototype) : this;
      const text = request(locales, options);
      // The host refuses what it cannot make.
      door(op.INTL, text, "check");
      WeakMapSet(slots, self, { __proto__: null, name, request: text, bound: undefined });
      return self;
    },
  };
  const constructor = constructors[name];
  const { prototype } = constructor;
  defineProperty(constructor, "length", { __proto__: null, value: 0, configurable: true });
  defineProperty(constructor, "prototype", { __proto__: null, writable: false });
  addMembers(prototype, members);
  addMembers(prototype, {
    resolvedOptions() {
      return jsonParse(door(op.INTL, slotsOf(this, name, "resolvedOptions").request, "resolved"));
    },
  });
  addMembers(constructor, { supportedLocalesOf });
  defineProperty(prototype, toStringTag, { __proto__: null, value: `Intl.${name}`, configurable: true });
  defineHidden(Intl, name, constructor);
}

function addMembers(target, members) {
  const names = ownKeys(members);
  for (let idx = 0; idx < names.length; idx++) {
    const described = getOwnPropertyDescriptor(members, names[idx]);
    described.enumerable = false;
    defineProperty(target, names[idx], described);
  }
}

function supportedLocalesOf(locales) {
  const text = door(op.INTL_TAG, "supported", tagsOf(locales));
  return text === "" ? [] : split(text, "\n");
}

// The requested locales, a line each; the host makes them canonical.
function tagsOf(locales) {
  if (locales === undefined) return "";
  if (typeof locales === "string") return tagOf(locales);
  if (locales === null) throw new TypeErrorCtor("Cannot convert undefined or null to object");
  if (localeTag(locales) !== undefined) return localeTag(locales);
  let text = "";
  const length = +locales.length || 0;
  for (let idx = 0; idx < length; idx++) {
    const tag = locales[idx];
    if (tag === undefined && !(idx in locales)) continue;
    if (typeof tag !== "string" && (typeof tag !== "object" || tag === null)) {
      throw new TypeErrorCtor("Language ID should be string or object.");
    }
    text += (text === "" ? "" : "\n") + (localeTag(tag) ?? tagOf(`${tag}`));
  }
  return text;
}

function tagOf(text) {
  if (text === "" || StringIndexOf(text, "\n") >= 0 || StringIndexOf(text, "\u0001") >= 0) throw incorrectLocale();
  return text;
}

const incorrectLocale = () => new RangeErrorCtor("Incorrect locale information provided");
const requestOf = (kind, locales, options) => `${kind}\u0001${tagsOf(locales)}\u0001${jsonStringify(options)}`;
const NO_OPTIONS = { __proto__: null };

function coerced(options) {
  if (options === undefined) return NO_OPTIONS;
  if (options === null) throw new TypeErrorCtor("Cannot convert undefined or null to object");
  return options;
}

function objectOnly(options) {
  if (options === undefined) return NO_OPTIONS;
  if ((typeof options !== "object" && typeof options !== "function") || options === null) {
    throw new TypeErrorCtor("Incorrect options information provided");
  }
  return options;
}

function choice(options, owner, name, values, fallback) {
  let value = options[name];
  if (value === undefined) return fallback;
  value = `${value}`;
  for (let idx = 0; idx < values.length; idx++) if (values[idx] === value) return value;
  throw new RangeErrorCtor(`Value ${value} out of range for Intl.${owner} options property ${name}`);
}

function count(options, name, min, max) {
  let value = options[name];
  if (value === undefined) return undefined;
  value = +value;
  if (!(value >= min && value <= max)) throw new RangeErrorCtor(`${name} value is out of range.`);
  return floor(value);
}

function truth(options, name) {
  const value = options[name];
  return value === undefined ? undefined : !!value;
}

const KEYWORD = /^[a-z0-9]{3,8}(-[a-z0-9]{3,8})*$/i;

function keyword(options, name) {
  let value = options[name];
  if (value === undefined) return undefined;
  value = `${value}`;
  if (!test(KEYWORD, value)) throw new RangeErrorCtor(`Invalid ${name} : ${value}`);
  return lower(value);
}

const MATCHERS = ["lookup", "best fit"];
const WIDTHS = ["long", "short", "narrow"];

// Numbers.

const NOTATIONS = ["standard", "scientific", "engineering", "compact"];
const GROUPINGS = ["min2", "auto", "always"];
const ROUNDINGS = ["ceil", "floor", "expand", "trunc", "halfCeil", "halfFloor", "halfExpand", "halfTrunc", "halfEven"];
const INCREMENTS = { __proto__: null, 1: 1, 2: 1, 5: 1, 10: 1, 20: 1, 25: 1, 50: 1, 100: 1, 200: 1, 250: 1, 500: 1, 1000: 1, 2000: 1, 2500: 1, 5000: 1 };
const UNITS = { __proto__: null };
for (const unit of (
  "acre bit byte celsius centimeter day degree fahrenheit fluid-ounce foot gallon gigabit gigabyte gram hectare hour inch " +
  "kilobit kilobyte kilogram kilometer liter megabit megabyte meter microsecond mile mile-scandinavian milliliter millimeter " +
  "millisecond minute month nanosecond ounce percent petabyte pound second stone terabit terabyte week yard year"
).split(" ")) UNITS[unit] = true;

function isUnit(text) {
  if (UNITS[text]) return true;
  const at = StringIndexOf(text, "-per-");
  return at > 0 && UNITS[StringSlice(text, 0, at)] === true && UNITS[StringSlice(text, at + 5)] === true;
}

function readDigits(given, read) {
  read.minimumIntegerDigits = count(given, "minimumIntegerDigits", 1, 21);
  read.minimumFractionDigits = count(given, "minimumFractionDigits", 0, 20);
  read.maximumFractionDigits = count(given, "maximumFractionDigits", 0, 20);
  read.minimumSignificantDigits = count(given, "minimumSignificantDigits", 1, 21);
  read.maximumSignificantDigits = count(given, "maximumSignificantDigits", 1, 21);
  read.roundingPriority = choice(given, "NumberFormat", "roundingPriority", ["auto", "morePrecision", "lessPrecision"]);
  read.roundingIncrement = count(given, "roundingIncrement", 1, 5000);
  if (read.roundingIncrement !== undefined && INCREMENTS[read.roundingIncrement] === undefined) {
    throw new RangeErrorCtor("roundingIncrement value is out of range.");
  }
  read.roundingMode = choice(given, "NumberFormat", "roundingMode", ROUNDINGS);
  read.roundingModeName = read.roundingMode;
  read.trailingZeroDisplay = choice(given, "NumberFormat", "trailingZeroDisplay", ["auto", "stripIfInteger"]);
}

function numberRequest(locales, options) {
  const tags = tagsOf(locales);
  const given = coerced(options);
  const owner = "NumberFormat";
  choice(given, owner, "localeMatcher", MATCHERS);
  const read = { __proto__: null, numberingSystem: keyword(given, "numberingSystem") };
  read.style = choice(given, owner, "style", ["decimal", "percent", "currency", "unit"], "decimal");
  let currency = given.currency;
  if (currency !== undefined) {
    currency = `${currency}`;
    if (!test(/^[a-z]{3}$/i, currency)) throw new RangeErrorCtor(`Invalid currency code : ${currency}`);
    currency = upper(currency);
  } else if (read.style === "currency") {
    throw new TypeErrorCtor("Currency code is required with currency style.");
  }
  const currencyDisplay = choice(given, owner, "currencyDisplay", ["code", "symbol", "narrowSymbol", "name"], "symbol");
  const currencySign = choice(given, owner, "currencySign", ["standard", "accounting"], "standard");
  let unit = given.unit;
  if (unit !== undefined) {
    unit = `${unit}`;
    if (!isUnit(unit)) throw new RangeErrorCtor(`Invalid unit argument for Intl.NumberFormat() '${unit}'`);
  } else if (read.style === "unit") {
    throw new TypeErrorCtor("Invalid unit argument for Intl.NumberFormat() ''");
  }
  const unitDisplay = choice(given, owner, "unitDisplay", ["short", "narrow", "long"], "short");
  if (read.style === "currency") {
    read.currency = currency;
    read.currencyDisplay = currencyDisplay;
    read.currencySign = currencySign;
  }
  if (read.style === "unit") {
    read.unit = unit;
    read.unitDisplay = unitDisplay;
  }
  read.notation = choice(given, owner, "notation", NOTATIONS, "standard");
  readDigits(given, read);
  read.compactDisplay = choice(given, owner, "compactDisplay", ["short", "long"], "short");
  const grouping = given.useGrouping;
  if (grouping === true) read.useGrouping = "always";
  else if (grouping !== undefined) {
    if (!grouping) read.useGrouping = "false";
    else {
      const text = `${grouping}`;
      read.useGrouping = text === "true" || text === "false" ? undefined : choice({ useGrouping: text }, owner, "useGrouping", GROUPINGS);
    }
  }
  read.signDisplay = choice(given, owner, "signDisplay", ["auto", "never", "always", "exceptZero", "negative"], "auto");
  return `number\u0001${tags}\u0001${jsonStringify(read)}`;
}

// What the host formats: a number, or the text of an exact one.
function numeric(value) {
  if (typeof value === "number" || typeof value === "string") return value;
  if (typeof value === "bigint") return bigintToString(value);
  return +value;
}

function rangeEnds(start, end) {
  if (start === undefined || end === undefined) throw new TypeErrorCtor("Invalid argument");
}

service("NumberFormat", true, numberRequest, {
  get format() {
    const own = slotsOf(this, "NumberFormat", "format");
    return (own.bound ??= unnamed((value) => door(op.INTL, own.request, "format", numeric(value))));
  },
  formatToParts(value) {
    return jsonParse(door(op.INTL, slotsOf(this, "NumberFormat", "formatToParts").request, "parts", numeric(value)));
  },
  formatRange(start, end) {
    const { request } = slotsOf(this, "NumberFormat", "formatRange");
    rangeEnds(start, end);
    return door(op.INTL, request, "range", numeric(start), numeric(end));
  },
  formatRangeToParts(start, end) {
    const { request } = slotsOf(this, "NumberFormat", "formatRangeToParts");
    rangeEnds(start, end);
    return jsonParse(door(op.INTL, request, "rangeParts", numeric(start), numeric(end)));
  },
});

function unnamed(fn) {
  defineProperty(fn, "name", { __proto__: null, value: "", configurable: true });
  return fn;
}

const PLAIN_NUMBER = numberRequest(undefined, undefined);
const numberText = (value, locales, options) =>
  door(op.INTL, locales === undefined && options === undefined ? PLAIN_NUMBER : numberRequest(locales, options), "format", value);

addMembers(Number.prototype, {
  toLocaleString(locales, options) {
    if (typeof this !== "number" && !isBoxed(this, numberValueOf)) {
      throw new TypeErrorCtor("Number.prototype.toLocaleString requires that 'this' be a Number");
    }
    return numberText(numberValueOf(this), locales, options);
  },
});
addMembers(BigInt.prototype, {
  toLocaleString(locales, options) {
    if (typeof this !== "bigint" && !isBoxed(this, bigintValueOf)) {
      throw new TypeErrorCtor("BigInt.prototype.toLocaleString requires that 'this' be a BigInt");
    }
    return numberText(bigintToString(bigintValueOf(this)), locales, options);
  },
});

function isBoxed(value, valueOf) {
  try {
    valueOf(value);
    return true;
  } catch {
    return false;
  }
}

function pluralRequest(locales, options) {
  const tags = tagsOf(locales);
  const given = coerced(options);
  choice(given, "PluralRules", "localeMatcher", MATCHERS);
  const read = { __proto__: null, type: choice(given, "PluralRules", "type", ["cardinal", "ordinal"], "cardinal") };
  readDigits(given, read);
  return `plural\u0001${tags}\u0001${jsonStringify(read)}`;
}

service("PluralRules", false, pluralRequest, {
  select(value) {
    return door(op.INTL, slotsOf(this, "PluralRules", "select").request, "select", +value);
  },
  selectRange(start, end) {
    const { request } = slotsOf(this, "PluralRules", "selectRange");
    rangeEnds(start, end);
    return door(op.INTL, request, "range", +start, +end);
  },
});

// Dates.

const NUMERIC = ["2-digit", "numeric"];
const NAMED = ["narrow", "short", "long"];
const STYLES = ["full", "long", "medium", "short"];
const ZONE_NAMES = ["short", "long", "shortOffset", "longOffset", "shortGeneric", "longGeneric"];
const FIELDS = [
  ["weekday", NAMED], ["era", NAMED], ["year", NUMERIC], ["month", ["2-digit", "numeric", "narrow", "short", "long"]], ["day", NUMERIC],
  ["dayPeriod", NAMED], ["hour", NUMERIC], ["minute", NUMERIC], ["second", NUMERIC],
];

function dateRequest(locales, options, required = "any", defaults = "date") {
  const tags = tagsOf(locales);
  const given = coerced(options);
  const owner = "DateTimeFormat";
  const read = { __proto__: null, required, defaults };
  read.calendar = keyword(given, "calendar");
  read.numberingSystem = keyword(given, "numberingSystem");
  read.hour12 = truth(given, "hour12");
  read.hourCycle = choice(given, owner, "hourCycle", ["h11", "h12", "h23", "h24"]);
  const zone = given.timeZone;
  if (zone !== undefined) read.timeZone = `${zone}`;
  let explicit;
  for (let idx = 0; idx < FIELDS.length; idx++) {
    const name = FIELDS[idx][0];
    read[name] = choice(given, owner, name, FIELDS[idx][1]);
    if (read[name] !== undefined) explicit ??= name;
  }
  read.fractionalSecondDigits = count(given, "fractionalSecondDigits", 1, 3);
  if (read.fractionalSecondDigits !== undefined) explicit ??= "fractionalSecondDigits";
  read.timeZoneName = choice(given, owner, "timeZoneName", ZONE_NAMES);
  if (read.timeZoneName !== undefined) explicit ??= "timeZoneName";
  choice(given, owner, "formatMatcher", ["best fit", "basic"]);
  read.dateStyle = choice(given, owner, "dateStyle", STYLES);
  read.timeStyle = choice(given, owner, "timeStyle", STYLES);
  if (read.dateStyle !== undefined || read.timeStyle !== undefined) {
    if (explicit !== undefined) {
      throw new TypeErrorCtor(`Can't set option ${explicit} when ${read.dateStyle !== undefined ? "dateStyle" : "timeStyle"} is used`);
    }
    if (required === "date" && read.timeStyle !== undefined) throw new TypeErrorCtor("Invalid option : timeStyle");
    if (required === "time" && read.dateStyle !== undefined) throw new TypeErrorCtor("Invalid option : dateStyle");
  }
  return `date\u0001${tags}\u0001${jsonStringify(read)}`;
}

const instant = (date) => (date === undefined ? now() : +date);

function dateEnds(start, end) {
  if (start === undefined || end === undefined) throw new TypeErrorCtor("Invalid time value");
}

service("DateTimeFormat", true, (locales, options) => dateRequest(locales, options), {
  get format() {
    const own = slotsOf(this, "DateTimeFormat", "format");
    return (own.bound ??= unnamed((date) => door(op.INTL, own.request, "format", instant(date))));
  },
  formatToParts(date) {
    return jsonParse(door(op.INTL, slotsOf(this, "DateTimeFormat", "formatToParts").request, "parts", instant(date)));
  },
  formatRange(start, end) {
    const { request } = slotsOf(this, "DateTimeFormat", "formatRange");
    dateEnds(start, end);
    return door(op.INTL, request, "range", +start, +end);
  },
  formatRangeToParts(start, end) {
    const { request } = slotsOf(this, "DateTimeFormat", "formatRangeToParts");
    dateEnds(start, end);
    return jsonParse(door(op.INTL, request, "rangeParts", +start, +end));
  },
});

const PLAIN_DATES = { __proto__: null };
for (const [name, required, defaults] of [
  ["toLocaleString", "any", "all"],
  ["toLocaleDateString", "date", "date"],
  ["toLocaleTimeString", "time", "time"],
]) {
  PLAIN_DATES[name] = dateRequest(undefined, undefined, required, defaults);
  addMembers(Date.prototype, {
    [name](locales, options) {
      const time = timeOf(this, name);
      if (time !== time) return "Invalid Date";
      const isPlain = locales === undefined && options === undefined;
      return door(op.INTL, isPlain ? PLAIN_DATES[name] : dateRequest(locales, options, required, defaults), "format", time);
    },
  });
}

function timeOf(date, method) {
  try {
    return getTime(date);
  } catch {
    throw new TypeErrorCtor(`Method Date.prototype.${method} called on incompatible receiver ${shown(date)}`);
  }
}

// The engine's own are without the name of the zone.
addMembers(Date.prototype, {
  toString() {
    const text = plainDateString(this);
    const time = getTime(this);
    return time !== time ? text : `${text} (${door(op.ZONE_NAME, time)})`;
  },
  toTimeString() {
    const text = plainTimeString(this);
    const time = getTime(this);
    return time !== time ? text : `${text} (${door(op.ZONE_NAME, time)})`;
  },
});

// Relative times.

const RELATIVE_UNITS = { __proto__: null };
for (const unit of ["second", "minute", "hour", "day", "week", "month", "quarter", "year"]) {
  RELATIVE_UNITS[unit] = unit;
  RELATIVE_UNITS[`${unit}s`] = unit;
}

function relativeRequest(locales, options) {
  const tags = tagsOf(locales);
  const given = coerced(options);
  choice(given, "RelativeTimeFormat", "localeMatcher", MATCHERS);
  const read = { __proto__: null, numberingSystem: keyword(given, "numberingSystem") };
  read.style = choice(given, "RelativeTimeFormat", "style", WIDTHS, "long");
  read.numeric = choice(given, "RelativeTimeFormat", "numeric", ["always", "auto"], "always");
  return `relative\u0001${tags}\u0001${jsonStringify(read)}`;
}

function relative(self, method, action, value, unit) {
  const { request } = slotsOf(self, "RelativeTimeFormat", method);
  value = +value;
  unit = `${unit}`;
  const known = RELATIVE_UNITS[unit];
  if (known === undefined) throw new RangeErrorCtor(`Invalid unit argument for Intl.RelativeTimeFormat.prototype.${method}() '${unit}'`);
  if (value - value !== 0) {
    throw new RangeErrorCtor(`Value need to be finite number for Intl.RelativeTimeFormat.prototype.${method}()`);
  }
  return door(op.INTL, request, action, value, known);
}

service("RelativeTimeFormat", false, relativeRequest, {
  format(value, unit) {
    return relative(this, "format", "format", value, unit);
  },
  formatToParts(value, unit) {
    return jsonParse(relative(this, "formatToParts", "parts", value, unit));
  },
});

// Lists and names.

function listRequest(locales, options) {
  const tags = tagsOf(locales);
  const given = objectOnly(options);
  choice(given, "ListFormat", "localeMatcher", MATCHERS);
  const read = { __proto__: null, type: choice(given, "ListFormat", "type", ["conjunction", "disjunction", "unit"], "conjunction") };
  read.style = choice(given, "ListFormat", "style", WIDTHS, "long");
  return `list\u0001${tags}\u0001${jsonStringify(read)}`;
}

function itemsOf(list) {
  const items = [];
  if (list !== undefined) {
    for (const item of list) {
      if (typeof item !== "string") throw new TypeErrorCtor(`Iterable yielded ${shown(item)} which is not a string`);
      push(items, item);
    }
  }
  return items;
}

// The host knows what stands around the items, which stay here: `add` gets them and
// what stands before each and behind all.
function writeList(own, items, add) {
  if (items.length === 0) return;
  own.patterns ??= jsonParse(door(op.INTL, own.request, "patterns"));
  const last = items.length - 1;
  const behind = [];
  for (let idx = 0; idx < last; idx++) {
    const pattern = own.patterns[last === 1 ? 0 : idx + 1 === last ? 3 : idx === 0 ? 1 : 2];
    add("literal", pattern[0]);
    add("element", items[idx]);
    add("literal", pattern.length > 3 ? pattern[spokenLike(items[idx + 1])] : pattern[1]);
    if (pattern[2] !== "") push(behind, pattern[2]);
  }
  add("element", items[last]);
  for (let idx = behind.length - 1; idx >= 0; idx--) add("literal", behind[idx]);
}

// In Spanish: what stands before a word that begins so.
function spokenLike(next) {
  const start = lower(StringSlice(next, 0, 3));
  const begins = (sounds) => StringStartsWith(start, sounds);
  if (begins("i") || (begins("hi") && start !== "hia" && start !== "hie")) return 3;
  return begins("o") || begins("ho") || begins("8") || next === "11" || start === "11 " ? 4 : 1;
}

service("ListFormat", false, listRequest, {
  format(list) {
    const own = slotsOf(this, "ListFormat", "format");
    let text = "";
    writeList(own, itemsOf(list), (type, value) => {
      text += value;
    });
    return text;
  },
  formatToParts(list) {
    const own = slotsOf(this, "ListFormat", "formatToParts");
    const parts = [];
    writeList(own, itemsOf(list), (type, value) => {
      if (type === "element" || value !== "") push(parts, { type, value });
    });
    return parts;
  },
});

const NAME_TYPES = ["language", "region", "script", "currency", "calendar", "dateTimeField"];

function namesRequest(locales, options) {
  const tags = tagsOf(locales);
  if (options === undefined) throw new TypeErrorCtor("invalid_argument");
  const given = objectOnly(options);
  choice(given, "DisplayNames", "localeMatcher", MATCHERS);
  const read = { __proto__: null, style: choice(given, "DisplayNames", "style", NAMED, "long") };
  read.type = choice(given, "DisplayNames", "type", NAME_TYPES);
  if (read.type === undefined) throw new TypeErrorCtor("invalid_argument");
  read.fallback = choice(given, "DisplayNames", "fallback", ["code", "none"], "code");
  read.languageDisplay = choice(given, "DisplayNames", "languageDisplay", ["dialect", "standard"], "dialect");
  return `names\u0001${tags}\u0001${jsonStringify(read)}`;
}

service("DisplayNames", false, namesRequest, {
  of(code) {
    return door(op.INTL, slotsOf(this, "DisplayNames", "of").request, "of", `${code}`);
  },
});

// Text.

function collatorRequest(locales, options) {
  const tags = tagsOf(locales);
  const given = coerced(options);
  const owner = "Collator";
  const read = { __proto__: null, usage: choice(given, owner, "usage", ["sort", "search"], "sort") };
  choice(given, owner, "localeMatcher", MATCHERS);
  read.collation = keyword(given, "collation");
  read.numeric = truth(given, "numeric");
  read.caseFirst = choice(given, owner, "caseFirst", ["upper", "lower", "false"]);
  read.sensitivity = choice(given, owner, "sensitivity", ["base", "accent", "case", "variant"], "variant");
  read.ignorePunctuation = truth(given, "ignorePunctuation");
  return `collator\u0001${tags}\u0001${jsonStringify(read)}`;
}

service("Collator", true, collatorRequest, {
  get compare() {
    const own = slotsOf(this, "Collator", "compare");
    return (own.bound ??= unnamed((left, right) => door(op.INTL, own.request, "compare", `${left}`, `${right}`)));
  },
});

const PLAIN_COLLATOR = collatorRequest(undefined, undefined);

function stringOf(value, method) {
  if (value === undefined || value === null) {
    throw new TypeErrorCtor(`String.prototype.${method} called on null or undefined`);
  }
  return `${value}`;
}

// In Turkish and Azeri, i and ı are two letters, and Greek capitals have no accents;
// everywhere else the engine's own case is right (Lithuanian's dots are left out).
const DOTTED = /^(tr|az)(-|$)/i;
const GREEK = /^el(-|$)/i;
const VOWEL = /([αεηιουωρΑΕΗΙΟΥΩΡ])([\u0300-\u0314\u0342\u0345]*)/gu;
const STRESS = /[\u0300\u0301\u0342]/;
const ETA = /[ηΗ]/;
const CLOSING = /[ιυΙΥ]/;
const IN_WORD = /[\p{L}\p{M}]/u;

// An accent that kept two vowels apart leaves them a diaeresis. The word for "or" keeps
// its accent.
function withoutAccents(text) {
  text = normalize(text, "NFD");
  let last = 0;
  let wasStressed = false;
  return replace(VOWEL, text, (all, letter, marks, at) => {
    const isStressed = test(STRESS, marks);
    const isApart = StringIndexOf(marks, "\u0308") >= 0;
    const follows = wasStressed && at === last && test(CLOSING, letter);
    last = at + all.length;
    wasStressed = isStressed && !isApart;
    if (isStressed && test(ETA, letter) && !test(IN_WORD, charAt(text, at - 1)) && !test(IN_WORD, charAt(text, last))) {
      return `${letter}\u0301`;
    }
    return `${letter}${isApart || follows ? "\u0308" : ""}${StringIndexOf(marks, "\u0345") >= 0 ? "Ι" : ""}`;
  });
}

function cased(text, locales, plain, pairs) {
  if (locales === undefined) return plain(text);
  const tags = tagsOf(locales);
  const at = StringIndexOf(tags, "\n");
  const tag = at < 0 ? tags : StringSlice(tags, 0, at);
  if (tag !== "") door(op.INTL_TAG, "canonical", tag);
  if (plain === upper && test(GREEK, tag)) return normalize(upper(withoutAccents(text)), "NFC");
  if (test(DOTTED, tag)) for (let idx = 0; idx < pairs.length; idx += 2) text = StringReplaceAll(text, pairs[idx], pairs[idx + 1]);
  return plain(text);
}

addMembers(String.prototype, {
  localeCompare(that, locales, options) {
    const text = stringOf(this, "localeCompare");
    const request = locales === undefined && options === undefined ? PLAIN_COLLATOR : collatorRequest(locales, options);
    return door(op.INTL, request, "compare", text, `${that}`);
  },
  toLocaleUpperCase(locales) {
    return cased(stringOf(this, "toLocaleUpperCase"), locales, upper, ["i", "İ", "ı", "I"]);
  },
  toLocaleLowerCase(locales) {
    return cased(stringOf(this, "toLocaleLowerCase"), locales, lower, ["İ", "i", "I", "ı"]);
  },
});

function segmenterRequest(locales, options) {
  const tags = tagsOf(locales);
  const given = objectOnly(options);
  choice(given, "Segmenter", "localeMatcher", MATCHERS);
  const read = { __proto__: null };
  read.granularity = choice(given, "Segmenter", "granularity", ["grapheme", "word", "sentence"], "grapheme");
  return `segmenter\u0001${tags}\u0001${jsonStringify(read)}`;
}

// Units of text that the host sees at a time.
const SEGMENT_SLICE = 4096;

// Segments from a boundary on: `[end, is it a word, …]`. The last one of a slice
// may go on behind it, so it waits for the next slice.
function segmentsFrom(own, from) {
  for (let size = SEGMENT_SLICE; ; size *= 2) {
    const slice = StringSlice(own.text, from, from + size);
    const found = jsonParse(door(op.INTL, own.request, "segments", slice));
    if (from + size >= own.text.length) return found;
    if (found.length > 2) {
      found.length -= 2;
      return found;
    }
  }
}

function segmentAt(own, start, end, isWord) {
  const segment = { segment: StringSlice(own.text, start, end), index: start, input: own.text };
  if (own.isWords) segment.isWordLike = isWord;
  return segment;
}

const segmentsPrototype = {};
addMembers(segmentsPrototype, {
  containing(index) {
    const own = slotsOf(this, "Segments", "containing");
    index = floor(+index || 0);
    if (index < 0 || index >= own.text.length) return undefined;
    for (let from = 0; ; ) {
      const found = segmentsFrom(own, from);
      let start = from;
      for (let idx = 0; idx < found.length; idx += 2) {
        const end = from + found[idx];
        if (index < end) return segmentAt(own, start, end, found[idx + 1] === 1);
        start = end;
      }
      from = start;
    }
  },
  *[iterator]() {
    const own = slotsOf(this, "Segments", "[Symbol.iterator]");
    for (let from = 0; from < own.text.length; ) {
      const found = segmentsFrom(own, from);
      let start = from;
      for (let idx = 0; idx < found.length; idx += 2) {
        const end = from + found[idx];
        yield segmentAt(own, start, end, found[idx + 1] === 1);
        start = end;
      }
      from = start;
    }
  },
});

service("Segmenter", false, segmenterRequest, {
  segment(text) {
    const { request } = slotsOf(this, "Segmenter", "segment");
    const isWords = StringIndexOf(request, '"word"') >= 0;
    const segments = create(segmentsPrototype);
    WeakMapSet(slots, segments, { __proto__: null, name: "Segments", request, text: `${text}`, isWords });
    return segments;
  },
});

// Locales.

const localeTag = (value) => {
  const own = typeof value === "object" && value !== null ? WeakMapGet(slots, value) : undefined;
  return own !== undefined && own.name === "Locale" ? own.tag : undefined;
};

const LOCALE_KEYWORDS = [
  ["calendar", "ca"], ["collation", "co"], ["hourCycle", "hc"], ["caseFirst", "kf"], ["numeric", "kn"], ["numberingSystem", "nu"],
];

class Locale {
  constructor(tag, options) {
    if (typeof tag !== "string" && (typeof tag !== "object" || tag === null)) {
      throw new TypeErrorCtor("First argument to Intl.Locale constructor can't be empty or missing");
    }
    tag = localeTag(tag) ?? tagOf(`${tag}`);
    const given = coerced(options);
    let edits = "";
    for (let idx = 0; idx < 3; idx++) {
      const name = ["language", "script", "region"][idx];
      const value = given[name];
      if (value !== undefined) edits += `${name}\n${tagOf(`${value}`)}\n`;
    }
    for (let idx = 0; idx < LOCALE_KEYWORDS.length; idx++) {
      const name = LOCALE_KEYWORDS[idx][0];
      const key = LOCALE_KEYWORDS[idx][1];
      let value;
      if (name === "hourCycle") value = choice(given, "Locale", name, ["h11", "h12", "h23", "h24"]);
      else if (name === "caseFirst") value = choice(given, "Locale", name, ["upper", "lower", "false"]);
      else if (name === "numeric") value = truth(given, name);
      else value = keyword(given, name);
      if (value !== undefined) edits += `${key}\n${value}\n`;
    }
    setLocale(this, door(op.INTL_TAG, "edited", tag, edits));
  }
}

function setLocale(self, tag) {
  const lines = split(door(op.INTL_TAG, "parts", tag), "\n");
  const parts = { __proto__: null, base: lines[0], language: lines[1], script: lines[2], region: lines[3] };
  for (let idx = 4; idx + 1 < lines.length; idx += 2) parts[lines[idx]] = lines[idx + 1];
  WeakMapSet(slots, self, { __proto__: null, name: "Locale", tag, parts });
  return self;
}

const localeOf = (self, method) => slotsOf(self, "Locale", method);
const info = (self, method) => jsonParse(door(op.INTL_TAG, "info", localeOf(self, method).tag))[method];

addMembers(Locale.prototype, {
  toString() {
    return localeOf(this, "toString").tag;
  },
  maximize() {
    return setLocale(create(Locale.prototype), door(op.INTL_TAG, "maximize", localeOf(this, "maximize").tag));
  },
  minimize() {
    return setLocale(create(Locale.prototype), door(op.INTL_TAG, "minimize", localeOf(this, "minimize").tag));
  },
  get baseName() {
    return localeOf(this, "baseName").parts.base;
  },
  get language() {
    return localeOf(this, "language").parts.language;
  },
  get script() {
    return localeOf(this, "script").parts.script || undefined;
  },
  get region() {
    return localeOf(this, "region").parts.region || undefined;
  },
  get calendar() {
    return localeOf(this, "calendar").parts.ca;
  },
  get collation() {
    return localeOf(this, "collation").parts.co;
  },
  get hourCycle() {
    return localeOf(this, "hourCycle").parts.hc;
  },
  get caseFirst() {
    return localeOf(this, "caseFirst").parts.kf;
  },
  get numeric() {
    const value = localeOf(this, "numeric").parts.kn;
    return value === "" || value === "true";
  },
  get numberingSystem() {
    return localeOf(this, "numberingSystem").parts.nu;
  },
  get calendars() {
    return info(this, "calendars");
  },
  get collations() {
    return info(this, "collations");
  },
  get hourCycles() {
    return info(this, "hourCycles");
  },
  get numberingSystems() {
    return info(this, "numberingSystems");
  },
  get textInfo() {
    return info(this, "textInfo");
  },
  get timeZones() {
    return info(this, "timeZones");
  },
  get weekInfo() {
    return info(this, "weekInfo");
  },
});
defineProperty(Locale.prototype, toStringTag, { __proto__: null, value: "Intl.Locale", configurable: true });
defineHidden(Intl, "Locale", Locale);

addMembers(Intl, {
  getCanonicalLocales(locales) {
    const tags = tagsOf(locales);
    if (tags === "") return [];
    const text = door(op.INTL_TAG, "canonical", tags);
    const seen = new MapCtor();
    const unique = [];
    const all = split(text, "\n");
    for (let idx = 0; idx < all.length; idx++) {
      if (MapPrototypeHas(seen, all[idx])) continue;
      MapPrototypeSet(seen, all[idx], true);
      push(unique, all[idx]);
    }
    return unique;
  },
  supportedValuesOf(key) {
    return split(door(op.INTL_TAG, "values", `${key}`), "\n");
  },
});

// Lists of any kind: each element as its own type says.

const open = [];

function listText(list, length, locales, options) {
  for (let idx = 0; idx < open.length; idx++) if (open[idx] === list) return "";
  push(open, list);
  try {
    const parts = [];
    for (let idx = 0; idx < length; idx++) {
      const element = list[idx];
      push(parts, element === undefined || element === null ? "" : `${element.toLocaleString(locales, options)}`);
    }
    return join(parts, ",");
  } finally {
    open.length -= 1;
  }
}

addMembers(Array.prototype, {
  toLocaleString(locales, options) {
    const list = isArray(this) ? this : Object(this);
    return listText(list, +list.length || 0, locales, options);
  },
});
addMembers(typedArrayPrototype, {
  toLocaleString(locales, options) {
    return listText(this, typedArrayLength(this), locales, options);
  },
});
