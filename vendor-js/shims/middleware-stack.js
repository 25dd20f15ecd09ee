// In place of @smithy/core's MiddlewareStack: the same stack and the same order.
// The SDK's makes its dozen functions anew for every client and every command, and
// copies and sorts all entries several times for each request, which is a sixth of
// what a request costs an interpreter. Here a stack is a plan and its middlewares: a
// plan knows its places and their order, never changes, and leads to those that have
// one place more. The image holds the plans of what the SDK itself puts on stacks.
const STEPS = { initialize: 5, serialize: 4, build: 3, finalizeRequest: 2, deserialize: 1 };
const PRIORITIES = { high: 3, normal: 2, low: 1 };
const NONE = [];
// No stack of the SDK's takes more steps.
const MAX_STEPS = 64;

// Options → their place.
const known = new WeakMap();
// Whoever uses a stack while the image is built is the SDK, whose options stay as they
// are; a snippet never sees them.
let isBuilding = globalThis.__warmsUp === true;
export const endBuilding = () => {
  isBuilding = false;
};

class Stack {
  #plan = EMPTY;
  // Of the plan's places.
  #middlewares = [];
  #isIdentified = false;

  add(middleware, options = {}) {
    this.#put(placeOf(options, false), middleware);
  }

  addRelativeTo(middleware, options) {
    this.#put(placeOf(options, true), middleware);
  }

  clone() {
    const res = new Stack();
    res.#plan = this.#plan;
    res.#middlewares = this.#middlewares.slice();
    res.#isIdentified = this.#isIdentified;
    return res;
  }

  use(plugin) {
    plugin.applyToStack(this);
  }

  remove(toRemove) {
    if (typeof toRemove === "string") return this.#keep((place) => !place.names.includes(toRemove));
    return this.#keep((place, middleware) => middleware !== toRemove);
  }

  removeByTag(tag) {
    return this.#keep(({ tags }) => !tags?.includes(tag));
  }

