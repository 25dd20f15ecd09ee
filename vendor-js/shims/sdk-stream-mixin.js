// In place of the mixin that gives the body of a GetObject its transformTo…
// methods. They read from the host directly as long as nobody has begun to read
// the stream, which costs a third of what its machinery does.
import { toBase64, toHex } from "@smithy/core/serde";
import { HostBody, collectStream } from "./body.js";

const AGAIN = "The stream has already been transformed.";

export function sdkStreamMixin(body) {
  let hasBegun = false;
  const source = body instanceof HostBody ? body : undefined;
  const stream = source === undefined ? body : new ReadableStream(
    {
      async pull(controller) {
        hasBegun = true;
        const bytes = await source.read();
        if (bytes === undefined) controller.close();
        else controller.enqueue(bytes);
      },
      cancel: () => source.cancel(),
    },
    { highWaterMark: 0 },
  );

  let isTransformed = false;
  const transform = () => {
    if (isTransformed) throw new Error(AGAIN);
    isTransformed = true;
  };
  const transformToByteArray = async () => {
    transform();
    if (source === undefined || hasBegun || stream.locked) return collectStream(stream);
    stream.getReader();
    return source.collect();
  };
  return Object.assign(stream, {
    transformToByteArray,
    async transformToString(encoding) {
      const bytes = await transformToByteArray();
      if (encoding === "base64") return toBase64(bytes);
      if (encoding === "hex") return toHex(bytes);
      return new TextDecoder(encoding).decode(bytes);
    },
    transformToWebStream() {
      transform();
      return stream;
    },
  });
}
