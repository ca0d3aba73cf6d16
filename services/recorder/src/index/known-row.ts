import type { Clock, Logger } from "@sidetone/foundation";
import { INDEX_PATIENCE_MS } from "../limits.ts";
import { within } from "../within.ts";
import type { RecordingIndex, RecordingRow } from "./recording-row.ts";

/** What the index knows of a recording. An index that does not say at once keeps nobody from being recorded: then it is a new one. */
export async function knownRow(
  index: Pick<RecordingIndex, "get">,
  id: string,
  o: { readonly clock: Clock; readonly log: Logger },
): Promise<RecordingRow | undefined> {
  try {
    return await within(o.clock, INDEX_PATIENCE_MS, index.get(id));
  } catch (error) {
    o.log.warn({ err: error, recordingId: id }, "the index does not say whether there is this recording already");
    return undefined;
  }
}
