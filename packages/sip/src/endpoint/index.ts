export type * from "./types.ts";
export type { DatagramPort, Network, StreamConnection, StreamListener } from "../transport/types.ts";
export { nodeNetwork } from "../transport/node-network.ts";
export { addressCheck, peerCheck } from "./peer-check.ts";
export { SipEndpoint } from "./endpoint.ts";
export { MemoryNetwork } from "../transport/memory.ts";
export type { MemoryNetworkOptions } from "../transport/memory.ts";
export { RegistrationClient } from "./registration.ts";
export type { RegistrationOptions } from "./registration.ts";
