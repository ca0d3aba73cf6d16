import type { ConnRef } from "./identifiers.ts";
import { isConnRef, isInstanceName } from "./identifiers.ts";

/** Type of the dialog description that is served: RFC 5707's own. */
export const dialogType = "application/moml+xml";

/** `<play>` (RFC 5707 9.7.1) of sound files, with our `rec:capture`. */
export interface Play {
  /** URIs of the files, played one after another; 1 to `MAX_AUDIO`. */
  readonly audio: readonly string[];
  /** How often the whole is played; -1 = until it is ended. */
  readonly iterate: number;
  /** Silence between two times; ms. */
  readonly intervalMs: number;
  /** After this it ends, finished or not; ms. */
  readonly maxTimeMs?: number;
  /** What the connection hears is recorded too, in the streams of the other labels (R28). */
  readonly capture: boolean;
}

/** A dialog of a connection (RFC 5707 6.2). */
export type DialogRef = `${ConnRef}/dialog:${string}`;

/** Name of the event that tells that a dialog has ended. */
export const dialogExit = "msml.dialog.exit";
/** What the event's `play.end` says: all was played; `dialogend` or `maxtime` came before. */
export const playEnds = ["play.complete", "play.terminated"] as const;

/** The dialog of a connection's tag. */
export function dialogRef(tag: string, name: string): DialogRef {
  return `conn:${tag}/dialog:${name}`;
}

/** Tag and name of a dialog's id; undefined where it is none. */
export function partsOfDialog(id: string): { readonly tag: string; readonly name: string } | undefined {
  const at = id.indexOf("/dialog:");
  const conn = id.slice(0, Math.max(0, at));
  const name = id.slice(at + 8);
  return isConnRef(conn) && isInstanceName(name) ? { tag: conn.slice(5), name } : undefined;
}

/** True for `conn:TAG/dialog:NAME`. */
export function isDialogRef(text: string): text is DialogRef {
  return partsOfDialog(text) !== undefined;
}
