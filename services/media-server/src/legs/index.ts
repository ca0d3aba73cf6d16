export { PartyLeg } from "./party-leg.ts";
export { type LegUri, readLegUri } from "./request-uri.ts";
