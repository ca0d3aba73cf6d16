export { startMediaServer } from "./start.ts";
