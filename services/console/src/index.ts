export { startConsole } from "./start.ts";
export type { ConsoleStatus, PhoneHint } from "./status.ts";
