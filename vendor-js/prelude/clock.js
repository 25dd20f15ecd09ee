// `performance`, on the host's clock. `Date` is the engine's own.
import * as op from "./ops.js";
import { defineClass, defineGlobal } from "./primordials.js";
import { door } from "./door.js";

const TOKEN = {};

class PerformanceEntry {
  #name;
  #startTime;
  #duration;
  #detail;

  constructor(token, name, startTime, duration, detail) {
    if (token !== TOKEN) throw new TypeError("Illegal constructor");
    this.#name = name;
    this.#startTime = startTime;
    this.#duration = duration;
    this.#detail = detail;
  }

  get name() {
    return this.#name;
  }

  get startTime() {
    return this.#startTime;
  }

  get duration() {
    return this.#duration;
  }

  get detail() {
    return this.#detail;
  }

  toJSON() {
    const { name, entryType, startTime, duration, detail } = this;
    return { name, entryType, startTime, duration, detail };
  }

  [Symbol.for("nodejs.util.inspect.custom")](depth, options, inspect) {
    return `${this.constructor.name} ${inspect(this.toJSON(), options)}`;
  }
}

class PerformanceMark extends PerformanceEntry {
  get entryType() {
    return "mark";
  }
}

class PerformanceMeasure extends PerformanceEntry {
  get entryType() {
    return "measure";
  }
}

// Marks and measures of the run, in order of their start.
let entries = [];
const without = (type, name) => {
  entries = entries.filter((entry) => !(entry instanceof type) || (name !== undefined && entry.name !== `${name}`));
};
function add(entry) {
  entries.push(entry);
  entries.sort((a, b) => a.startTime - b.startTime);
  return entry;
}

class Performance {
  get timeOrigin() {
    return door(op.TIME_ORIGIN);
  }

  now() {
    return door(op.ELAPSED);
  }

  mark(name, options) {
    const detail = options?.detail === undefined ? null : structuredClone(options.detail);
    return add(new PerformanceMark(TOKEN, `${name}`, options?.startTime ?? door(op.ELAPSED), 0, detail));
  }

  measure(name, startOrOptions, endMark) {
    const isBag = typeof startOrOptions === "object" && startOrOptions !== null;
    const { start, end, duration, detail } = isBag ? startOrOptions : { start: startOrOptions, end: endMark };
    const to = end === undefined ? (duration === undefined ? door(op.ELAPSED) : timeOf(start ?? 0) + duration) : timeOf(end);
    const from = start === undefined ? (duration === undefined ? 0 : to - duration) : timeOf(start);
    return add(new PerformanceMeasure(TOKEN, `${name}`, from, to - from, detail === undefined ? null : structuredClone(detail)));
  }

  getEntries() {
    return [...entries];
  }

  getEntriesByName(name, type) {
    return entries.filter((entry) => entry.name === `${name}` && (type === undefined || entry.entryType === type));
  }

  getEntriesByType(type) {
    return entries.filter((entry) => entry.entryType === type);
  }

  clearMarks(name) {
    without(PerformanceMark, name);
  }

  clearMeasures(name) {
    without(PerformanceMeasure, name);
  }

  toJSON() {
    return { timeOrigin: this.timeOrigin };
  }
}

function timeOf(mark) {
  if (typeof mark === "number") return mark;
  const found = entries.findLast((entry) => entry instanceof PerformanceMark && entry.name === `${mark}`);
  if (found === undefined) throw new DOMException(`The "${mark}" performance mark has not been set`, "SyntaxError");
  return found.startTime;
}

defineClass("Performance", Performance);
defineClass("PerformanceEntry", PerformanceEntry);
defineClass("PerformanceMark", PerformanceMark);
defineClass("PerformanceMeasure", PerformanceMeasure);
defineGlobal("performance", new Performance());
