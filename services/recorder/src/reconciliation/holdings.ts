import { join } from "node:path";
import type { RecordingDocument, RecordingIndex, RecordingRow } from "../index/recording-row.ts";
import { readRow } from "../store/recording-files.ts";
import type { GetJson } from "./get-json.ts";
import { type HeldRecording, heldRecording, type StoredMedia } from "./held-recording.ts";
import { storedMedia } from "./stored-media.ts";

/** What is held of calls: by CallUUID; and the recorders that did not say. */
export interface Holdings {
  readonly byCall: ReadonlyMap<string, readonly HeldRecording[]>;
  readonly unheard: readonly string[];
}

/** Looks for everything that is held of some calls: in this recorder's index and files, and at the other recorders. */
export class Holders {
  readonly #index: Pick<RecordingIndex, "search">;
  readonly #root: string;
  readonly #recorders: readonly string[];
  readonly #get: GetJson;

  /** @param recorders HTTP addresses of the others */
  constructor(o: { index: Pick<RecordingIndex, "search">; root: string; recorders: readonly string[]; get: GetJson }) {
    this.#index = o.index;
    this.#root = o.root;
    this.#recorders = o.recorders;
    this.#get = o.get;
  }

  /** @param callUuids at most 500. Rejects where the index cannot be asked. */
  async of(callUuids: readonly string[]): Promise<Holdings> {
    const byCall = new Map<string, HeldRecording[]>(callUuids.map((uuid) => [uuid, []]));
    const add = (document: RecordingDocument, media: StoredMedia, recorder: string | undefined): void => {
      byCall.get(document.callUuid ?? "")?.push(heldRecording(document, media, recorder));
    };
    const own = (async (): Promise<void> => {
      for (const row of await this.#rows(callUuids)) {
        const { document, media } = await this.#look(row);
        add(document, media, undefined);
      }
    })();
    const heard = this.#recorders.map(async (recorder) => {
      for (const uuid of callUuids) if (!(await this.#ask(recorder, uuid, add))) return recorder;
      return undefined;
    });
    await own;
    const unheard = (await Promise.all(heard)).filter((recorder) => recorder !== undefined);
    return { byCall, unheard };
  }

  async #rows(values: readonly string[]): Promise<readonly RecordingRow[]> {
    const all: RecordingRow[] = [];
    let after: { readonly startMicros: number; readonly id: string } | undefined;
    for (;;) {
      const { rows, more } = await this.#index.search({
        keys: [],
        oneOf: { kind: "call-uuid", values },
        limit: 1000,
        ...(after === undefined ? {} : { after }),
      });
      all.push(...rows);
      const last = rows.at(-1);
      if (!more || last === undefined) return all;
      after = { startMicros: last.startMicros, id: last.document.id };
    }
  }

  /** What is being written is read from its files: they know more than the index. */
  async #look(row: RecordingRow): Promise<{ document: RecordingDocument; media: StoredMedia }> {
    const media = await storedMedia(join(this.#root, row.folder));
    if (row.document.state !== "recording" || media.state === "gone") return { document: row.document, media };
    return { document: (await readRow(this.#root, row.folder))?.document ?? row.document, media: { state: "there" } };
  }

  /** False where the recorder did not say. */
  async #ask(
    recorder: string,
    callUuid: string,
    add: (document: RecordingDocument, media: StoredMedia, recorder: string) => void,
  ): Promise<boolean> {
    const list = await this.#get(`${recorder}/api/v1/recordings?limit=100&call-uuid=${encodeURIComponent(callUuid)}`);
    if (!list.ok) return false;
    const { recordings } = list.body as { recordings?: readonly RecordingDocument[] };
    for (const { id } of recordings ?? []) {
      const one = await this.#get(`${recorder}/api/v1/recordings/${encodeURIComponent(id)}`);
      if (!one.ok) return false;
      const document = one.body as RecordingDocument & { readonly integrity?: Integrity };
      add(document, mediaOf(document.integrity), recorder);
    }
    return true;
  }
}

interface Integrity {
  readonly verdict: string;
  readonly problems?: readonly string[];
}

/** What another recorder says of its files. */
function mediaOf(integrity: Integrity | undefined): StoredMedia {
  if (integrity?.verdict !== "damaged") return { state: "there" };
  const text = (integrity.problems ?? []).join(", ") || "damaged";
  const gone = text.includes("folder of this recording is gone");
  return gone ? { state: "gone", text: "its folder is gone" } : { state: "short", text, missing: [], wholeMs: 0 };
}
