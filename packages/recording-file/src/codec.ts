/** The two G.711 laws. A file has one of them; audio of the other is converted before it is written. */
export type FileCodec = "pcmu" | "pcma";

/** The byte of digital silence: µ-law 0xFF, A-law 0xD5. */
export function silenceByte(codec: FileCodec): number {
  return codec === "pcmu" ? 0xff : 0xd5;
}

/** RIFF format tag: 7 = µ-law, 6 = A-law (RFC 2361). */
export function formatTag(codec: FileCodec): number {
  return codec === "pcmu" ? 7 : 6;
}
