// In place of @smithy/core's MiddlewareStack: the same stack and the same order.
// The SDK's makes its dozen functions anew for every client and every command,
// and copies and sorts all entries several times for each request, which is a
// sixth of what a request costs an interpreter. Here entries are shared between
// stacks, which never change them, and lie in order from the beginning.
const STEPS = { initialize: 5, serialize: 4, build: 3, finalizeRequest: 2, deserialize: 1 };
const PRIORITIES = { high: 3, normal: 2, low: 1 };

class Stack {
  // Of the first step first; among equals, in order of adding.
  #absolute = [];
  // In order of adding.
  #relative = [];
  // Name or alias → entry.
  #named = new Map();
  #isIdentified = false;

  add(middleware, options = {}) {
    const { name, aliases, tags, step = "initialize", priority = "normal", override } = options;
    const rank = (STEPS[step] ?? 0) * 4 + (PRIORITIES[priority || "normal"] ?? 0);
    this.#insert({ middleware, name, aliases, names: namesOf(name, aliases), tags, step, priority, override, rank });
  }

  addRelativeTo(middleware, options) {
    const { name, aliases, tags, step, relation, toMiddleware, override } = options;
    this.#insert({ middleware, name, aliases, names: namesOf(name, aliases), tags, step, relation, toMiddleware, override });
  }

  clone() {
    const res = new Stack();
    res.#absolute = this.#absolute.slice();
    res.#relative = this.#relative.slice();
    res.#named = new Map(this.#named);
    res.#isIdentified = this.#isIdentified;
    return res;
  }

  use(plugin) {
    plugin.applyToStack(this);
  }

  remove(toRemove) {
    if (typeof toRemove === "string") return this.#keep((entry) => !entry.names.includes(toRemove));
    return this.#keep((entry) => entry.middleware !== toRemove);
  }

  removeByTag(tag) {
    return this.#keep((entry) => !entry.tags?.includes(tag));
  }

  concat(from) {
    const res = this.clone();
    res.use(from);
    res.identifyOnResolve(this.#isIdentified || res.identifyOnResolve() || (from.identifyOnResolve?.() ?? false));
    return res;
  }

  applyToStack(stack) {
    for (let idx = 0; idx < this.#absolute.length; idx++) stack.#insert(this.#absolute[idx]);
    for (let idx = 0; idx < this.#relative.length; idx++) stack.#insert(this.#relative[idx]);
    stack.identifyOnResolve(this.#isIdentified);
    return stack;
  }

  identify() {
    return this.#inOrder(true).map(
      (entry) => `${title(entry)} - ${entry.step ?? `${entry.relation} ${entry.toMiddleware}`}`,
    );
  }

  identifyOnResolve(toggle) {
    if (typeof toggle === "boolean") this.#isIdentified = toggle;
    return this.#isIdentified;
  }

  resolve(handler, context) {
    const entries = this.#inOrder(false);
    for (let idx = entries.length - 1; idx >= 0; idx--) handler = entries[idx].middleware(handler, context);
    if (this.#isIdentified) console.log(this.identify());
    return handler;
  }

  #insert(entry) {
    const isRelative = entry.rank === undefined;
    const list = isRelative ? this.#relative : this.#absolute;
    const { names } = entry;
    // By index, here and below: an iterator costs more than what it is for.
    for (let idx = 0; idx < names.length; idx++) {
      const name = names[idx];
      if (!this.#named.has(name)) continue;
      if (!entry.override) throw new Error(`Duplicate middleware name '${title(entry)}'`);
      const at = list.findIndex((other) => other.names.includes(name));
      if (at < 0) continue;
      const other = list[at];
      if (place(other) !== place(entry)) {
        throw new Error(`"${title(other)}" middleware ${place(other)} cannot be overridden by "${title(entry)}" middleware ${place(entry)}.`);
      }
      list.splice(at, 1);
    }
    for (let idx = 0; idx < names.length; idx++) this.#named.set(names[idx], entry);
    let at = list.length;
    if (!isRelative) while (at > 0 && list[at - 1].rank < entry.rank) at--;
    if (at === list.length) list.push(entry);
    else list.splice(at, 0, entry);
  }

  #keep(isKept) {
    const before = this.#absolute.length + this.#relative.length;
    const keep = (entry) => {
      if (isKept(entry)) return true;
      for (const name of entry.names) this.#named.delete(name);
      return false;
    };
    this.#absolute = this.#absolute.filter(keep);
    this.#relative = this.#relative.filter(keep);
    return this.#absolute.length + this.#relative.length < before;
  }

  // All entries, those that are relative to another beside it.
  #inOrder(isDebug) {
    if (this.#relative.length === 0) return this.#absolute;
    const [before, after] = [new Map(), new Map()];
    for (const entry of this.#relative) {
      if (!entry.toMiddleware) continue;
      const target = this.#named.get(entry.toMiddleware);
      if (target === undefined) {
        if (isDebug) continue;
        throw new Error(
          `${entry.toMiddleware} is not found when adding ${title(entry)} middleware ${entry.relation} ${entry.toMiddleware}`,
        );
      }
      const side = entry.relation === "after" ? after : before;
      const beside = side.get(target);
      if (beside === undefined) side.set(target, [entry]);
      else beside.push(entry);
    }
    const res = [];
    const push = (entry) => {
      const earlier = before.get(entry);
      if (earlier !== undefined) for (let idx = 0; idx < earlier.length; idx++) push(earlier[idx]);
      res.push(entry);
      // Who comes last stands nearest.
      const later = after.get(entry);
      if (later !== undefined) for (let idx = later.length - 1; idx >= 0; idx--) push(later[idx]);
    };
    for (let idx = 0; idx < this.#absolute.length; idx++) push(this.#absolute[idx]);
    return res;
  }
}

export const constructStack = () => new Stack();

const NO_NAMES = [];

function namesOf(name, aliases) {
  if (aliases === undefined || aliases.length === 0) return name ? [name] : NO_NAMES;
  return name ? [name, ...aliases] : [...aliases];
}

function place({ relation, toMiddleware, priority, step }) {
  return relation === undefined ? `with ${priority} priority in ${step} step` : `${relation} "${toMiddleware}" middleware`;
}

function title({ name, aliases }) {
  return `${name || "anonymous"}${aliases?.length > 0 ? ` (a.k.a. ${aliases.join(",")})` : ""}`;
}
