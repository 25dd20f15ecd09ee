// Values of settings that are at hand. The SDK takes each setting from a function
// that promises it, and awaits that: two or three promises and as many jobs, a dozen
// times for each request, for what was there all along. Whoever makes such a function
// says here how to get the value without it; whoever needs the value asks here first.
// The function stays what it is, for those who call it.
export const NOT_YET = Symbol("not yet");

// Function → how to get its value at once, or NOT_YET.
const known = new WeakMap();

export function withValue(provider, value) {
  known.set(provider, value);
  return provider;
}

// The value of a provider, or NOT_YET: then it has to be called, and awaited.
export function valueNow(provider, arg) {
  const value = known.get(provider);
  return value === undefined ? NOT_YET : value(arg);
}

// Calls `next` with what a value or the promise of one comes to. What that gives is
// a promise only if it has to be.
export const follow = (value, next) => (isPromise(value) ? value.then(next) : next(value));

export const isPromise = (value) => typeof value === "object" && typeof value?.then === "function";
