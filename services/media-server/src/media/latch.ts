/**
 * Which source a leg listens to. Strict: the signalled address; symmetric RTP (RFC 4961) may use another port of the same host, then the
 * first one that sends is taken and no other; where the leg is behind NAT, the first source of all. A NAT may give the phone another
 * port in mid-call: once the latched source is quiet, another port of its host is taken, so that only who silences a phone can take its
 * place. Where another address is signalled the source before it is left behind, also on the same host, until that one is quiet: a phone
 * that a transfer has taken out of the call may go on sending for a while.
 */
export class Latch {
  ip = 0;
  port = 0;
  latched = false;
  #signalledIp = 0;
  #signalledPort = 0;
  #nat = false;
  /** The source that a new signalled address has put out. */
  #leftIp = 0;
  #leftPort = 0;

  /** New signalled address; unlatches where it differs from the one before. True when it did. */
  signal(ip: number, port: number, nat: boolean): boolean {
    const changed = ip !== this.#signalledIp || port !== this.#signalledPort;
    this.#nat = nat;
    if (!changed) return false;
    this.#leftIp = this.latched ? this.ip : 0;
    this.#leftPort = this.port;
    this.#signalledIp = ip;
    this.#signalledPort = port;
    this.ip = ip;
    this.port = port;
    this.latched = false;
    return true;
  }

  /** True where a packet of this source may be looked at; `quiet`: the latched one sends nothing. Changes nothing. */
  admits(ip: number, port: number, quiet: boolean): boolean {
    if (ip === this.#signalledIp && port === this.#signalledPort) return true;
    if (this.latched) return ip === this.ip && (port === this.port || quiet);
    if (ip === this.#leftIp && port === this.#leftPort && !quiet) return false;
    return this.#nat || ip === this.#signalledIp;
  }

  /** True where RTCP of this host belongs to the leg. */
  admitsHost(ip: number): boolean {
    return ip === this.ip || ip === this.#signalledIp;
  }

  /** Latches to an admitted source that has sent a good packet. True where the address to send to changed. */
  take(ip: number, port: number): boolean {
    this.latched = true;
    if (ip === this.ip && port === this.port) return false;
    this.ip = ip;
    this.port = port;
    return true;
  }
}
