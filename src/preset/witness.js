// Evaluated before the bundles of a preset that is looked at: remembers every
// object that the language, the web platform and kept libraries offer, and what
// each of them has. `__witness()` throws when that is not so any more.
(function () {
  "use strict";
  const { getOwnPropertyDescriptor: describe, getPrototypeOf, is } = Object;
  const { ownKeys } = Reflect;
  const records = [];
  const seen = new Set();
  const queue = [["globalThis", globalThis]];
  const isObject = (it) => (typeof it === "object" && it !== null) || typeof it === "function";
  const spell = (path, key) => {
    if (typeof key === "symbol") return `${path}[${String(key)}]`;
    return path === "globalThis" ? key : `${path}.${key}`;
  };
  seen.add(globalThis);
  const visit = (path, it) => {
    if (!isObject(it) || seen.has(it)) return;
    seen.add(it);
    queue.push([path, it]);
  };
  for (let at = 0; at < queue.length; at++) {
    const [path, it] = queue[at];
    const properties = ownKeys(it).map((key) => [key, describe(it, key)]);
    records.push({ path, it, proto: getPrototypeOf(it), properties });
    for (const [key, { value, get, set }] of properties) {
      visit(spell(path, key), value);
      visit(spell(path, key), get);
      visit(spell(path, key), set);
    }
    visit(`${path}.__proto__`, getPrototypeOf(it));
  }
  const compare = () => {
    const changed = [];
    for (const { path, it, proto, properties } of records) {
      if (getPrototypeOf(it) !== proto) changed.push(`the prototype of ${path}`);
      for (const [key, before] of properties) {
        const now = describe(it, key);
        const isSame = now !== undefined && ["value", "get", "set"].every((part) => is(now[part], before[part]));
        if (!isSame) changed.push(spell(path, key));
      }
      // A bundle may add globals: that is what it is for.
      if (it !== globalThis && ownKeys(it).length > properties.length) {
        const had = new Set(properties.map(([key]) => key));
        for (const key of ownKeys(it)) if (!had.has(key)) changed.push(spell(path, key));
      }
    }
    if (changed.length === 0) return;
    const more = changed.length > 5 ? ` and ${changed.length - 5} more` : "";
    throw new Error(`it changes what others rely on: ${changed.slice(0, 5).join(", ")}${more}`);
  };
  Object.defineProperty(globalThis, "__witness", { value: compare, configurable: true });
  const added = records[0].properties;
  added.push(["__witness", describe(globalThis, "__witness")]);
})();
