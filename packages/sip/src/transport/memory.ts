import type { Clock } from "@sidetone/foundation";
import { addressKey } from "./transport-layer.ts";
import type { DatagramPort, HostPort, Network, StreamConnection, StreamListener } from "./types.ts";

/** How a memory network treats what crosses it. */
export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /** One way, ms; default 1. */
  readonly delayMs?: number;
  /** Added to the delay of a datagram at random, so that datagrams overtake each other, ms; default 0. */
  readonly jitterMs?: number;
  /** Share of datagrams that are lost, 0 to 1; default 0. */
  readonly loss?: number;
  /** 0 to below 1, for loss and jitter; default never loses and never delays. */
  readonly random?: () => number;
}

/** A network without sockets: datagrams with loss and reordering, streams without, all on the given clock. */
export class MemoryNetwork implements Network {
  readonly #o: MemoryNetworkOptions;
  readonly #ports = new Map<string, (bytes: Buffer, from: HostPort) => void>();
  readonly #listeners = new Map<string, (connection: StreamConnection) => void>();
  readonly names = new Map<string, string>();
  #nextPort = 20_000;
  #open = 0;
  /** False for a datagram that must be lost; for tests that lose a certain one. */
  filter: (bytes: Buffer, from: HostPort, to: HostPort) => boolean = () => true;

  constructor(o: MemoryNetworkOptions) {
    this.#o = o;
  }

  /** Sockets and connection ends that are open. */
  get open(): number {
    return this.#open + this.#ports.size + this.#listeners.size;
  }

  bindDatagram(address: HostPort, onDatagram: (bytes: Buffer, from: HostPort) => void): Promise<DatagramPort> {
    const local = this.#place(address);
    const key = addressKey(local);
    if (this.#ports.has(key)) return Promise.reject(inUse());
    this.#ports.set(key, onDatagram);
    let open = true;
    return Promise.resolve({
      local,
      send: (bytes, to) => {
        if (open) this.#datagram(Buffer.from(bytes), local, to);
      },
      close: () => {
        open = false;
        this.#ports.delete(key);
        return Promise.resolve();
      },
    });
  }

  listenStream(address: HostPort, onConnection: (connection: StreamConnection) => void): Promise<StreamListener> {
    const local = this.#place(address);
    const key = addressKey(local);
    if (this.#listeners.has(key)) return Promise.reject(inUse());
    this.#listeners.set(key, onConnection);
    return Promise.resolve({
      local,
      close: () => {
        this.#listeners.delete(key);
        return Promise.resolve();
      },
    });
  }

  connectStream(to: HostPort): StreamConnection {
    const local = this.#place({ host: this.localAddressTowards(to.host), port: 0 });
    const delay = this.#o.delayMs ?? 1;
    const near = new MemoryStream(this.#o.clock, delay, local, to, this.#count);
    this.#o.clock.after(delay, () => {
      if (near.closed) return;
      const accept = this.#listeners.get(addressKey(to));
      if (accept === undefined) return near.fail(new Error("ECONNREFUSED"));
      const far = new MemoryStream(this.#o.clock, delay, to, local, this.#count);
      near.join(far);
      accept(far);
      near.onOpen();
    });
    return near;
  }

  lookup(name: string): Promise<string | undefined> {
    return Promise.resolve(this.names.get(name));
  }

  localAddressTowards(remote: string): string {
    return remote.includes(":") ? "::1" : "127.0.0.1";
  }

  readonly #count = (change: number): void => {
    this.#open += change;
  };

  #place(address: HostPort): HostPort {
    if (address.port !== 0) return { host: address.host, port: address.port };
    this.#nextPort += 1;
    return { host: address.host, port: this.#nextPort };
  }

  #datagram(bytes: Buffer, from: HostPort, to: HostPort): void {
    if (!this.filter(bytes, from, to)) return;
    const random = this.#o.random ?? ((): number => 0);
    const loss = this.#o.loss ?? 0;
    if (loss > 0 && random() < loss) return;
    const delay = (this.#o.delayMs ?? 1) + Math.floor(random() * (this.#o.jitterMs ?? 0));
    this.#o.clock.after(delay, () => this.#ports.get(addressKey(to))?.(bytes, from));
  }
}

class MemoryStream implements StreamConnection {
  readonly local: HostPort;
  readonly remote: HostPort;
  onOpen: () => void = () => undefined;
  onData: (bytes: Buffer) => void = () => undefined;
  onClose: (error: Error | undefined) => void = () => undefined;
  readonly #clock: Clock;
  readonly #delay: number;
  readonly #count: (change: number) => void;
  #peer: MemoryStream | undefined;
  #closed = false;

  constructor(clock: Clock, delay: number, local: HostPort, remote: HostPort, count: (change: number) => void) {
    this.#clock = clock;
    this.#delay = delay;
    this.local = local;
    this.remote = remote;
    this.#count = count;
    count(1);
  }

  get closed(): boolean {
    return this.#closed;
  }

  join(peer: MemoryStream): void {
    this.#peer = peer;
    peer.#peer = this;
  }

  write(bytes: Buffer): void {
    const peer = this.#peer;
    if (this.#closed || peer === undefined) return;
    const copy = Buffer.from(bytes);
    this.#clock.after(this.#delay, () => {
      if (!peer.#closed) peer.onData(copy);
    });
  }

  close(): void {
    this.#end(undefined);
  }

  destroy(): void {
    this.#end(undefined);
  }

  fail(error: Error): void {
    this.#end(error);
  }

  #end(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#count(-1);
    const peer = this.#peer;
    this.onClose(error);
    if (peer !== undefined && !peer.#closed) this.#clock.after(this.#delay, () => peer.#end(undefined));
  }
}

function inUse(): Error {
  return Object.assign(new Error("address in use"), { code: "EADDRINUSE" });
}
