import type { Clock } from "@sidetone/foundation";
import type { MemoryNetwork, Network, StreamConnection, StreamListener } from "@sidetone/sip";
import type { CallSnapshotRow } from "../storage/schema.ts";
import type { Query, Storage } from "../storage/storage.ts";

/** A process that can be killed: its timers never fire again, nothing it sends arrives, its sockets are free; for tests. */
export class Mortal {
  readonly clock: Clock;
  readonly network: Network;
  #alive = true;
  readonly #endings: (() => void)[] = [];

  constructor(clock: Clock, network: MemoryNetwork) {
    const whileAlive = (run: () => void) => (): void => {
      if (this.#alive) run();
    };
    this.clock = {
      now: () => clock.now(),
      wallMicros: () => clock.wallMicros(),
      after: (ms, run) => clock.after(ms, whileAlive(run)),
      every: (ms, run) => this.#untilDeath(clock.every(ms, run)),
    };
    this.network = {
      bindDatagram: async (address, onDatagram) => {
        const port = await network.bindDatagram(address, onDatagram);
        this.#endings.push(() => void port.close());
        return port;
      },
      listenStream: async (address, onConnection) => {
        const listener = await network.listenStream(address, (connection) => onConnection(this.#stream(connection)));
        this.#endings.push(() => void listener.close());
        return listener satisfies StreamListener;
      },
      connectStream: (to) => this.#stream(network.connectStream(to)),
      lookup: (name) => network.lookup(name),
      localAddressTowards: (remote) => network.localAddressTowards(remote),
    };
  }

  get alive(): boolean {
    return this.#alive;
  }

  kill(): void {
    this.#alive = false;
    for (const end of this.#endings.splice(0)) end();
  }

  #untilDeath(cancel: () => void): () => void {
    this.#endings.push(cancel);
    return cancel;
  }

  /** The system closes the connections of the dead; the dead does not hear of it. */
  #stream(connection: StreamConnection): StreamConnection {
    this.#endings.push(() => {
      connection.onData = () => undefined;
      connection.onClose = () => undefined;
      connection.destroy();
    });
    return connection;
  }
}

/** The store's rows of calls that are up; for tests. */
export class KeptRows implements Pick<Storage, "write" | "writeSoon" | "read"> {
  readonly rows = new Map<string, CallSnapshotRow>();
  /** Writes so far, those of `failAfter` on not counted. */
  writes = 0;
  /** Nothing is written from this one on: the process died before it. */
  failAfter = Number.POSITIVE_INFINITY;

  write(...unit: readonly Query[]): Promise<[]> {
    return this.writeSoon(...unit);
  }

  writeSoon(...unit: readonly Query[]): Promise<[]> {
    if (this.writes >= this.failAfter) return new Promise(() => undefined);
    this.writes += 1;
    for (const query of unit) {
      const [call_uuid, version, restorable, at, data] = query.compile().parameters;
      if (typeof data !== "string") this.rows.delete(String(call_uuid));
      else {
        const row = { call_uuid: String(call_uuid), version: Number(version), restorable: Number(restorable) };
        this.rows.set(row.call_uuid, { ...row, at: Number(at), data });
      }
    }
    return Promise.resolve([]);
  }

  read<Row>(): Promise<Row[]> {
    return Promise.resolve(Array.from(this.rows.values()) as Row[]);
  }
}
