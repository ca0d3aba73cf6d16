export { CallStore, type CallStoreStats } from "./call-store.ts";
export { RestoredCalls } from "./restore-calls.ts";
