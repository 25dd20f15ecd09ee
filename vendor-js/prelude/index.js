// The prelude: the web platform as far as it goes, and the glue between the
// engine and the host. Evaluated once, while the image is built; nothing here
// may draw random numbers or read a clock while it loads. Order matters: what
// comes later captures what came before.
import "./lockdown.js";
import "./generators.js";
import { answer, ask, call, door, settle, start, work } from "./door.js";
import "./errors.js";
import "./clock.js";
import "./random.js";
import "./intl.js";
import { takeTick, takeTimer } from "./timers.js";
import { stringify } from "./result.js";
import { describe, leftovers, rejection } from "./describe.js";
// Before the console, which only requires it: what it captures is deleted.
import "./peek.js";
import "./console.js";
import "./encoding.js";
import "./buffer.js";
import "./process.js";
import "./url.js";
import "./events.js";
import "./abort.js";
import "./subtle.js";
import "./streams.js";
import "./compression.js";
import "./blob.js";
import "./clone.js";
import "./messages.js";
import "./urlpattern.js";
import "./headers.js";
import "./formdata.js";
import "./fetch.js";
import "./platform.js";
import { kept } from "./shapes.js";
import "./helpers.js";
import "./require.js";

globalThis.__hooks = { stringify, describe, takeTimer, takeTick, settle, rejection, leftovers, kept };
// For the bundles that come after this one; gone before the image is sealed.
globalThis.__host = { answer, ask, call, door, start, work };
