// Event, EventTarget and CustomEvent, from event-target-shim.
import { Event, EventTarget, setErrorHandler, setWarningHandler } from "event-target-shim";
import { defineClass, defineGlobal } from "./primordials.js";

class CustomEvent extends Event {
  #detail;

  constructor(type, options) {
    super(type, options);
    this.#detail = options?.detail ?? null;
  }

  get detail() {
    return this.#detail;
  }
}

// It warns of what browsers and Node pass over in silence.
setWarningHandler(() => {});
// A listener that throws must not stop the others; the run hears of it.
setErrorHandler((error) => console.error("an event listener threw:", error));

defineGlobal("Event", Event);
defineClass("EventTarget", EventTarget);
defineGlobal("CustomEvent", CustomEvent);
