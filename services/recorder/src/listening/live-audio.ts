import { SidetoneError } from "@sidetone/foundation";
import type { FastifyInstance, FastifyRequest } from "@sidetone/http";
import type { RecordingRow } from "../index/recording-row.ts";
import type { ActiveRecording } from "../recording-session/active-recording.ts";
import type { LiveListening } from "./live-listening.ts";

/** What live listening needs of the recorder. */
export interface LiveAudioParts {
  readonly listening: LiveListening;
  /** The recording of an id, while it is being made. */
  readonly recordingOf: (id: string) => ActiveRecording | undefined;
}

/**
 * `GET /api/v1/recordings/{id}/live`: a recording's audio as it is recorded, from now to its end.
 * @param found gives the recording, or throws what says why it is not to be had
 */
export function addLiveAudio(
  app: FastifyInstance,
  { listening, recordingOf }: LiveAudioParts,
  found: (request: FastifyRequest<{ Params: { id: string } }>) => Promise<RecordingRow>,
): void {
  const path = "/api/v1/recordings/:id/live";
  app.get(path, { exposeHeadRoute: false }, async (request: FastifyRequest<{ Params: { id: string } }>, reply) => {
    const { document } = await found(request);
    const active = [document.id, ...(document.sources ?? []).map(({ id }) => id)]
      .map((id) => recordingOf(id))
      .find((recording) => recording !== undefined && recording.ending === undefined);
    if (active === undefined)
      throw new SidetoneError("not-recorded-now", "Nothing is recorded here of this call now.", {
        http: 404,
        remedy: "A recording that has ended is heard at /api/v1/recordings/{id}/audio.",
      });
    return reply
      .type("application/octet-stream")
      .header("cache-control", "no-store")
      .header("x-accel-buffering", "no")
      .header("x-audio-format", "s16le;rate=8000;channels=2;head=4")
      .send(listening.listen(active));
  });
}
