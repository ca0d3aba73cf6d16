import { type Clock, type ConnId, type Logger, SidetoneError } from "@sidetone/foundation";
import { sql } from "kysely";
import { type Storage, queries } from "../storage/storage.ts";
import { connIdBlock, maxServerId } from "./limits.ts";

const counterLimit = 2 ** 48;

/** `serverId` in the four high hex digits, `counter` in the other twelve. */
export function formatConnId(serverId: number, counter: number): ConnId {
  return (serverId.toString(16).padStart(4, "0") + counter.toString(16).padStart(12, "0")) as ConnId;
}

/** The lowest counter of a store that knows none: later than whatever an earlier, lost store gave out below 65,536 calls a second. */
export function counterFromClock(wallMicros: number): number {
  return (Math.floor(wallMicros / 1_000_000) % 2 ** 32) * 2 ** 16;
}

/** Gives ConnIDs that never repeat: each block of numbers is on the disk as taken before its first number is used. */
export class ConnIdSource {
  readonly #storage: Storage;
  readonly #log: Logger;
  readonly #serverId: number;
  readonly #block: number;
  #next: number;
  #end: number;
  #reserving: Promise<void> | undefined;

  private constructor(o: ConnIdOptions, start: number, end: number) {
    this.#storage = o.storage;
    this.#log = o.log;
    this.#serverId = o.serverId;
    this.#block = o.block ?? connIdBlock;
    this.#next = start;
    this.#end = end;
  }

  /** Reserves the first block. @throws SidetoneError `server-id-range` */
  static async open(o: ConnIdOptions): Promise<ConnIdSource> {
    if (!Number.isInteger(o.serverId) || o.serverId < 0 || o.serverId > maxServerId) {
      throw new SidetoneError("server-id-range", `server-id ${o.serverId} is not between 0 and ${maxServerId}`, {
        exit: 1,
        remedy: "Give each SIP Server its own small number.",
      });
    }
    const block = o.block ?? connIdBlock;
    const end = await reserve(o.storage, o.serverId, block, counterFromClock(o.clock.wallMicros()));
    return new ConnIdSource(o, end - block, end);
  }

  /** The next ConnID. @throws SidetoneError `conn-ids-exhausted` where the disk did not keep up */
  next(): ConnId {
    if (this.#end - this.#next <= this.#block / 2) this.#prefetch();
    if (this.#next >= this.#end) {
      throw new SidetoneError("conn-ids-exhausted", "no ConnID is reserved on the disk", {
        sip: 503,
        remedy: "Check the disk that holds the storage file.",
      });
    }
    const counter = this.#next;
    this.#next += 1;
    return formatConnId(this.#serverId, counter % counterLimit);
  }

  /** Resolves when a reservation that is under way has ended. */
  async settled(): Promise<void> {
    await this.#reserving;
  }

  #prefetch(): void {
    this.#reserving ??= reserve(this.#storage, this.#serverId, this.#block, 0)
      .then((end) => {
        // Nobody else reserves for this server id: the new block follows the present one.
        this.#end = end;
      })
      .catch((error: unknown) => {
        this.#log.error({ error }, "ConnIDs could not be reserved");
      })
      .finally(() => {
        this.#reserving = undefined;
      });
  }
}

/** What a `ConnIdSource` needs. `block`: numbers reserved at a time. */
export interface ConnIdOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Logger;
  readonly serverId: number;
  readonly block?: number;
}

async function reserve(storage: Storage, serverId: number, block: number, atLeast: number): Promise<number> {
  const rows = await storage.read<{ reserved_until: number }>(
    queries
      .insertInto("conn_ids")
      .values({ server_id: serverId, reserved_until: atLeast + block })
      .onConflict((conflict) =>
        conflict
          .column("server_id")
          .doUpdateSet({ reserved_until: sql<number>`max(conn_ids.reserved_until, ${atLeast}) + ${block}` }),
      )
      .returning("reserved_until"),
  );
  const end = rows[0]?.reserved_until;
  if (end === undefined) throw new SidetoneError("storage-failed", "the store gave no ConnID mark");
  return end;
}
