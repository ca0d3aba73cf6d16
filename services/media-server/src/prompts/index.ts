export { promptFolder, shippedPrompts } from "./folder.ts";
export { type FetchedAudio, HttpSource } from "./http-source.ts";
export { type PromptFolder, PromptLibrary } from "./library.ts";
export { openAudioFiles, recordPathOf } from "./record-folder.ts";
export { Sources } from "./sources.ts";
