import { CounterModeCipher } from "./counter-mode-cipher.ts";
import { GcmCipher } from "./gcm-cipher.ts";
import type { PacketCipher } from "./packet-cipher.ts";
import type { SessionKeys } from "./session-keys.ts";
import type { SrtpSuite } from "./suite.ts";

/** The cipher of a suite. `ahead`: packets of a source that the cipher is to be asked for at once. */
export function packetCipher(suite: SrtpSuite, keys: SessionKeys, tagLength: number, ahead: number): PacketCipher {
  return suite.cipher === "gcm" ? new GcmCipher(keys) : new CounterModeCipher(keys, tagLength, ahead);
}
