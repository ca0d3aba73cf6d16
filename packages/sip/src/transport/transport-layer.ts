import type { Clock, Logger } from "@sidetone/foundation";
import { SidetoneError } from "@sidetone/foundation";
import { parseMessage } from "../message/index.ts";
import type { FramedItem, SipMessage, SipRequest } from "../message/index.ts";
import { Connection } from "./connection.ts";
import type { ConnectionOwner } from "./connection.ts";
import { MAX_CONNECTIONS, MAX_CONNECTIONS_PER_SOURCE } from "./limits.ts";
import type { Target } from "./resolve.ts";
import type { DatagramPort, Flow, HostPort, Network, SipTransport, StreamConnection, StreamListener } from "./types.ts";

/** A frame as it crossed the network; `message` absent where it could not be parsed. */
export interface Frame {
  readonly direction: "in" | "out";
  readonly flow: Flow;
  /** Absent for what came over a stream: serialise `message`, which gives the same bytes but for the position of line breaks in folded headers. */
  readonly bytes?: Buffer;
  readonly message?: SipMessage;
}

export interface TransportOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly network: Network;
  readonly acceptPeer?: ((ip: string) => boolean) | undefined;
  readonly contactHost?: string | undefined;
  readonly onMessage: (message: SipMessage, flow: Flow) => void;
  /** A stream that cannot be framed any further; it is closed after this call, so a 400 may still be sent. */
  readonly onBroken: (request: SipRequest | undefined, reason: string, flow: Flow) => void;
  readonly onClosed: (flow: Flow) => void;
  readonly onFrame: (frame: Frame) => void;
}

interface BoundDatagram {
  readonly port: DatagramPort;
  readonly v6: boolean;
}

interface BoundStream {
  readonly listener: StreamListener;
  readonly v6: boolean;
}

/** A UDP address pair. Made per datagram: it holds no resource. */
class UdpFlow implements Flow {
  readonly transport = "udp" as const;
  readonly port: DatagramPort;
  readonly remote: HostPort;

  constructor(port: DatagramPort, remote: HostPort) {
    this.port = port;
    this.remote = remote;
  }

  get local(): HostPort {
    return this.port.local;
  }

  get id(): string {
    return `udp:${addressKey(this.local)}>${addressKey(this.remote)}`;
  }
}

/** RFC 3261 18: sockets, connections and their reuse. Knows frames and addresses, not transactions. */
export class TransportLayer implements ConnectionOwner {
  readonly clock: Clock;
  readonly #o: TransportOptions;
  readonly #datagrams: BoundDatagram[] = [];
  readonly #streams: BoundStream[] = [];
  readonly #connections = new Map<string, Connection>();
  /** `host:port` of the far side (its own or the one it announced) → connection. */
  readonly #byRemote = new Map<string, Connection>();
  readonly #perSource = new Map<string, number>();
  /** Messages of bytes that wait for a connection, for the journal. */
  readonly #unsent = new WeakMap<Buffer, SipMessage>();
  #connectionCount = 0;
  #closed = false;

  constructor(o: TransportOptions) {
    this.#o = o;
    this.clock = o.clock;
  }

