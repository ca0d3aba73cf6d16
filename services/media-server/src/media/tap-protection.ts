import {
  type DestId,
  MAX_DATAGRAM,
  type PacketIO,
  sameSrtp,
  type SocketId,
  SRTP_OVERHEAD,
  type SrtpParameters,
  SrtpSender,
} from "@sidetone/rtp";

interface Known {
  readonly parameters: SrtpParameters;
  readonly sender: SrtpSender;
}

/** Sends what a replica says, protected where its recorder wants SRTP. */
export class TapProtection {
  readonly #io: PacketIO;
  /** Every key that was used: one that comes again goes on where it was (RFC 3711 9.1). One for each recorder that the replica was sent to. */
  readonly #known: Known[] = [];
  #sender: SrtpSender | undefined;
  #sealed = new Uint8Array(0);

  constructor(io: PacketIO) {
    this.#io = io;
  }

  /** From now on; undefined: plain. */
  set(parameters: SrtpParameters | undefined): void {
    if (parameters === undefined) {
      this.#sender = undefined;
      return;
    }
    let known = this.#known.find((one) => sameSrtp(one.parameters, parameters));
    if (known === undefined) {
      known = { parameters, sender: new SrtpSender(parameters) };
      this.#known.push(known);
    }
    this.#sender = known.sender;
    if (this.#sealed.length === 0) this.#sealed = new Uint8Array(MAX_DATAGRAM + SRTP_OVERHEAD);
  }

  /** Queues an RTP packet. `data` stays as it is: other replicas send it, too. */
  queueRtp(socket: SocketId, to: DestId, data: Uint8Array, offset: number, length: number): void {
    if (this.#sender === undefined) {
      this.#io.queue(socket, to, data, offset, length);
      return;
    }
    const sealed = this.#sealed;
    for (let i = 0; i < length; i++) sealed[i] = data[offset + i] ?? 0;
    this.#io.queue(socket, to, sealed, 0, this.#sender.protectRtp(sealed, 0, length));
  }

  /** Queues an RTCP packet that begins `data`. */
  queueRtcp(socket: SocketId, to: DestId, data: Uint8Array, length: number): void {
    if (this.#sender === undefined) {
      this.#io.queue(socket, to, data, 0, length);
      return;
    }
    const sealed = this.#sealed;
    for (let i = 0; i < length; i++) sealed[i] = data[i] ?? 0;
    this.#io.queue(socket, to, sealed, 0, this.#sender.protectRtcp(sealed, 0, length));
  }
}
