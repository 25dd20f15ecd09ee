// `console`, formatted as Node does it. Text leaves through one op; the host
// keeps the lines, caps them and says how much was cut.
import { format, inspect } from "node-inspect-extracted";
import * as op from "./ops.js";
import {
  MapCtor, MapPrototypeDelete, MapPrototypeForEach, MapPrototypeGet, MapPrototypeHas, MapPrototypeSet, NumberToFixed,
  RegExpExec, SetPrototypeForEach, StringCharCodeAt, StringIndexOf, StringRepeat, StringReplaceAll, StringSlice, apply,
  defineGlobal, floor, isArray, isMap, isSet, keys,
} from "./primordials.js";
import { door } from "./door.js";

const DEBUG = 0;
const LOG = 1;
const INFO = 2;
const WARN = 3;
const ERROR = 4;

// More of one line than this is cut before it is copied out.
const LONGEST_LINE = 256 * 1024;

// What needs no escapes between quotes.
const PLAIN = /^[^'\\\x00-\x1f\x7f-\x9f\ud800-\udfff]*$/;
const LONGEST_PLAIN = 1000;
const WIDE = /[\u1100-\uffff]/;

let indentation = "";
const { hasOwn } = Object;
const counts = new MapCtor();
const timers = new MapCtor();

function print(level, args) {
  write(level, args.length === 1 && typeof args[0] === "string" ? args[0] : apply(format, undefined, args));
}

// `unsaid` more characters are behind the text, which will be cut.
function write(level, text, unsaid = 0) {
  if (indentation !== "") {
    if (StringIndexOf(text, "\n") >= 0) text = StringReplaceAll(text, "\n", `\n${indentation}`);
    text = indentation + text;
  }
  const cut = text.length - LONGEST_LINE + unsaid;
  if (cut > 0) door(op.LOG, level, StringSlice(text, 0, LONGEST_LINE), cut);
  else door(op.LOG, level, text, 0);
}

function group(...args) {
  if (args.length > 0) print(LOG, args);
  indentation += "  ";
}

const label = (given) => `${given === undefined ? "default" : given}`;

const console = {
  log(...args) {
    print(LOG, args);
  },
  warn(...args) {
    print(WARN, args);
  },
  error(...args) {
    print(ERROR, args);
  },
  info(...args) {
    print(INFO, args);
  },
  debug(...args) {
    print(DEBUG, args);
  },
  dir(value, options) {
    write(LOG, inspect(value, { __proto__: null, customInspect: false, ...options }));
  },
  dirxml(...args) {
    print(LOG, args);
  },
  trace(...args) {
    const error = { __proto__: null, name: "Trace", message: apply(format, undefined, args) };
    Error.captureStackTrace(error, console.trace);
    write(ERROR, error.stack);
  },
  assert(condition, ...args) {
    if (condition) return;
    if (args.length === 0) args[0] = "Assertion failed";
    else args[0] = `Assertion failed: ${args[0]}`;
    print(WARN, args);
  },
  count(name) {
    name = label(name);
    const count = (MapPrototypeGet(counts, name) ?? 0) + 1;
    MapPrototypeSet(counts, name, count);
    write(LOG, `${name}: ${count}`);
  },
  countReset(name) {
    name = label(name);
    if (!MapPrototypeDelete(counts, name)) write(WARN, `Count for '${name}' does not exist`);
  },
  time(name) {
    name = label(name);
    if (MapPrototypeHas(timers, name)) write(WARN, `Label '${name}' already exists for console.time()`);
    else MapPrototypeSet(timers, name, door(op.ELAPSED));
  },
  timeEnd(name) {
    if (printTime("timeEnd", label(name), [])) MapPrototypeDelete(timers, label(name));
  },
  timeLog(name, ...args) {
    printTime("timeLog", label(name), args);
  },
  table,
  group,
  groupCollapsed: group,
  groupEnd() {
    indentation = StringSlice(indentation, 2);
  },
};
Object.defineProperty(console, Symbol.toStringTag, { value: "console", configurable: true });
defineGlobal("console", console);

function printTime(method, name, rest) {
  const start = MapPrototypeGet(timers, name);
  if (start === undefined) {
    write(WARN, `No such label '${name}' for console.${method}()`);
    return false;
  }
  const line = `${name}: ${duration(door(op.ELAPSED) - start)}`;
  // `rest` may begin with a format; the label must not be taken for one.
  write(LOG, rest.length === 0 ? line : `${line} ${apply(format, undefined, rest)}`);
  return true;
}

function duration(ms) {
  if (ms >= 60_000) {
    const seconds = NumberToFixed((ms % 60_000) / 1000, 3);
    return `${floor(ms / 60_000)}:${seconds < 10 ? "0" : ""}${seconds} (m:ss.mmm)`;
  }
  return ms >= 1000 ? `${NumberToFixed(ms / 1000, 3)}s` : `${+NumberToFixed(ms, 3)}ms`;
}

// The table of Node 20: box drawing, cells to the left.
function table(data, only) {
  if (data === null || typeof data !== "object") return print(LOG, [data]);
  const indexName = isMap(data) || isSet(data) ? "(iteration index)" : "(index)";
  const rows = []; // [index, value, key of a Map | undefined]
  const add = (index, value, key) => (rows[rows.length] = { __proto__: null, index, value, key });
  if (isMap(data)) MapPrototypeForEach(data, (value, key) => add(`${rows.length}`, value, key));
  else if (isSet(data)) SetPrototypeForEach(data, (value) => add(`${rows.length}`, value));
  else {
    const names = keys(data);
    for (let idx = 0; idx < names.length; idx++) add(names[idx], data[names[idx]]);
  }

  const columns = [{ __proto__: null, name: indexName, cells: [] }];
  const byName = new MapCtor();
  const column = (name) => {
    let at = MapPrototypeGet(byName, name);
    if (at === undefined) {
      at = { __proto__: null, name, cells: [] };
      MapPrototypeSet(byName, name, at);
      columns[columns.length] = at;
    }
    return at;
  };
  if (isMap(data)) column("Key");
  if (isArray(only)) for (let idx = 0; idx < only.length; idx++) column(`${only[idx]}`);
  const values = { __proto__: null, name: "Values", cells: [] };
  let hasValues = false;
  // What lies behind the cut of the line is not formatted. Its cells have no say in the
  // widths of those before it either.
  let room = LONGEST_LINE;
  let row = 0;
  for (; row < rows.length && room > 0; row++) {
    const { index, value, key } = rows[row];
    room -= index.length + 4 * columns.length;
    columns[0].cells[row] = index;
    if (isMap(data)) column("Key").cells[row] = cell(key);
    if (value === null || (typeof value !== "object" && typeof value !== "function") || isMap(data)) {
      values.cells[row] = cell(value);
      room -= values.cells[row].length;
      hasValues = true;
      continue;
    }
    const names = isArray(only) ? only : keys(value);
    for (let idx = 0; idx < names.length; idx++) {
      const name = names[idx];
      if (!hasOwn(value, name)) continue;
      const text = cell(value[name]);
      column(`${name}`).cells[row] = text;
      room -= text.length;
    }
  }
  if (hasValues) columns[columns.length] = values;
  const text = draw(columns, row);
  const line = StringIndexOf(text, "\n") + 1;
  write(LOG, text, (rows.length - row) * line);
}

function cell(value) {
  // As `inspect` would, at a tenth of its price.
  if (typeof value === "string" && value.length < LONGEST_PLAIN && RegExpExec(PLAIN, value) !== null) return `'${value}'`;
  if (typeof value === "number" && value !== 0) return `${value}`;
  const depth = value !== null && typeof value === "object" && !isArray(value) && keys(value).length > 2 ? -1 : 0;
  return inspect(value, { __proto__: null, depth, maxArrayLength: 3, breakLength: Infinity });
}

function draw(columns, rowCount) {
  const widths = [];
  for (let at = 0; at < columns.length; at++) {
    let widest = width(columns[at].name);
    for (let row = 0; row < rowCount; row++) {
      const own = width(columns[at].cells[row] ?? "");
      if (own > widest) widest = own;
    }
    widths[at] = widest + 2;
  }
  const rule = (left, middle, right) => {
    let line = left;
    for (let at = 0; at < widths.length; at++) line += (at > 0 ? middle : "") + StringRepeat("─", widths[at]);
    return line + right;
  };
  const row = (text) => {
    let line = "│";
    for (let at = 0; at < widths.length; at++) {
      const shown = text(columns[at]) ?? "";
      line += `${at > 0 ? "│" : ""} ${shown}${StringRepeat(" ", widths[at] - width(shown) - 1)}`;
    }
    return `${line}│\n`;
  };
  let text = `${rule("┌", "┬", "┐")}\n${row((at) => at.name)}${rule("├", "┼", "┤")}\n`;
  for (let idx = 0; idx < rowCount; idx++) text += row((at) => at.cells[idx]);
  return text + rule("└", "┴", "┘");
}

// Columns that a text takes; a pair of surrogates counts as one character of
// double width, which is right for nearly all of them.
function width(text) {
  let units = text.length;
  if (RegExpExec(WIDE, text) === null) return units;
  for (let idx = 0; idx < text.length; idx++) {
    if (isWide(StringCharCodeAt(text, idx))) units++;
  }
  return units;
}

const isWide = (unit) =>
  (unit >= 0x1100 && unit <= 0x115f) || (unit >= 0x2e80 && unit <= 0xa4cf) || (unit >= 0xac00 && unit <= 0xd7a3) ||
  (unit >= 0xf900 && unit <= 0xfaff) || (unit >= 0xff00 && unit <= 0xff60);
