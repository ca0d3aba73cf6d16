import { rfc3339 } from "@sidetone/foundation";
import { codecs, direction, formatUri, parseMessage, parseSdp, type SipMessage } from "@sidetone/sip";
import type { Participant, SipLine } from "./document.ts";
import { SHOWN_MESSAGE } from "./limits.ts";
import { msmlSummary } from "./msml-summary.ts";
import type { DialogRow, FrameRow } from "./wire.ts";

export const sipServer: Participant = { id: "sip-server", kind: "sip-server", name: "SIP Server" };
const resourceManager: Participant = { id: "resource-manager", kind: "resource-manager", name: "Resource Manager" };
const mediaServer: Participant = { id: "media-server", kind: "media-server", name: "Media Server" };

/**
 * SIP frames of calls as lines, with who is at their far ends. Pure.
 * @param dialogs in order of time
 * @param o.text whether messages are shown whole
 * @param o.of the call that is asked for: of a dialog that went from call to call its part is told as this one's
 */
export function sipLines(
  frames: readonly FrameRow[],
  dialogs: readonly DialogRow[],
  { text, of }: { readonly text: boolean; readonly of: string },
): { readonly lines: readonly SipLine[]; readonly participants: readonly Participant[] } {
  const dialogsOf = Map.groupBy(dialogs, ({ callId }) => callId);
  const managers = managersOf(frames, dialogsOf);
  const seen = new Set<string>();
  const participants = new Map<string, Participant>();
  const lines = frames.flatMap((frame): SipLine[] => {
    const dialog = dialogAt(dialogsOf.get(frame.callId) ?? [], frame.at, of);
    const parsed = parseMessage(Buffer.from(frame.text, "latin1"));
    if (dialog === undefined || !parsed.ok) return [];
    const far = farEnd(dialog, frame, managers);
    participants.set(far.id, far);
    const message = parsed.value;
    const key = `${frame.direction} ${frame.text}`;
    const repeated = seen.has(key);
    seen.add(key);
    const [from, to] = frame.direction === "in" ? [far.id, sipServer.id] : [sipServer.id, far.id];
    const cseq = message.cseq;
    return [
      {
        kind: "sip",
        id: `s${frame.id}`,
        time: rfc3339(frame.at),
        callUuid: dialog.callUuid,
        from,
        to,
        label: message.kind === "request" ? message.method : `${message.status} ${message.reason}`.trim(),
        summary: summaryOf(message, frame),
        direction: frame.direction,
        transport: frame.transport,
        local: frame.local,
        remote: frame.remote,
        callId: frame.callId,
        cseq: cseq === undefined ? "" : `${cseq.sequence} ${cseq.method}`,
        method: cseq?.method ?? (message.kind === "request" ? message.method : ""),
        status: message.kind === "response" ? message.status : null,
        fromUri: message.from === undefined ? "" : formatUri(message.from.uri),
        toUri: message.to === undefined ? "" : formatUri(message.to.uri),
        repeated,
        text: text ? frame.text.slice(0, SHOWN_MESSAGE) : null,
        bytes: frame.bytes,
      },
    ];
  });
  return { lines, participants: Array.from(participants.values()) };
}

/** Whose a dialog is at a time: the call's that is asked for once it is that one's, else that of whose it was last. */
function dialogAt(dialogs: readonly DialogRow[], at: number, of: string): DialogRow | undefined {
  const before = dialogs.filter((dialog) => dialog.at <= at);
  return before.find(({ callUuid }) => callUuid === of) ?? before.at(-1) ?? dialogs[0];
}

/** Where the INVITEs of media legs went: a Resource Manager; what comes from elsewhere on the same dialog is the Media Server's. */
function managersOf(
  frames: readonly FrameRow[],
  dialogsOf: ReadonlyMap<string, readonly DialogRow[]>,
): ReadonlyMap<string, string> {
  const managers = new Map<string, string>();
  for (const { callId, direction: way, remote, text } of frames) {
    const first = !managers.has(callId) && way === "out" && text.startsWith("INVITE ");
    if (first && dialogsOf.get(callId)?.[0]?.kind === "media") managers.set(callId, remote);
  }
  return managers;
}

function farEnd(dialog: DialogRow, frame: FrameRow, managers: ReadonlyMap<string, string>): Participant {
  const { kind, dn } = dialog;
  if (kind === "media") return managers.get(dialog.callId) === frame.remote ? resourceManager : mediaServer;
  return { id: `${kind}:${dn}`, kind, name: dn };
}

function summaryOf(message: SipMessage, { callId, bytes, text }: FrameRow): string {
  const about = message.kind === "response" ? `to ${message.cseq?.method ?? `a request of ${callId}`}` : "";
  const cut = text.length < bytes && text.length >= SHOWN_MESSAGE ? "cut" : "";
  return [about, bodySummary(message), cut].filter((part) => part !== "").join("; ");
}

function bodySummary({ contentType, body }: SipMessage): string {
  if (body.length === 0) return "";
  if (contentType === "application/sdp") return sdpSummary(body) ?? "SDP";
  if (contentType?.endsWith("msml+xml") === true) {
    const said = msmlSummary(body.toString());
    return said === "" ? "MSML" : `MSML ${said}`;
  }
  return contentType ?? "a body";
}

function sdpSummary(body: Buffer): string | undefined {
  const sdp = parseSdp(body);
  const media = sdp.ok ? sdp.value.media[0] : undefined;
  if (!sdp.ok || media === undefined) return undefined;
  const names = codecs(media)
    .map(({ name }) => name)
    .filter((name) => name.toLowerCase() !== "telephone-event");
  const secure = media.protocol.includes("SAVP") ? " SRTP" : "";
  return `SDP ${Array.from(new Set(names)).join(" ")}${secure} ${media.port === 0 ? "refused" : direction(media, sdp.value)}`;
}
