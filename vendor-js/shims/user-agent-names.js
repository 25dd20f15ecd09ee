// In place of the SDK's default names of a client: see user-agent.js.
export { createDefaultUserAgentProvider } from "./user-agent.js";
export { createDefaultUserAgentProvider as defaultUserAgent } from "./user-agent.js";
export { fallback } from "../node_modules/@aws-sdk/core/dist-es/submodules/client/util-user-agent-browser/defaultUserAgent.js";
