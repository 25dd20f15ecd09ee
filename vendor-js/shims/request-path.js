// The path and query of a request of the SDK, as they are sent.
import { buildQueryString } from "@smithy/core/protocols";

export function pathOf({ path, query }) {
  const search = buildQueryString(query ?? {});
  return search === "" ? path || "/" : `${path || "/"}?${search}`;
}
