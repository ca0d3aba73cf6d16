export { promptFolder, shippedPrompts } from "./folder.ts";
export { type PromptFolder, PromptLibrary } from "./library.ts";
