export type { AccessClaims } from "./claims.ts";
export { AccessTokenMint, type MintedToken } from "./mint.ts";
export { AccessTokenVerifier } from "./verify.ts";
