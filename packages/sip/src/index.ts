export * from "./auth/index.ts";
export * from "./endpoint/index.ts";
export * from "./event/index.ts";
export * from "./limits.ts";
export * from "./message/index.ts";
export * from "./sdp/index.ts";
export * from "./journal/index.ts";
export { ELSEWHERE, isUnwanted, REQUEST_TERMINATED } from "./session/dismissal.ts";
