// In place of Node's Buffer, which @aws-sdk/lib-storage uses for these four
// and nothing else. Text is encoded by the host.
export const Buffer = {
  isBuffer: () => false,

  from(data) {
    return typeof data === "string" || data instanceof String ? new TextEncoder().encode(data) : new Uint8Array(data);
  },

  byteLength(data) {
    return typeof data === "string" ? new TextEncoder().encode(data).length : data.byteLength;
  },

  concat(chunks) {
    let length = 0;
    for (const chunk of chunks) length += chunk.byteLength;
    const all = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
      all.set(chunk, at);
      at += chunk.byteLength;
    }
    return all;
  },
};
