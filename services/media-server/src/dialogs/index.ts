export { needsOf, type ScriptNeeds } from "./script.ts";
export type { DialogEffect, DialogInput, DialogState, Listening } from "./state.ts";
export { newDialog, primitiveOf, runsNow, stepDialog } from "./step.ts";
