// In place of the middleware of @aws-sdk/checksums that computes the checksum of
// a body. The host does, while it sends: in the interpreter that takes hundreds
// of milliseconds for a megabyte, and the browser build's chunked encoding spoils
// binary streams. Which request carries which checksum is decided as in the
// package.
import { HttpRequest } from "@smithy/core/protocols";
import { CHECKSUM_BY_HOST } from "./signing.js";

const DEFAULT = "CRC32";

export const flexibleChecksumsMiddlewareOptions = {
  name: "flexibleChecksumsMiddleware",
  step: "build",
  tags: ["BODY_CHECKSUM"],
  override: true,
};

export const flexibleChecksumsMiddleware = (config, { requestChecksumRequired, requestAlgorithmMember }) => (next) => async (args) => {
  const { request, input } = args;
  if (!HttpRequest.isInstance(request) || hasChecksum(request.headers)) return next(args);
  const isWanted = requestChecksumRequired || (await config.requestChecksumCalculation()) === "WHEN_SUPPORTED";
  const member = requestAlgorithmMember?.name;
  if (member && !input[member] && isWanted) {
    input[member] = DEFAULT;
    if (requestAlgorithmMember.httpHeader) request.headers[requestAlgorithmMember.httpHeader] = DEFAULT;
  }
  const algorithm = member ? input[member] : isWanted ? DEFAULT : undefined;
  if (algorithm) request.headers[CHECKSUM_BY_HOST] = algorithm;
  return next(args);
};

function hasChecksum(headers) {
  for (const name in headers) if (name.toLowerCase().startsWith("x-amz-checksum-")) return true;
  return false;
}
