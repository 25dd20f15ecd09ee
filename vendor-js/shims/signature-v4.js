// In place of @smithy/signature-v4: signing happens on the host. Hashing a body
// in the interpreter takes hundreds of milliseconds for a megabyte, and the
// host's keys must not be here.
import { call, op } from "./host.js";
import { pathOf } from "./request-path.js";
import { NOT_YET, valueNow } from "./at-hand.js";
import { CHECKSUM_BY_HOST, keysOf, note } from "./signing.js";

const MAX_SECONDS = 7 * 24 * 60 * 60;

export const signatureV4aContainer = { SignatureV4a: null };

export class SignatureV4 {
  constructor({ credentials, region, service }) {
    this.credentialProvider = provider(credentials);
    this.regionProvider = provider(region);
    this.service = service;
  }

  async sign(request, options = {}) {
    const credentials = valueNow(this.credentialProvider);
    return await this.signWith(request, credentials === NOT_YET ? await this.credentialProvider() : credentials, options);
  }

  async signWith(request, credentials, { signingRegion, signingService } = {}) {
    const region = signingRegion ?? (await this.regionProvider());
    refuseV4a(region);
    note(request.headers, { region, service: signingService ?? this.service, credentials: keysOf(credentials) });
    return request;
  }

  async presign(request, options = {}) {
    return this.presignWith(request, await this.credentialProvider(), options);
  }

  async presignWith(request, credentials, options) {
    const { expiresIn = 3600, signingRegion, signingService, unsignableHeaders, signableHeaders } = options;
    const { unhoistableHeaders, hoistableHeaders } = options;
    if (expiresIn > MAX_SECONDS) {
      throw new Error("Signature version 4 presigned URLs must have an expiration date less than one week in the future");
    }
    const region = signingRegion ?? (await this.regionProvider());
    refuseV4a(region);
    const query = { ...request.query };
    const headers = {};
    const isChecked = CHECKSUM_BY_HOST in request.headers;
    for (const [name, value] of Object.entries(request.headers)) {
      const lower = name.toLowerCase();
      if (lower === "host" || value == null) continue;
      // The body is not here: a checksum in the URL would be that of no body, and
      // S3 refuses an algorithm without one.
      if (isChecked && (lower === CHECKSUM_BY_HOST || lower === "x-amz-sdk-checksum-algorithm")) continue;
      if (lower.startsWith("x-amz-") ? !unhoistableHeaders?.has(lower) : hoistableHeaders?.has(lower)) {
        if (lower !== "x-amz-content-sha256") query[name] = value;
      } else if (signableHeaders !== undefined ? signableHeaders.has(lower) : !unsignableHeaders?.has(lower) && !UNSIGNED.has(lower)) {
        headers[name] = value;
      }
    }
    const url = await call(
      op.AWS_PRESIGN,
      JSON.stringify({
        method: request.method,
        protocol: request.protocol,
        hostname: request.hostname,
        port: request.port,
        path: pathOf({ ...request, query }),
        headers,
        sign: { region, service: signingService ?? this.service, credentials: keysOf(credentials) },
        expiresIn: Number(expiresIn),
      }),
    );
    const { pathname, searchParams } = new URL(url);
    const signed = {};
    for (const [name, value] of searchParams) {
      signed[name] = name in signed ? [signed[name], value].flat() : value;
    }
    return { ...request, path: request.path || pathname, query: signed };
  }
}

// Changed by whoever forwards the request, so never signed.
const UNSIGNED = new Set([
  "authorization", "cache-control", "connection", "expect", "from", "keep-alive", "max-forwards", "pragma", "referer",
  "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id", "content-length", "content-type",
]);

function provider(given) {
  return typeof given === "function" ? given : () => Promise.resolve(given);
}

function refuseV4a(region) {
  if (region === "*") {
    throw new Error("Multi-Region Access Points need SigV4A, which is not here: use the access point of one region");
  }
}
