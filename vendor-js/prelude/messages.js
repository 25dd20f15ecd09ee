// MessageChannel within the one thread there is, and the events that go with
// errors and messages.
import { Event, EventTarget, getEventAttributeValue, setEventAttributeValue } from "event-target-shim";
import { defineClass, defineGlobal } from "./primordials.js";

class MessageEvent extends Event {
  #init;

  constructor(type, init = {}) {
    super(type, init);
    this.#init = { data: null, origin: "", lastEventId: "", source: null, ports: [], ...init };
  }

  get data() {
    return this.#init.data;
  }

  get origin() {
    return this.#init.origin;
  }

  get lastEventId() {
    return this.#init.lastEventId;
  }

  get source() {
    return this.#init.source;
  }

  get ports() {
    return this.#init.ports;
  }
}

class ErrorEvent extends Event {
  #init;

  constructor(type, init = {}) {
    super(type, init);
    this.#init = { message: "", filename: "", lineno: 0, colno: 0, error: undefined, ...init };
  }

  get message() {
    return this.#init.message;
  }

  get filename() {
    return this.#init.filename;
  }

  get lineno() {
    return this.#init.lineno;
  }

  get colno() {
    return this.#init.colno;
  }

  get error() {
    return this.#init.error;
  }
}

// For those who make one; here nobody is told of rejections but the logs.
class PromiseRejectionEvent extends Event {
  #init;

  constructor(type, init) {
    super(type, init);
    if (init?.promise === undefined) throw new TypeError("PromiseRejectionEvent takes a promise");
    this.#init = { reason: undefined, ...init };
  }

  get promise() {
    return this.#init.promise;
  }

  get reason() {
    return this.#init.reason;
  }
}

class CloseEvent extends Event {}

const TOKEN = {};
let entangle;

class MessagePort extends EventTarget {
  #other = null;
  #queue = [];
  #isStarted = false;

  static {
    entangle = (a, b) => {
      a.#other = b;
      b.#other = a;
    };
  }

  constructor(token) {
    if (token !== TOKEN) throw new TypeError("Illegal constructor");
    super();
  }

  postMessage(message, options) {
    const transfer = Array.isArray(options) ? options : (options?.transfer ?? []);
    const data = structuredClone(message, { transfer });
    const other = this.#other;
    if (other === null) return;
    other.#queue.push(data);
    if (other.#isStarted) other.#deliver();
  }

  // Each message is a task of its own.
  #deliver() {
    setImmediate(() => {
      if (!this.#isStarted || this.#queue.length === 0) return;
      const data = this.#queue.shift();
      this.dispatchEvent(new MessageEvent("message", { data }));
    });
  }

  start() {
    if (this.#isStarted) return;
    this.#isStarted = true;
    for (let idx = 0; idx < this.#queue.length; idx++) this.#deliver();
  }

  close() {
    const other = this.#other;
    if (other === null) return;
    this.#other = null;
    other.#other = null;
    for (const port of [this, other]) setImmediate(() => port.dispatchEvent(new CloseEvent("close")));
  }

  // Nothing here is kept alive, or not, by a port.
  ref() {}

  unref() {}

  get onmessage() {
    return getEventAttributeValue(this, "message");
  }

  set onmessage(listener) {
    setEventAttributeValue(this, "message", listener);
    this.start();
  }

  get onmessageerror() {
    return getEventAttributeValue(this, "messageerror");
  }

  set onmessageerror(listener) {
    setEventAttributeValue(this, "messageerror", listener);
  }
}

class MessageChannel {
  #port1 = new MessagePort(TOKEN);
  #port2 = new MessagePort(TOKEN);

  constructor() {
    entangle(this.#port1, this.#port2);
  }

  get port1() {
    return this.#port1;
  }

  get port2() {
    return this.#port2;
  }
}

defineClass("MessageEvent", MessageEvent);
defineClass("ErrorEvent", ErrorEvent);
defineClass("PromiseRejectionEvent", PromiseRejectionEvent);
defineClass("MessagePort", MessagePort);
defineClass("MessageChannel", MessageChannel);

// As the web's: the run goes on, and its logs tell of the error.
defineGlobal("reportError", function reportError(error) {
  if (arguments.length === 0) throw new TypeError("reportError takes an error");
  console.error("Uncaught", error);
});