  concat(from) {
    const res = this.clone();
    res.use(from);
    res.identifyOnResolve(this.#isIdentified || res.identifyOnResolve() || (from.identifyOnResolve?.() ?? false));
    return res;
  }

  applyToStack(stack) {
    const { places } = this.#plan;
    for (let idx = 0; idx < places.length; idx++) if (!places[idx].isRelative) stack.#put(places[idx], this.#middlewares[idx]);
    for (let idx = 0; idx < places.length; idx++) if (places[idx].isRelative) stack.#put(places[idx], this.#middlewares[idx]);
    stack.identifyOnResolve(this.#isIdentified);
    return stack;
  }

  identify() {
    const { places } = this.#plan;
    return orderOf(places, true).map((idx) => {
      const { step, relation, toMiddleware } = places[idx];
      return `${title(places[idx])} - ${step ?? `${relation} ${toMiddleware}`}`;
    });
  }

  identifyOnResolve(toggle) {
    if (typeof toggle === "boolean") this.#isIdentified = toggle;
    return this.#isIdentified;
  }

  resolve(handler, context) {
    const order = this.#plan.order();
    for (let idx = order.length - 1; idx >= 0; idx--) {
      const middleware = this.#middlewares[order[idx]];
      handler = middleware(handler, context);
    }
    if (this.#isIdentified) console.log(this.identify());
    return handler;
  }

  #put(place, middleware) {
    const { plan, dropped } = this.#plan.with(place);
    if (dropped !== NONE) this.#middlewares = this.#middlewares.filter((_, idx) => !dropped.includes(idx));
    this.#middlewares.push(middleware);
    this.#plan = plan;
  }

  #keep(isKept) {
    const { places, left } = this.#plan;
    const kept = places.map((place, idx) => isKept(place, this.#middlewares[idx]));
    if (!kept.includes(false)) return false;
    const gone = places.flatMap(({ names }, idx) => (kept[idx] ? NONE : names));
    this.#plan = new Plan(
      places.filter((_, idx) => kept[idx]),
      left.filter((name) => !gone.includes(name)),
    );
    this.#middlewares = this.#middlewares.filter((_, idx) => kept[idx]);
    return true;
  }
}

class Plan {
  #order;
  // Place → what comes of it here.
  #next = new Map();
  #nSteps;

  // In order of adding; and names that count as taken though they went when others
  // took the places of theirs.
  constructor(places, left, nSteps = 0) {
    this.places = places;
    this.left = left;
    this.#nSteps = nSteps;
  }

  order() {
    return (this.#order ??= orderOf(this.places, false));
  }

  // The plan with that place, and which places it has no more.
  with(place) {
    let step = this.#next.get(place);
    if (step === undefined) {
      step = this.#step(place);
      if (place.isKept && this.#nSteps < MAX_STEPS) this.#next.set(place, step);
    }
    return step;
  }

  #step(place) {
    const { places, left } = this;
    const dropped = [];
    for (const name of place.names) {
      if (!left.includes(name) && !places.some(({ names }) => names.includes(name))) continue;
      if (!place.override) throw new Error(`Duplicate middleware name '${title(place)}'`);
      const at = places.findIndex(
        ({ isRelative, names }, idx) => isRelative === place.isRelative && !dropped.includes(idx) && names.includes(name),
      );
      if (at < 0) continue;
      const other = places[at];
      if (where(other) !== where(place)) {
        throw new Error(`"${title(other)}" middleware ${where(other)} cannot be overridden by "${title(place)}" middleware ${where(place)}.`);
      }
      dropped.push(at);
    }
    const kept = places.filter((_, idx) => !dropped.includes(idx));
    const gone = dropped.flatMap((idx) => places[idx].names).filter((name) => !left.includes(name));
    const plan = new Plan([...kept, place], [...left, ...gone], this.#nSteps + 1);
    return { plan, dropped: dropped.length === 0 ? NONE : dropped };
  }
}

const EMPTY = new Plan([], []);

export const constructStack = () => new Stack();

function placeOf(options, isRelative) {
  const place = known.get(options);
  if (place !== undefined && place.isRelative === isRelative && (place.isOurs || isOf(place, options))) {
    // Who adds with the same options twice will do so again; options that are made
    // anew each time would fill the memory with plans.
    place.isKept = true;
    return place;
  }
  const { name, aliases, tags, override } = options;
  const res = { isRelative, isKept: false, isOurs: isBuilding, name, aliases, names: namesOf(name, aliases), tags, override };
  if (isRelative) {
    res.step = options.step;
    res.relation = options.relation;
    res.toMiddleware = options.toMiddleware;
  } else {
    const { step = "initialize", priority = "normal" } = options;
    res.step = step;
    res.priority = priority;
    res.rank = (STEPS[step] ?? 0) * 4 + (PRIORITIES[priority || "normal"] ?? 0);
  }
  known.set(options, res);
  return res;
}

// Whether that is still what they say.
function isOf(place, options) {
  const { name, aliases } = options;
  if (name !== place.name || aliases !== place.aliases) return false;
  if (options.tags !== place.tags || options.override !== place.override) return false;
  if (aliases !== undefined && !isSame(namesOf(name, aliases), place.names)) return false;
  if (place.isRelative) {
    return options.step === place.step && options.relation === place.relation && options.toMiddleware === place.toMiddleware;
  }
  return (options.step ?? "initialize") === place.step && (options.priority ?? "normal") === place.priority;
}

const isSame = (names, others) => names.length === others.length && names.every((name, idx) => name === others[idx]);

// Positions of all places, those that are relative to another beside it.
function orderOf(places, isDebug) {
  const indices = [...places.keys()];
  const absolute = indices.filter((idx) => !places[idx].isRelative);
  const relative = indices.filter((idx) => places[idx].isRelative);
  const named = new Map();
  for (const idx of [...absolute, ...relative]) for (const name of places[idx].names) named.set(name, idx);
  const [before, after] = [new Map(), new Map()];
  for (const idx of relative) {
    const { relation, toMiddleware } = places[idx];
    if (!toMiddleware) continue;
    const target = named.get(toMiddleware);
    if (target === undefined) {
      if (isDebug) continue;
      throw new Error(
        `${toMiddleware} is not found when adding ${title(places[idx])} middleware ${relation} ${toMiddleware}`,
      );
    }
    const side = relation === "after" ? after : before;
    const beside = side.get(target);
    if (beside === undefined) side.set(target, [idx]);
    else beside.push(idx);
  }
  const res = [];
  const push = (idx) => {
    for (const earlier of before.get(idx) ?? NONE) push(earlier);
    res.push(idx);
    // Who comes last stands nearest.
    for (const later of (after.get(idx) ?? NONE).toReversed()) push(later);
  };
  // Of the first step first; among equals, in order of adding.
  for (const idx of absolute.toSorted((a, b) => places[b].rank - places[a].rank)) push(idx);
  return res;
}

function namesOf(name, aliases) {
  return [...(name ? [name] : NONE), ...(aliases ?? NONE)];
}

function where({ relation, toMiddleware, priority, step, isRelative }) {
  return isRelative ? `${relation} "${toMiddleware}" middleware` : `with ${priority} priority in ${step} step`;
}

function title({ name, aliases }) {
  return `${name || "anonymous"}${aliases?.length > 0 ? ` (a.k.a. ${aliases.join(",")})` : ""}`;
}
