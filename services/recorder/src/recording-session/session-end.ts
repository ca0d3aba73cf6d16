import type { EndLine } from "@sidetone/recording-file";
import { type EndReason, isUnwanted } from "@sidetone/sip";

/** What the end of a dialog means for the recording that it was the last session of. */
export interface SessionEnd {
  /** `complete`: the silence up to now belongs to the call. */
  readonly state: EndLine["state"];
  /** Why, for its last line. */
  readonly text: string;
  /** The client never took the session: where nothing came in it, nothing is kept. */
  readonly withdrawn: boolean;
  /** Code of a warning that says the same. */
  readonly warning: string | undefined;
}

/** Reads how a dialog ended; RFC 3326 says it where it was not in good order. */
export function endOf({ by, request }: EndReason): SessionEnd {
  const partial = { state: "partial", withdrawn: false, warning: undefined } as const;
  // Without ACK the client never had the session.
  if (by !== "remote") return { ...partial, text: by, withdrawn: by === "no-ack" };
  const said = request?.headers.get("Reason");
  if (said === undefined) return { ...partial, state: "complete", text: "BYE" };
  const text = `BYE: ${said}`;
  if (isUnwanted(said)) return { ...partial, text, withdrawn: true };
  // R33: nobody stopped it, its parties have gone.
  if (/;\s*cause\s*=\s*408\b/.test(said)) return { ...partial, text, warning: "rtp-timeout" };
  // R31: the client has gone on elsewhere; what is here is not all.
  return /;\s*cause\s*=\s*200\b/.test(said) ? { ...partial, state: "complete", text: "BYE" } : { ...partial, text };
}

/** Text as it can stand in quotes of a Reason or Warning. */
export function quoted(text: string): string {
  return text.replaceAll(/[\\"\r\n]/g, " ").slice(0, 200);
}
