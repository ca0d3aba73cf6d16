import { formatSdp, parseSdp } from "@sidetone/sip";
import { type RecordIndication, writeIndication } from "./record-attribute.ts";

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
  #indicated: RecordIndication | undefined;
  /** RFC 7866 7.1.2: what this phone is to be told of its recording; undefined: it would not know what that is. */
  indication: () => RecordIndication | undefined = () => undefined;

  constructor(sessionId: string, address: string) {
    this.#sessionId = sessionId;
    this.#address = address;
  }

  /** What the phone was told last of its recording. */
  get indicated(): RecordIndication | undefined {
    return this.#indicated;
  }

  /** The body with our origin; what is no SDP passes as it is. An empty body stays empty. */
  stamp(body: Buffer): Buffer {
    if (body.length === 0) return body;
    const parsed = parseSdp(body);
    if (!parsed.ok) return body;
    const sdp = parsed.value;
    this.#indicated = this.indication();
    writeIndication(sdp, this.#indicated);
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
