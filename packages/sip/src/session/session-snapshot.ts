import type { Dialog } from "../dialog/dialog.ts";
import { Headers, SipRequest } from "../message/index.ts";
import type { Flow } from "../transport/types.ts";
import { CSEQ_STEP } from "./limits.ts";
import type { SessionCore } from "./session-core.ts";
import type { SessionInterval } from "./session-timer.ts";

/**
 * A confirmed INVITE dialog as a value that JSON carries: what RFC 3261 12 makes a dialog of, what both sides agreed on
 * last, the session timer. No credentials, no connection. Bodies are bytes as Latin-1.
 */
export interface SessionSnapshot {
  readonly role: "uac" | "uas";
  readonly dialog: Dialog;
  /** Our Contact header in the INVITE or its answer, where there is one. */
  readonly contact: string | undefined;
  readonly contactUser: string | undefined;
  readonly contactParams: readonly (readonly [string, string | true])[] | undefined;
  readonly allow: readonly string[];
  readonly supported: readonly string[];
  readonly localSdp: string | undefined;
  readonly remoteSdp: string | undefined;
  /** The agreed interval and when it began, wall-clock microseconds. */
  readonly timer: (SessionInterval & { readonly sinceMicros: number }) | undefined;
  /** Where a UDP phone behind NAT is, as against its Contact. */
  readonly behind: { readonly host: string; readonly port: number } | undefined;
}

/** The dialog of a restored session: requests of ours that went out after the snapshot have taken numbers (RFC 3261 12.2.1.1 lets them jump). */
export function dialogAfter(snapshot: SessionSnapshot): Dialog {
  const { dialog } = snapshot;
  return { ...dialog, localSequence: dialog.localSequence + CSEQ_STEP };
}

/** What of a session's parts makes its snapshot; undefined where it is not confirmed. */
export function snapshotOf(
  core: SessionCore,
  timer: SessionSnapshot["timer"],
  own: Pick<SessionSnapshot, "contactUser" | "contactParams"> & { readonly flow: Flow | undefined },
): SessionSnapshot | undefined {
  const { dialog } = core;
  if (core.state !== "confirmed" || dialog === undefined) return undefined;
  const { flow, contactUser, contactParams } = own;
  return {
    role: core.role,
    dialog,
    contact: core.invite.headers.get("Contact"),
    contactUser,
    contactParams,
    allow: Array.from(core.remoteAllow),
    supported: Array.from(core.remoteSupported),
    localSdp: core.localSdp?.toString("latin1"),
    remoteSdp: core.remoteSdp?.toString("latin1"),
    timer,
    behind: flow?.transport === "udp" ? { host: flow.remote.host, port: flow.remote.port } : undefined,
  };
}

/** An INVITE that names the dialog, in the place of the one that is not there any more. */
export function inviteOf({ role, dialog, contact }: SessionSnapshot): SipRequest {
  const headers = new Headers();
  const ours = role === "uac";
  headers.append("From", ours ? dialog.local : dialog.remote);
  headers.append("To", ours ? dialog.remote : dialog.local);
  headers.append("Call-ID", dialog.callId);
  headers.append("CSeq", `${Math.max(1, (ours ? dialog.localSequence : dialog.remoteSequence) ?? 1)} INVITE`);
  if (contact !== undefined) headers.append("Contact", contact);
  return new SipRequest("INVITE", dialog.remoteTarget, headers);
}
