import type { InviteSession } from "@sidetone/sip";
import type { DialogName } from "./replaces.ts";

/** How many dialogs that are over are remembered: those of the last minutes of a busy server. */
export const MAX_ENDED_DIALOGS = 2000;

/** RFC 3891 3: who wants to replace a dialog that is over is told so, not that there was none. The newest ones only. */
export class EndedDialogs {
  readonly #names = new Set<string>();

  add({ callId, localTag, remoteTag }: Pick<InviteSession, "callId" | "localTag" | "remoteTag">): void {
    if (remoteTag === undefined) return;
    this.#names.add(nameOf(callId, localTag, remoteTag));
    const [oldest] = this.#names;
    if (this.#names.size > MAX_ENDED_DIALOGS && oldest !== undefined) this.#names.delete(oldest);
  }

  has({ callId, toTag, fromTag }: DialogName): boolean {
    return this.#names.has(nameOf(callId, toTag, fromTag));
  }
}

/** No part of it has a line end. */
function nameOf(...parts: readonly string[]): string {
  return parts.join("\n");
}
