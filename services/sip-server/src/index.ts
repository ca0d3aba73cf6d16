export { startSipServer } from "./server.ts";
