import { type Logger, SidetoneError } from "@sidetone/foundation";
import type { Visitor } from "../authentication.ts";
import { scopeHeader } from "../gateway.ts";
import { entryOf, type Located, type RecordingAnswer } from "../recording-parts.ts";
import type { RoleDirectory } from "../role-directory.ts";
import { askRecorder } from "../several-recorders.ts";
import type { Upstream } from "../upstream.ts";
import type { CommentedRecording, FindRecording } from "./comments-api.ts";

/**
 * Asks every recorder for a recording, as the visitor: one that they may not see is not there.
 * Rejects with SidetoneError `role-not-running` (503), `role-unreachable` (502): then nobody knows.
 */
export function recordingFinder(o: {
  readonly directory: RoleDirectory;
  readonly upstream: Upstream;
  readonly log: Logger;
  /** Bearer token sent to the roles. */
  readonly apiToken: string | undefined;
}): FindRecording {
  const { directory, upstream, log, apiToken } = o;
  return async (id, visitor) => {
    if (directory.urlsOf("recorder").length === 0) await directory.ask();
    const recorders = directory.urlsOf("recorder");
    if (recorders.length === 0) {
      throw new SidetoneError("role-not-running", "No recorder runs, so nobody knows of this recording.", {
        http: 503,
        remedy: "Start it, and name its http address in console.roles.",
      });
    }
    const question = { upstream, log, headers: headersFor(visitor, apiToken), recorders };
    const path = `/api/v1/recordings?id=${encodeURIComponent(id)}`;
    const answers = await Promise.all(recorders.map((recorder) => askRecorder(recorder, path, question)));
    const there = answers.flatMap((answer) =>
      answer?.status === 200 ? located(answer.recorder, answer.body, id) : [],
    );
    const entry = entryOf(there);
    if (entry !== undefined) return commented(entry);
    if (answers.every((answer) => answer?.status === 200)) return undefined;
    throw new SidetoneError("role-unreachable", "A recorder does not answer, so nobody knows of this recording.", {
      http: 502,
      remedy: "Look at /readyz, and at console.roles in the configuration.",
    });
  };
}

function headersFor({ scope }: Visitor, apiToken: string | undefined): Record<string, string> {
  return {
    ...(apiToken === undefined ? {} : { authorization: `Bearer ${apiToken}` }),
    ...(scope === undefined ? {} : { [scopeHeader]: scope.join(", ") }),
  };
}

function located(recorder: string, body: unknown, id: string): Located[] {
  const recordings = (body as { recordings?: RecordingAnswer[] } | null)?.recordings ?? [];
  return recordings.filter((one) => one.id === id).map((recording) => ({ recorder, recording }));
}

function commented({ state, durationMs }: RecordingAnswer): CommentedRecording {
  return { durationMs: state === "recording" ? undefined : durationMs };
}
