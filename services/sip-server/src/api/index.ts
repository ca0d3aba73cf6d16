export { addMetrics, type MetricSources } from "./metrics.ts";
export { type ApiSources, addApiRoutes } from "./routes.ts";
