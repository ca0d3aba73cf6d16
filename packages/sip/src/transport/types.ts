/** Transports that are served. */
export type SipTransport = "udp" | "tcp";

/** An IP address (without brackets) and a port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** The way a message came, and the way back: a UDP address pair or one TCP connection. */
export interface Flow {
  readonly id: string;
  readonly transport: SipTransport;
  readonly local: HostPort;
  readonly remote: HostPort;
}

/** A bound datagram socket. */
export interface DatagramPort {
  readonly local: HostPort;
  /** `failed` is called later where the kernel refuses the datagram. The bytes must not be changed afterwards. */
  send(bytes: Buffer, to: HostPort, failed: (error: Error) => void): void;
  close(): Promise<void>;
}

/** A byte stream; handlers are set by the owner right after it is made. */
export interface StreamConnection {
  readonly local: HostPort;
  readonly remote: HostPort;
  onOpen: () => void;
  /** The bytes belong to the receiver. */
  onData: (bytes: Buffer) => void;
  /** Once, also after `close()` and where connecting failed. */
  onClose: (error: Error | undefined) => void;
  write(bytes: Buffer): void;
  /** Sends what is queued, then closes. */
  close(): void;
  /** Closes at once. */
  destroy(): void;
}

/** A socket that accepts connections. */
export interface StreamListener {
  readonly local: HostPort;
  close(): Promise<void>;
}

/** Sockets as the transport layer sees them: the machine's, or a fake for tests. */
export interface Network {
  /** Rejects with the system's error (`code: "EADDRINUSE"`). */
  bindDatagram(address: HostPort, onDatagram: (bytes: Buffer, from: HostPort) => void): Promise<DatagramPort>;
  listenStream(address: HostPort, onConnection: (connection: StreamConnection) => void): Promise<StreamListener>;
  connectStream(to: HostPort): StreamConnection;
  /** First IP address of a host name; undefined where it has none. */
  lookup(name: string): Promise<string | undefined>;
  /** The address of ours from which packets to `remote` leave. */
  localAddressTowards(remote: string): string;
}
