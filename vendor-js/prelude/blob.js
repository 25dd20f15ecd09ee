// Blob and File, from fetch-blob. build.mjs takes out its search for Node's
// streams.
import { Blob } from "fetch-blob";
import { File } from "fetch-blob/file.js";
import { defineGlobal, defineHidden } from "./primordials.js";

// Shown as in Node; the packages' own properties are accessors.
defineHidden(Blob.prototype, Symbol.for("nodejs.util.inspect.custom"), function (depth, options, inspect) {
  const shown = { size: this.size, type: this.type };
  if (!(this instanceof File)) return `Blob ${inspect(shown, options)}`;
  return `File ${inspect({ ...shown, name: this.name, lastModified: this.lastModified }, options)}`;
});

defineGlobal("Blob", Blob);
defineGlobal("File", File);
