import { type Clock, type Result, fail, ok } from "@sidetone/foundation";
import { sql } from "kysely";
import { type Storage, queries } from "../storage/storage.ts";
import { isRecordingId, suffixedName } from "./recording-filename.ts";

/** R8: gives each recording an id that no other recording of this SIP Server ever had. */
export class RecordingIds {
  readonly #storage: Storage;
  readonly #clock: Clock;

  constructor(o: { readonly storage: Storage; readonly clock: Clock }) {
    this.#storage = o.storage;
    this.#clock = o.clock;
  }

  /** Takes the id that a client asked for; an id that was used before, or that is none, is refused. */
  async claimClientId(id: string, callUuid: string): Promise<Result<string, "duplicate" | "malformed">> {
    if (!isRecordingId(id)) return fail("malformed");
    return (await this.#take(id, callUuid, "client")) ? ok(id) : fail("duplicate");
  }

  /** Gives back an id that nobody has heard of: its recording did not come to be. */
  async releaseClientId(id: string, callUuid: string): Promise<void> {
    await this.#storage.write(
      queries
        .deleteFrom("recording_ids")
        .where("id", "=", id)
        .where("call_uuid", "=", callUuid)
        .where("source", "=", "client"),
    );
  }

  /** Takes a template's result, with `-2`, `-3` ... where it was used before. On the disk when it resolves. */
  async claimName(name: string, callUuid: string): Promise<string> {
    for (;;) {
      const id = suffixedName(name, await this.#nextCopy(name));
      if (await this.#take(id, callUuid, "template")) return id;
    }
  }

  async #nextCopy(base: string): Promise<number> {
    const rows = await this.#storage.read<{ last: number }>(
      queries
        .insertInto("recording_names")
        .values({ base, last: 1 })
        .onConflict((conflict) => conflict.column("base").doUpdateSet({ last: sql<number>`recording_names.last + 1` }))
        .returning("last"),
    );
    return rows[0]?.last ?? 1;
  }

  async #take(id: string, callUuid: string, source: "client" | "template"): Promise<boolean> {
    const [taken] = await this.#storage.write(
      queries
        .insertInto("recording_ids")
        .values({ id, call_uuid: callUuid, source, created_at: this.#clock.wallMicros() })
        .onConflict((conflict) => conflict.doNothing()),
    );
    return taken?.changes === 1;
  }
}
