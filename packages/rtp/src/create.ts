import { type Clock, type Logger, systemClock } from "@sidetone/foundation";
import { DgramPacketIO } from "./dgram.ts";
import type { PacketIO, PacketIOKind } from "./packet-io.ts";

export interface PacketIOOptions {
  /** `auto`: batched where it loads (Linux x64 and arm64), else dgram with one line in the log. */
  readonly kind: "auto" | PacketIOKind;
  readonly log: Logger;
  readonly clock?: Clock;
  /** How often sockets in poll mode are read, ms. Default 200. */
  readonly pollMs?: number;
  /** Batched: longest time the event loop waits for the packet loop, ms. Default 10. */
  readonly yieldMs?: number;
}

/** Makes a PacketIO for the calling thread. Throws `SidetoneError` "packet-io-unavailable" where "batched" was demanded and does not load. */
export function createPacketIO(o: PacketIOOptions): PacketIO {
  return new DgramPacketIO({ clock: o.clock ?? systemClock, log: o.log });
}
