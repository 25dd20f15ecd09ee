// Streams, from web-streams-polyfill, and the text streams on top of them.
import * as streams from "web-streams-polyfill";
import { defineClass, defineGlobal, defineHidden } from "./primordials.js";
import { TextDecoder, encodeUtf8 } from "./encoding.js";

for (const name of Object.keys(streams)) defineGlobal(name, streams[name]);
const { ReadableByteStreamController, ReadableStream, TransformStream, WritableStream } = streams;

// Shown as in Node, from the package's own fields.
const custom = Symbol.for("nodejs.util.inspect.custom");
defineHidden(ReadableStream.prototype, custom, function (depth, options, inspect) {
  const supportsBYOB = this._readableStreamController instanceof ReadableByteStreamController;
  return `ReadableStream ${inspect({ locked: this.locked, state: this._state, supportsBYOB }, options)}`;
});
defineHidden(WritableStream.prototype, custom, function (depth, options, inspect) {
  return `WritableStream ${inspect({ locked: this.locked, state: this._state }, options)}`;
});
defineHidden(TransformStream.prototype, custom, function (depth, options, inspect) {
  const shown = { readable: this.readable, writable: this.writable, backpressure: this._backpressure };
  return `TransformStream ${inspect(shown, options)}`;
});

class TextDecoderStream {
  #decoder;
  #transform;

  constructor(label, options) {
    const decoder = new TextDecoder(label, options);
    this.#decoder = decoder;
    const forward = (text, controller) => {
      if (text !== "") controller.enqueue(text);
    };
    this.#transform = new TransformStream({
      transform: (chunk, controller) => forward(decoder.decode(chunk, { stream: true }), controller),
      flush: (controller) => forward(decoder.decode(), controller),
    });
  }

  get encoding() {
    return this.#decoder.encoding;
  }

  get fatal() {
    return this.#decoder.fatal;
  }

  get ignoreBOM() {
    return this.#decoder.ignoreBOM;
  }

  get readable() {
    return this.#transform.readable;
  }

  get writable() {
    return this.#transform.writable;
  }
}

class TextEncoderStream {
  #transform;

  constructor() {
    // A pair of surrogates may come in two chunks.
    let high = "";
    this.#transform = new TransformStream({
      transform(chunk, controller) {
        let text = high + `${chunk}`;
        high = /[\ud800-\udbff]$/.test(text) ? text.at(-1) : "";
        if (high !== "") text = text.slice(0, -1);
        if (text !== "") controller.enqueue(encodeUtf8(text));
      },
      flush(controller) {
        if (high !== "") controller.enqueue(encodeUtf8(high));
      },
    });
  }

  get encoding() {
    return "utf-8";
  }

  get readable() {
    return this.#transform.readable;
  }

  get writable() {
    return this.#transform.writable;
  }
}
defineClass("TextDecoderStream", TextDecoderStream);
defineClass("TextEncoderStream", TextEncoderStream);
