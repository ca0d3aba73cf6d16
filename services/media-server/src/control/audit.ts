import {
  type Audit,
  type AuditedDialog,
  type AuditedStream,
  type AuditResult,
  type AuditState,
  confRef,
  connRef,
  dialogOf,
  type Gain,
  isConfRef,
  MAX_AUDIT_RESULTS,
  type ObjectRef,
} from "@sidetone/msml";
import { OperationFailed } from "./failure.ts";
import type { Conference, Connection, ExecutionContext, StreamState } from "./state.ts";
import type { WorkingCopy } from "./working-copy.ts";

/** RFC 5707 10.1: what there is, and its states. A wildcard that finds nothing succeeds. */
export function executeAudit(copy: WorkingCopy, { query, states }: Audit, context: ExecutionContext): AuditResult[] {
  const found = objectsOf(copy, query);
  if (found.length > MAX_AUDIT_RESULTS) throw new OperationFailed(521, `more than ${MAX_AUDIT_RESULTS} objects`);
  return found.map((object) =>
    "tag" in object ? auditConnection(object, states, context) : auditConference(object, states, context),
  );
}

function objectsOf(copy: WorkingCopy, query: Audit["query"]): (Connection | Conference)[] {
  if (query === "conn:*") return copy.connections();
  if (query === "conf:*") return copy.conferences();
  const object = copy.object(query as ObjectRef);
  if (object === undefined) throw new OperationFailed(430, `${query} does not exist`);
  return [object];
}

function auditConference(
  conference: Conference,
  states: readonly AuditState[],
  context: ExecutionContext,
): AuditResult {
  const target = confRef(conference.name);
  const { deleteWhen, term, audiomix, controlledBy } = conference;
  const asks = asker(states);
  const mix = {
    ...(audiomix.id === undefined ? {} : { id: audiomix.id }),
    ...(asks("confconfig.audiomix") && audiomix.sampleRate !== undefined ? { sampleRate: audiomix.sampleRate } : {}),
    ...(asks("confconfig.audiomix.n-loudest") && audiomix.nLoudest !== undefined
      ? { nLoudest: audiomix.nLoudest }
      : {}),
    ...(asks("confconfig.audiomix.asn") && (audiomix.asn?.intervalMs ?? 0) > 0 && audiomix.asn !== undefined
      ? { asn: audiomix.asn }
      : {}),
  };
  const config = {
    ...(asks("confconfig") ? { deleteWhen, term } : {}),
    ...(states.some((state) => state.startsWith("confconfig.audiomix")) ? { audiomix: mix } : {}),
    ...(asks("confconfig.controller") ? { controller: connRef(controlledBy) } : {}),
  };
  return {
    target,
    ...(states.some((state) => state.startsWith("confconfig")) ? { config } : {}),
    ...common(target, conference, states, context),
  };
}

function auditConnection(
  connection: Connection,
  states: readonly AuditState[],
  context: ExecutionContext,
): AuditResult {
  const target = connRef(connection.tag);
  const asks = asker(states);
  const { sipDialog, localSdp, remoteSdp } = context.sipOf(connection.tag) ?? {};
  const wanted =
    sipDialog === undefined || !states.some((state) => state.startsWith("sipdialog"))
      ? undefined
      : {
          callId: sipDialog.callId,
          localTag: sipDialog.localTag,
          remoteTag: sipDialog.remoteTag,
          ...(asks("sipdialog.localseq") && sipDialog.localSeq !== undefined ? { localSeq: sipDialog.localSeq } : {}),
          ...(asks("sipdialog.remoteseq") && sipDialog.remoteSeq !== undefined
            ? { remoteSeq: sipDialog.remoteSeq }
            : {}),
          ...(asks("sipdialog.localURI") && sipDialog.localUri !== undefined ? { localUri: sipDialog.localUri } : {}),
          ...(asks("sipdialog.remoteURI") && sipDialog.remoteUri !== undefined
            ? { remoteUri: sipDialog.remoteUri }
            : {}),
          ...(asks("sipdialog.remotetarget") && sipDialog.remoteTarget !== undefined
            ? { remoteTarget: sipDialog.remoteTarget }
            : {}),
          ...(asks("sipdialog.routeset") && sipDialog.routeSet !== undefined ? { routeSet: sipDialog.routeSet } : {}),
        };
  return {
    target,
    ...(wanted === undefined ? {} : { sipDialog: wanted }),
    ...(asks("localsdp") && localSdp !== undefined ? { localSdp } : {}),
    ...(asks("remotesdp") && remoteSdp !== undefined ? { remoteSdp } : {}),
    ...common(target, connection, states, context),
  };
}

function common(
  target: ObjectRef,
  { dialogs, links }: Connection | Conference,
  states: readonly AuditState[],
  context: ExecutionContext,
): { dialogs?: AuditedDialog[]; streams?: AuditedStream[] } {
  const asks = asker(states);
  const ofDialogs = states.some((state) => state === "dialog" || state.startsWith("dialog."));
  const ofStreams = states.some((state) => state === "stream" || state.startsWith("stream."));
  return {
    ...(ofDialogs
      ? {
          dialogs: Array.from(dialogs.values(), (dialog) => ({
            name: dialog.name,
            ...(dialog.src === undefined ? {} : { src: dialog.src }),
            ...(asks("dialog.duration")
              ? { duration: Math.max(0, Math.floor((context.now - dialog.startedAt) / 1000)) }
              : {}),
            ...(asks("dialog.primitive")
              ? { primitive: context.running(dialogOf(target, dialog.name))?.primitive ?? ("none" as const) }
              : {}),
            ...(asks("dialog.controller") ? { controller: connRef(dialog.startedBy) } : {}),
          })),
        }
      : {}),
    ...(ofStreams
      ? {
          streams: Array.from(links).flatMap(([other, { from, to }]) => [
            ...(to === undefined ? [] : [streamOf(other, "to", to, asks)]),
            ...(from === undefined ? [] : [streamOf(other, "from", from, asks)]),
          ]),
        }
      : {}),
  };
}

function streamOf(
  joinWith: ObjectRef,
  dir: "from" | "to",
  { muted, loudness, clamp, preferred }: StreamState,
  asks: (state: AuditState) => boolean,
): AuditedStream {
  const gain: Gain | undefined = muted ? { kind: "mute" } : loudness;
  return {
    joinWith,
    media: "audio",
    dir,
    ...(preferred && isConfRef(joinWith) ? { preferred } : {}),
    ...(asks("stream.gain") && gain !== undefined ? { gain } : {}),
    ...(asks("stream.clamp") && clamp !== undefined ? { clamp } : {}),
  };
}

function asker(states: readonly AuditState[]): (state: AuditState) => boolean {
  const set = new Set(states);
  return (state) => set.has(state);
}
