/** The type that is sent: not registered, but what everybody sends. */
export const msmlContentType = "application/msml+xml";

/** The types that are read: ours, the one RFC 5707 18.1 registers, and plain XML. For the Accept header of a 415. */
export const acceptedContentTypes = [msmlContentType, "application/vnd.radisys.msml+xml", "application/xml"] as const;

/** True where a Content-Type value, with or without parameters, names one of the accepted types. */
export function isMsmlContentType(value: string): boolean {
  const end = value.indexOf(";");
  const bare = (end < 0 ? value : value.slice(0, end)).trim().toLowerCase();
  return acceptedContentTypes.some((type) => type === bare);
}
