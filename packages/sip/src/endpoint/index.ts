export type * from "./types.ts";
export type { DatagramPort, Network, StreamConnection, StreamListener } from "../transport/types.ts";
export { nodeNetwork } from "../transport/node-network.ts";
