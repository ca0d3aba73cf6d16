import { type Clock, type Logger, SidetoneError, rfc3339 } from "@sidetone/foundation";
import { type Manifest, type WriterThread, relativeFolder } from "@sidetone/recording-file";
import type { RecordingRow } from "../index/recording-row.ts";
import { OPEN_TIMEOUT_MS } from "../limits.ts";
import type { MediaThread } from "../media/media-thread.ts";
import { FOLDER_GONE } from "../store/final-row.ts";
import { within } from "../within.ts";
import { type ActiveRecording, idChoice, newActive, safeName } from "./active-recording.ts";
import { continuedAt } from "./continued-recording.ts";
import type { SessionIdentity } from "./session-request.ts";

/**
 * Opens the folder of a recording at the writer, and the recording at the media thread. Rejects with `disk-slow`, or as the disk refuses.
 */
export async function openRecording(o: {
  /** The id it gets here, and the one that was asked for. */
  readonly id: string;
  readonly asked: string;
  readonly identity: SessionIdentity;
  /** Where it goes on. */
  readonly row: RecordingRow | undefined;
  readonly before: Manifest | undefined;
  readonly writer: WriterThread;
  readonly media: MediaThread;
  readonly clock: Clock;
  readonly log: Logger;
}): Promise<ActiveRecording> {
  const { id, asked, identity, row, writer, media } = o;
  const originMicros = o.clock.wallMicros();
  const folder = row?.folder ?? relativeFolder(safeName(id), originMicros);
  const handle = writer.newHandle();
  const { callUuid, connId, copy, parameters } = identity;
  const epoch = identity.epoch ?? 0;
  const fileName = identity.fileName ?? asked;
  const opening = writer.open(handle, {
    relative: folder,
    start: {
      type: "start",
      version: 1,
      id,
      fileName,
      callUuid,
      connId,
      copy,
      epoch,
      at: rfc3339(originMicros),
      parameters,
    },
  });
  const opened = await within(o.clock, OPEN_TIMEOUT_MS, opening);
  if (opened === undefined) {
    void opening
      .then(() => writer.send({ do: "end", handle, state: "failed", reason: "the disk was too slow" }))
      .catch(() => undefined);
    throw new SidetoneError("disk-slow", "the storage did not open a folder in time", { sip: 503 });
  }
  const { zero } = opened;
  const recording = newActive({
    id,
    handle,
    folder,
    callUuid,
    epoch,
    continued: zero !== undefined,
    beheaded: row !== undefined && !opened.continued,
  });
  media.send({
    do: "open-recording",
    handle,
    originMicros: zero?.wallMicros ?? originMicros,
    defaultCodec: "pcmu",
    continued: zero === undefined ? undefined : continuedAt(opened.frames, zero.codec, o.before),
    epoch,
  });
  const warn = (code: string, text: string): void =>
    media.send({
      do: "note",
      handle,
      wallMicros: originMicros,
      line: { type: "warning", atMs: 0, code, text },
    });
  if (recording.beheaded) warn(FOLDER_GONE.code, "what was recorded before is gone: its folder was removed");
  if (id !== idChoice(asked, copy, 1)) {
    const text = `another call with the id ${asked} is here already; this one is kept apart as ${id}`;
    o.log.warn({ recordingId: id, callUuid }, text);
    warn("duplicate-id", text);
  }
  return recording;
}
