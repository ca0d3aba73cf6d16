export { LiveCalls } from "./live-calls.ts";
export { registerLiveRoutes } from "./live-routes.ts";
export { registerMetrics } from "./metrics.ts";
export { type ApiParts, registerRoutes } from "./routes.ts";
