/** Every size that the SIP package refuses to exceed. Bytes unless the name says otherwise. */
export const LIMITS = {
  /** Largest datagram that is read; UDP carries no more. */
  datagramBytes: 65_535,
  /** Start line and headers of a message on a stream; a peer that sends more without the empty line is cut off. */
  streamHeadBytes: 16_384,
  /** A whole message on a stream. */
  streamMessageBytes: 262_144,
  /** Header lines of one message. */
  headerCount: 128,
  /** A header's name. RFC 4475 3.1.1.7 (longreq) has one of 102 characters that must be accepted. */
  headerNameBytes: 256,
  /** A header's value, unfolded. */
  headerValueBytes: 8_192,
  /** The Request-URI; longer ones are answered with 414. */
  uriBytes: 1_024,
  /** The method's name. */
  methodBytes: 64,
  /** Parameters of one header element or one URI. */
  paramCount: 64,
  /** Via elements of one message: Max-Forwards starts at 70, so a longer path is a loop. */
  viaCount: 70,
  /** Route or Record-Route elements of one message. */
  routeCount: 32,
  /** CSeq numbers are below 2^31 (RFC 3261 8.1.1.5). */
  cseqMax: 2 ** 31 - 1,
  /** Expires and the like fit in 32 bits (RFC 3261 20.19). */
  deltaSecondsMax: 2 ** 32 - 1,
  /** Parts of a multipart body. */
  multipartParts: 32,
  /** Nesting is not needed by anything that we read: a part that is multipart itself is left as bytes. */
  multipartBoundaryBytes: 70,
  /** A session description. */
  sdpBytes: 65_536,
  /** Lines of a session description. */
  sdpLines: 2_000,
  /** m= lines of a session description. */
  sdpMedia: 64,
  /** Challenges looked at in one answer. */
  digestChallenges: 8,
  /** Nonces whose counts are remembered by one digest verifier. */
  digestNonces: 50_000,
  /** Keys (user and source) remembered by one guess guard. */
  guessKeys: 50_000,
} as const;
/** A SIP journal that has more than this waiting for the disk drops lines instead of memory. Bytes. */
export const MAX_JOURNAL_BACKLOG_BYTES = 16 * 1024 * 1024;
