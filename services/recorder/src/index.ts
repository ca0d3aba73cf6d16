export { startRecorder } from "./recorder.ts";
export { type Rebuilt, rebuildIndex } from "./store/rebuild-index.ts";
