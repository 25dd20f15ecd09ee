// In place of the middleware that sets the Host header, which is the host's to
// set: notes what the request is, so that the answer can say what a run did.
import { HttpRequest } from "@smithy/core/protocols";

export const hostHeaderMiddlewareOptions = {
  name: "hostHeaderMiddleware",
  step: "build",
  priority: "low",
  tags: ["HOST"],
  override: true,
};

export const resolveHostHeaderConfig = (input) => input;

export const hostHeaderMiddleware = () => (next, context) => (args) => {
  const { request, input } = args;
  if (HttpRequest.isInstance(request)) {
    const operation = context.commandName?.replace(/Command$/, "");
    request.effect = { operation, bucket: typeof input?.Bucket === "string" ? input.Bucket : undefined };
  }
  return next(args);
};

export const getHostHeaderPlugin = () => ({
  applyToStack: (stack) => stack.add(hostHeaderMiddleware(), hostHeaderMiddlewareOptions),
});
