export type { DirectoryChange, NameChanges } from "./change.ts";
export { Directory, directoryOf, liveConfig } from "./directory.ts";
export { ConfigReload, type ReloadCounts } from "./reload.ts";
export { contentOf, type DirectoryContent } from "./snapshot.ts";
export { type Release, TrunkUse } from "./trunk-use.ts";
