export type { Switch } from "./switch.ts";
export { TlibServer, type TlibStats } from "./tlib-server.ts";
export { tlibPath, webSocketDoor } from "./web-socket-door.ts";
