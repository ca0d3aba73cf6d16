import { type EndLine, folderName } from "@sidetone/recording-file";
import type { RecordingSession } from "./recording-session.ts";

/** A recording that is being written. */
export interface ActiveRecording {
  /** The id it has here: the client's, unless that was taken by another call. */
  readonly id: string;
  readonly handle: number;
  /** Folder below the storage. */
  readonly folder: string;
  readonly callUuid: string | undefined;
  epoch: number;
  /** It goes on in a folder that was there before. */
  readonly continued: boolean;
  /** It was here before, and its folder is gone: what follows is not all of it. */
  readonly beheaded: boolean;
  readonly sessions: Set<RecordingSession>;
  /** Resolves when files and index have its end. */
  readonly ended: Promise<void>;
  readonly onEnded: () => void;
  /** Its client never took it: where nothing came, nothing is kept. */
  withdrawn: boolean;
  /** Set when the end is under way. */
  ending: EndLine["state"] | undefined;
}

/** A recording that was opened just now. */
export function newActive(
  o: Pick<ActiveRecording, "id" | "handle" | "folder" | "callUuid" | "epoch" | "continued" | "beheaded">,
): ActiveRecording {
  const { promise: ended, resolve: onEnded } = Promise.withResolvers<void>();
  return { ...o, sessions: new Set(), ended, onEnded, withdrawn: false, ending: undefined };
}

/** How a new session relates to a recording with its id. */
export type Relation = "same-call" | "other-call" | "older-epoch";

/** R8, R30: the same call goes on with the same or a higher epoch; an older one is refused; another call with the same id is kept apart. */
export function relationTo(
  known: { callUuid: string | undefined; epoch: number },
  next: { callUuid: string | undefined; epoch: number | undefined },
): Relation {
  if (known.callUuid !== next.callUuid) return "other-call";
  return (next.epoch ?? known.epoch) < known.epoch ? "older-epoch" : "same-call";
}

/** The `n`-th choice, from 1, for the id of a recording here. `~` cannot be in a client's id (R8), nor in a folder's name but by us. */
export function idChoice(id: string, copy: number, n: number): string {
  return `${id}${copy === 1 ? "" : `~c${copy}`}${n === 1 ? "" : `~${n}`}`;
}

/** The folder of an id of ours: `~` is kept, everything else is made safe. */
export function safeName(id: string): string {
  return id.split("~").map(folderName).join("~");
}
