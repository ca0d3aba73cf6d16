import { sameSrtp, SrtpReceiver, type SrtpParameters } from "@sidetone/rtp";

/** How the packets of one stream are opened, as its descriptions say. */
export class LaneSrtp {
  #parameters: SrtpParameters | undefined;
  #receiver: SrtpReceiver | undefined;
  /** Of the description before: what was sent before the new one was heard of is still to be read. */
  #before: SrtpReceiver | undefined;
  /** RTP packets that were not authentic, or were replays. */
  refused = 0;

  constructor(parameters: SrtpParameters | undefined) {
    this.set(parameters);
  }

  /**
   * The same keys go on with what they know: rollover counter and replay window (RFC 3711 3.2.1).
   * @returns whether they are others than before
   */
  set(parameters: SrtpParameters | undefined): boolean {
    if (sameSrtp(parameters, this.#parameters)) return false;
    this.#parameters = parameters;
    this.#before = this.#receiver;
    this.#receiver = parameters === undefined ? undefined : new SrtpReceiver(parameters);
    return true;
  }

  /** Length of the plain packet, which is made in place; -1 for one that is not to be taken. */
  open(kind: "rtp" | "rtcp", data: Uint8Array, offset: number, length: number): number {
    if (this.#receiver === undefined) return length;
    const plain = unprotect(this.#receiver, kind, data, offset, length);
    if (plain >= 0) return plain;
    const earlier = this.#before === undefined ? -1 : unprotect(this.#before, kind, data, offset, length);
    // Some shorten the tag of RTCP, too, against RFC 4568 6.2.2: the audio does without it.
    if (earlier < 0 && kind === "rtp") this.refused += 1;
    return earlier;
  }
}

function unprotect(
  receiver: SrtpReceiver,
  kind: "rtp" | "rtcp",
  data: Uint8Array,
  offset: number,
  length: number,
): number {
  return kind === "rtp" ? receiver.unprotectRtp(data, offset, length) : receiver.unprotectRtcp(data, offset, length);
}
