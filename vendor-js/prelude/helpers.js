// Helpers that the transpiler calls by name where it lowers decorators and
// `using` (its "external helpers" mode).
import decorate from "@oxc-project/runtime/helpers/decorate";
import decorateMetadata from "@oxc-project/runtime/helpers/decorateMetadata";
import decorateParam from "@oxc-project/runtime/helpers/decorateParam";
import usingCtx from "@oxc-project/runtime/helpers/usingCtx";
import { defineGlobal } from "./primordials.js";

defineGlobal("babelHelpers", { decorate, decorateMetadata, decorateParam, usingCtx });