  get bound(): readonly Target[] {
    return [
      ...this.#datagrams.map((d) => ({ transport: "udp" as const, ...d.port.local })),
      ...this.#streams.map((s) => ({ transport: "tcp" as const, ...s.listener.local })),
    ];
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** @throws SidetoneError "port-in-use" (exit 2), "address-unavailable". */
  async listen(a: Target): Promise<Target> {
    try {
      const v6 = a.host.includes(":");
      if (a.transport === "udp") {
        let port: DatagramPort | undefined;
        port = await this.#o.network.bindDatagram(a, (bytes, from) => {
          if (port !== undefined) this.#datagram(bytes, port, from);
        });
        if (this.#closed) await port.close();
        else this.#datagrams.push({ port, v6 });
        return { transport: "udp", ...port.local };
      }
      const listener = await this.#o.network.listenStream(a, (stream) => this.#accept(stream));
      if (this.#closed) await listener.close();
      else this.#streams.push({ listener, v6 });
      return { transport: "tcp", ...listener.local };
    } catch (error) {
      throw listenError(a, error);
    }
  }

  /** Address for Via and Contact: ours of that transport, as `remote` can reach it. Port undefined where nothing listens. */
  sentBy(transport: SipTransport, remote: string): { host: string; port: number | undefined } {
    const local = this.#localFor(transport, remote);
    const host = this.#o.contactHost ?? (local === undefined || isWildcard(local.host) ? undefined : local.host);
    return { host: host ?? this.#o.network.localAddressTowards(remote), port: local?.port };
  }

  /** True where something of ours listens on that transport. */
  listens(transport: SipTransport): boolean {
    return (transport === "udp" ? this.#datagrams : this.#streams).length > 0;
  }

  /** Whether a request may still be sent over this flow. */
  isOpen(flow: Flow): boolean {
    return flow.transport === "udp" ? flow instanceof UdpFlow && !this.#closed : this.#connections.has(flow.id);
  }

  /**
   * The flow that leads to `target`: a connection that is up or a new one, or a UDP pair. Undefined where we have no
   * socket for it.
   */
  flowTo(target: Target): Flow | undefined {
    if (this.#closed) return undefined;
    if (target.transport === "udp") {
      const port = this.#datagramFor(target.host);
      return port === undefined ? undefined : new UdpFlow(port, { host: target.host, port: target.port });
    }
    const known = this.#byRemote.get(addressKey(target));
    if (known !== undefined) return known;
    if (this.#connections.size >= MAX_CONNECTIONS) return undefined;
    const connection = this.#add(this.#o.network.connectStream(target), true);
    this.#alias(connection, addressKey(target));
    return connection;
  }

  /** Sends; `failed` is called where UDP refuses. A broken connection is told by `onClosed`. False: the flow is gone. */
  send(bytes: Buffer, message: SipMessage, flow: Flow, failed: () => void): boolean {
    if (this.#closed) return false;
    if (flow instanceof UdpFlow) {
      flow.port.send(bytes, flow.remote, failed);
      this.#o.onFrame({ direction: "out", flow, bytes, message });
      return true;
    }
    const connection = this.#connections.get(flow.id);
    if (connection === undefined) return false;
    this.#unsent.set(bytes, message);
    connection.send(bytes);
    return true;
  }

  /** Closes sockets and connections. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const connection of Array.from(this.#connections.values())) connection.close();
    await Promise.all([
      ...this.#datagrams.splice(0).map((d) => d.port.close()),
      ...this.#streams.splice(0).map((s) => s.listener.close()),
    ]);
  }

  received(item: FramedItem, connection: Connection): void {
    if (item.kind === "message") {
      this.#o.onFrame({ direction: "in", flow: connection, message: item.message });
      this.#learnAlias(item.message, connection);
      this.#o.onMessage(item.message, connection);
    } else if (item.kind === "error") {
      this.#o.onFrame({ direction: "in", flow: connection });
      this.#o.onBroken(item.request, item.reason, connection);
      connection.close();
    }
  }

  written(bytes: Buffer, connection: Connection): void {
    const message = this.#unsent.get(bytes);
    this.#o.onFrame({ direction: "out", flow: connection, bytes, ...(message === undefined ? {} : { message }) });
  }

  closed(connection: Connection, error: Error | undefined): void {
    this.#connections.delete(connection.id);
    for (const key of connection.aliases) if (this.#byRemote.get(key) === connection) this.#byRemote.delete(key);
    const source = connection.remote.host;
    const left = (this.#perSource.get(source) ?? 1) - 1;
    if (left > 0) this.#perSource.set(source, left);
    else this.#perSource.delete(source);
    if (error !== undefined)
      this.#o.log.debug({ remote: addressKey(connection.remote), reason: error.message }, "connection lost");
    this.#o.onClosed(connection);
  }

  #accept(stream: StreamConnection): void {
    const source = stream.remote.host;
    const count = this.#perSource.get(source) ?? 0;
    const full =
      this.#connections.size >= MAX_CONNECTIONS || (count >= MAX_CONNECTIONS_PER_SOURCE && !isLoopback(source));
    if (this.#closed || full || this.#o.acceptPeer?.(source) === false) return stream.destroy();
    const connection = this.#add(stream, false);
    this.#alias(connection, addressKey(stream.remote));
  }

  #add(stream: StreamConnection, opening: boolean): Connection {
    this.#connectionCount += 1;
    const connection = new Connection(`tcp:${this.#connectionCount}`, stream, this, opening);
    this.#connections.set(connection.id, connection);
    this.#perSource.set(connection.remote.host, (this.#perSource.get(connection.remote.host) ?? 0) + 1);
    return connection;
  }

  #alias(connection: Connection, key: string): void {
    this.#byRemote.set(key, connection);
    connection.aliases.add(key);
  }

  /** RFC 5923: a peer that names a port of the very address it comes from may be called back over its connection. */
  #learnAlias(message: SipMessage, connection: Connection): void {
    if (message.kind !== "request") return;
    const via = message.topVia;
    if (via?.port === undefined || via.host !== connection.remote.host) return;
    const key = addressKey({ host: via.host, port: via.port });
    if (!this.#byRemote.has(key) && connection.aliases.size < 4) this.#alias(connection, key);
  }

  #datagram(bytes: Buffer, port: DatagramPort, from: HostPort): void {
    if (this.#closed || this.#o.acceptPeer?.(from.host) === false || isKeepAlive(bytes)) return;
    const flow = new UdpFlow(port, from);
    const parsed = parseMessage(bytes);
    if (!parsed.ok) {
      this.#o.onFrame({ direction: "in", flow, bytes });
      this.#o.log.debug({ remote: addressKey(from), reason: parsed.error.reason }, "datagram is not SIP");
      return;
    }
    this.#o.onFrame({ direction: "in", flow, bytes, message: parsed.value });
    this.#o.onMessage(parsed.value, flow);
  }

  #datagramFor(remote: string): DatagramPort | undefined {
    const v6 = remote.includes(":");
    const loopback = isLoopback(remote);
    const fitting = this.#datagrams.filter((d) => d.v6 === v6);
    return (
      fitting.find((d) => isWildcard(d.port.local.host) || isLoopback(d.port.local.host) === loopback) ?? fitting[0]
    )?.port;
  }

  #localFor(transport: SipTransport, remote: string): HostPort | undefined {
    if (transport === "udp") return this.#datagramFor(remote)?.local;
    const v6 = remote.includes(":");
    const loopback = isLoopback(remote);
    const fitting = this.#streams.filter((s) => s.v6 === v6).map((s) => s.listener.local);
    return fitting.find((l) => isWildcard(l.host) || isLoopback(l.host) === loopback) ?? fitting[0];
  }
}

/** `host:port`, with brackets around IPv6. */
export function addressKey(a: HostPort): string {
  return a.host.includes(":") ? `[${a.host}]:${a.port}` : `${a.host}:${a.port}`;
}

function isLoopback(host: string): boolean {
  return host.startsWith("127.") || host === "::1";
}

function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** CRLF or NUL datagrams that keep a NAT binding open. */
function isKeepAlive(bytes: Buffer): boolean {
  if (bytes.length > 4) return false;
  for (const byte of bytes) if (byte !== 13 && byte !== 10 && byte !== 0) return false;
  return true;
}

function listenError(a: Target, error: unknown): SidetoneError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const where = `${a.transport}://${addressKey(a)}`;
  if (code === "EADDRINUSE")
    return new SidetoneError("port-in-use", `${where}: port ${a.port} is in use`, {
      exit: 2,
      remedy: `Stop the program that holds port ${a.port}, or configure another one.`,
      cause: error,
    });
  return new SidetoneError("address-unavailable", `${where}: cannot listen (${String(code ?? error)})`, {
    exit: 1,
    remedy: "Configure an address of this machine.",
    cause: error,
  });
}
