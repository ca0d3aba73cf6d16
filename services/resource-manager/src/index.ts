export { formatLoadReport, type LoadReport, loadHeader } from "./groups/load-report.ts";
export { avoidHeader, tokenHeader } from "./groups/token.ts";
export { startResourceManager } from "./start.ts";
export type { ResourceState } from "./states.ts";
