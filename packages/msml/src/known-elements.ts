/**
 * Requests that RFC 5707 defines and this package does not read yet: they are answered 402, anything else 401.
 * Reading one means adding a type to `document.ts`, a reader to `read-operations.ts` and a writer to `write.ts`.
 */
export const unsupportedRequests: ReadonlySet<string> = new Set(["send", "modifystream", "monitor", "audit"]);

/** Children of the served requests that RFC 5707 defines and this package does not read yet. */
export const unsupportedChildren: ReadonlySet<string> = new Set([
  "videolayout",
  "reserve",
  "asn",
  "gain",
  "clamp",
  "visual",
]);
