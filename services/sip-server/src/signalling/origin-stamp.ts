import { formatSdp, parseSdp } from "@sidetone/sip";
import type { StampSnapshot } from "../restore/call-snapshot.ts";

/** R33: versions that a restarted server leaves out: those of what it said after the snapshot. */
const VERSION_STEP = 10;

/**
 * Keeps the `o=` line of what SIP Server sends on one dialog: same user name, session id and address for its life,
 * version raised by one whenever the rest of the SDP changes (RFC 3264 8). Whose SDP is passed on may change in
 * mid-call; the phone must not notice.
 */
export class OriginStamp {
  readonly #sessionId: string;
  readonly #address: string;
  #version = 0;
  #last = "";

  constructor(sessionId: string, address: string) {
    this.#sessionId = sessionId;
    this.#address = address;
  }

  /** As after a restart: whatever is said next has a later version. */
  static restored({ sessionId, address, version }: StampSnapshot): OriginStamp {
    const stamp = new OriginStamp(sessionId, address);
    stamp.#version = version + VERSION_STEP - 1;
    return stamp;
  }

  snapshot(): StampSnapshot {
    return { sessionId: this.#sessionId, address: this.#address, version: this.#version };
  }

  /** The body with our origin; what is no SDP passes as it is. An empty body stays empty. */
  stamp(body: Buffer): Buffer {
    if (body.length === 0) return body;
    const parsed = parseSdp(body);
    if (!parsed.ok) return body;
    const sdp = parsed.value;
    const addrType = this.#address.includes(":") ? "IP6" : "IP4";
    const withVersion = (version: number): string =>
      formatSdp({
        ...sdp,
        origin: {
          username: "sidetone",
          sessionId: this.#sessionId,
          sessionVersion: String(version),
          netType: "IN",
          addrType,
          address: this.#address,
        },
      });
    const content = withVersion(0);
    if (content !== this.#last) {
      this.#last = content;
      this.#version += 1;
    }
    return Buffer.from(withVersion(this.#version), "latin1");
  }
}
