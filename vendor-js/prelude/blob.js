// Blob and File, from fetch-blob. build.mjs takes out its search for Node's
// streams.
import { Blob } from "fetch-blob";
import { File } from "fetch-blob/file.js";
import { defineGlobal, defineHidden, defineProperty, getter } from "./primordials.js";

const typeOf = getter(Blob.prototype, "type");
defineProperty(Blob.prototype, "type", {
  __proto__: null,
  // The package keeps the case that it was given.
  get() {
    return typeOf(this).toLowerCase();
  },
  configurable: true,
  enumerable: true,
});

// Shown as in Node; the packages' own properties are accessors.
defineHidden(Blob.prototype, Symbol.for("nodejs.util.inspect.custom"), function (depth, options, inspect) {
  const shown = { size: this.size, type: this.type };
  if (!(this instanceof File)) return `Blob ${inspect(shown, options)}`;
  return `File ${inspect({ ...shown, name: this.name, lastModified: this.lastModified }, options)}`;
});

defineGlobal("Blob", Blob);
defineGlobal("File", File);
