// Shapes that stay. The engine finds the shape that an object has after a property
// was added by looking for one that some object has. A function gets its length, then
// its name: with only its length there is none, so each function, and so each promise
// with its two, made that shape anew and threw it away.
import { create } from "./primordials.js";

const FUNCTIONS = [Function.prototype, Object.getPrototypeOf(async function () {})];

// For the hooks, which live as long as the image.
export const kept = FUNCTIONS.map((proto) => create(proto, { length: { value: 0, configurable: true } }));
