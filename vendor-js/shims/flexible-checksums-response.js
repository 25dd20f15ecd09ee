// In place of the middleware of @aws-sdk/checksums that compares a response with
// the checksum in its headers. The host has done so while the body came in.
export const flexibleChecksumsResponseMiddlewareOptions = {
  name: "flexibleChecksumsResponseMiddleware",
  toMiddleware: "deserializerMiddleware",
  relation: "after",
  tags: ["BODY_CHECKSUM"],
  override: true,
};

export const flexibleChecksumsResponseMiddleware = () => (next) => next;
