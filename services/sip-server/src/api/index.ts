export { registerMetrics } from "./metrics.ts";
export { type ApiParts, registerRoutes } from "./routes.ts";
