export { type Async, type AsyncObjects, openObjects, type WorkerObjects } from "./open-objects.ts";
export { serveObjects, type ServeOptions } from "./serve-objects.ts";
