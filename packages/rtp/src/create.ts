import { type Clock, errorText, type Logger, SidetoneError, systemClock } from "@sidetone/foundation";
import { BatchedPacketIO } from "./batched.ts";
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
  const clock = o.clock ?? systemClock;
  if (o.kind === "dgram") return new DgramPacketIO({ clock, log: o.log });
  try {
    return new BatchedPacketIO({
      clock,
      log: o.log,
      ...(o.yieldMs === undefined ? {} : { yieldMs: o.yieldMs }),
      ...(o.pollMs === undefined ? {} : { pollMs: o.pollMs }),
    });
  } catch (error) {
    if (o.kind === "batched") {
      throw new SidetoneError("packet-io-unavailable", `batched packet I/O does not load: ${errorText(error)}`, {
        exit: 1,
        remedy: "Set rtp.packet-io to dgram or auto.",
        cause: error,
      });
    }
    o.log.warn({ reason: errorText(error) }, "batched packet I/O does not load; using node:dgram");
    return new DgramPacketIO({ clock, log: o.log });
  }
}
