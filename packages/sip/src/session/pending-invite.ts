import { parseMessage, serialize } from "../message/index.ts";
import type { SipRequest } from "../message/index.ts";
import type { Target } from "../transport/resolve.ts";

/** An INVITE without a final response, as a value that JSON carries: enough to put an end to it after a restart. */
export interface PendingInvite {
  readonly role: "uac" | "uas";
  /** Its head as it was sent, or came with Via's `received`. */
  readonly head: string;
  /** UAS: our To tag. */
  readonly tag: string | undefined;
  /** Where it went, or where its response goes. */
  readonly peer: Target;
}

/** Undefined where the INVITE has not been sent yet. */
export function pendingOf(
  role: PendingInvite["role"],
  invite: SipRequest,
  tag: string | undefined,
  peer: Target | undefined,
): PendingInvite | undefined {
  if (peer === undefined || !invite.headers.has("Via")) return undefined;
  const bare = invite.clone();
  bare.body = Buffer.alloc(0);
  return { role, head: serialize(bare).toString("latin1"), tag, peer };
}

/** The INVITE, without its body; undefined where the text is none. */
export function inviteOfPending({ head }: PendingInvite): SipRequest | undefined {
  const read = parseMessage(Buffer.from(head, "latin1"));
  return read.ok && read.value.kind === "request" && read.value.method === "INVITE" ? read.value : undefined;
}
