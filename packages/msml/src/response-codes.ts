/** RFC 5707 section 11: what `<result response="...">` may say, with the section's own short texts. */
export const responseCodes = {
  200: "OK",
  400: "Bad Request",
  401: "Unknown Element",
  402: "Unsupported Element",
  403: "Missing mandatory element content",
  404: "Forbidden element content",
  405: "Invalid element content",
  406: "Unknown attribute",
  407: "Attribute not supported",
  408: "Missing mandatory attribute",
  409: "Forbidden attribute is present",
  410: "Invalid attribute value",
  420: "Unsupported media description language",
  421: "Unknown media description language",
  422: "Ambiguous request (both URI and inline description)",
  423: "External document fetch error",
  424: "Syntax error in foreign language",
  425: "Semantic error in foreign language",
  426: "Unknown error executing foreign language",
  430: "Object does not exist",
  431: "Object instance name already used",
  432: "Conference name already in use",
  434: "External document fetch error",
  440: "Cannot join objects of the specified class",
  441: "Objects have incompatible media types",
  444: "Number of media inputs exceeded",
  450: "Objects have incompatible media formats",
  451: "Incompatible media stream format",
  500: "Internal media server error",
  503: "Service Unavailable",
  510: "Not in service",
  511: "Service Unavailable",
  520: "No resource to fulfill request",
  521: "Internal limit exceeded",
} as const;

/** A code of RFC 5707 section 11. */
export type ResponseCode = keyof typeof responseCodes;

/** True for the codes that the RFC defines. */
export function isResponseCode(code: number): code is ResponseCode {
  return Object.hasOwn(responseCodes, code);
}
