// URLPattern, from urlpattern-polyfill.
import { URLPattern } from "urlpattern-polyfill/urlpattern";
import { defineClass } from "./primordials.js";

defineClass("URLPattern", URLPattern);
