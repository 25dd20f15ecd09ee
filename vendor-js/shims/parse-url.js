// In place of @smithy/core's parseUrl: the same parts, remembered by the text. The
// SDK parses the endpoint of a client several times for each request, and parsing
// is the host's.
import { parseQueryString } from "../node_modules/@smithy/core/dist-es/submodules/transport/parseQueryString.js";

const MAX_KNOWN = 64;
const known = new Map();

export function parseUrl(url) {
  const text = typeof url === "string" ? url : url.href;
  let parts = text === undefined ? partsOf(url) : known.get(text);
  if (parts === undefined) {
    parts = partsOf(typeof url === "string" ? new URL(url) : url);
    if (known.size === MAX_KNOWN) known.clear();
    known.set(text, parts);
  }
  // Whoever asks may write into it.
  return { ...parts, query: parts.query && { ...parts.query } };
}

function partsOf({ hostname, pathname, port, protocol, search }) {
  return {
    hostname,
    port: port ? parseInt(port) : undefined,
    protocol,
    path: pathname,
    query: search ? parseQueryString(search) : undefined,
  };
}
