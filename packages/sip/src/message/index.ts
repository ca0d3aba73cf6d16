export { isToken, parseDigits, quote, readable, splitList, unquote, wireText } from "./characters.ts";
export { headerKey } from "./header-names.ts";
export { Headers } from "./headers.ts";
export { parseCSeq, SipRequest, SipResponse } from "./message.ts";
export type { CSeq, Flaw, SipMessage } from "./message.ts";
export { formatMultipart, parseMultipart } from "./multipart.ts";
export type { BodyPart, PartToWrite } from "./multipart.ts";
export { cloneNameAddr, formatNameAddr, nameAddr, parseNameAddr } from "./name-addr.ts";
export type { NameAddr } from "./name-addr.ts";
export { Params, parseValueWithParams } from "./params.ts";
export { parseMessage } from "./parse.ts";
export type { ParseFailure } from "./parse.ts";
export { createResponse } from "./response.ts";
export type { ResponseOptions } from "./response.ts";
export { serialize } from "./serialize.ts";
export { reasonPhrase } from "./status.ts";
export { checkExtensions, deltaSeconds, maxForwardsOf, validateRequest, validateResponse } from "./validate.ts";
export type { Refusal, ValidationOptions } from "./validate.ts";
export { StreamFramer } from "./stream-framer.ts";
export type { FramedItem } from "./stream-framer.ts";
export {
  cloneUri,
  escapeParam,
  escapeUser,
  formatHostPort,
  formatUri,
  parseHostPort,
  parseUri,
  hostKey,
  sameHost,
  unescapeUri,
  uriEquals,
  userOf,
} from "./uri.ts";
export type { SipUri } from "./uri.ts";
export { BRANCH_COOKIE, formatVia, parseVia } from "./via.ts";
export type { Via } from "./via.ts";
