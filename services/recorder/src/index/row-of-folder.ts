import { parseRfc3339, rfc3339 } from "@sidetone/foundation";
import { type CallLine, type FolderView, FRAMES_PER_SECOND, type Manifest } from "@sidetone/recording-file";
import type { RecordingMetadata } from "@sidetone/siprec";
import { participantsOf } from "./participants.ts";
import type { RecordedEvent, RecordingDocument, RecordingRow, SearchKey } from "./recording-row.ts";

/** Metadata as the manifest keeps them: JSON has no maps. */
export type StoredMetadata = Omit<RecordingMetadata, "call"> & { readonly call: StoredCall | undefined };
type Call = NonNullable<RecordingMetadata["call"]>;
type StoredCall = Omit<Call, "params" | "userParams"> & {
  readonly params: Readonly<Record<string, string>>;
  readonly userParams: Readonly<Record<string, string>>;
};

/** Metadata in the form that the manifest keeps. */
export function storedMetadata(metadata: RecordingMetadata): StoredMetadata {
  const { call, ...rest } = metadata;
  if (call === undefined) return { ...rest, call: undefined };
  return {
    ...rest,
    call: { ...call, params: Object.fromEntries(call.params), userParams: Object.fromEntries(call.userParams) },
  };
}

/**
 * What the index says of a recording: made of its folder alone, so that the index can be rebuilt. `undefined` where the manifest has no start.
 * @param relative the folder below the storage
 * @param id the recording's id here; default: that of the manifest
 */
export function rowOfFolder(view: FolderView, relative: string): RecordingRow | undefined {
  const { manifest } = view;
  const { start, call: told } = manifest;
  if (start === undefined) return undefined;
  const metadata = latestMetadata(manifest);
  const call = metadata?.call;
  const startTime = manifest.zero?.at ?? start.at;
  const startMicros = parseRfc3339(startTime) ?? 0;
  const durationMs = Math.round((view.frames * 1000) / FRAMES_PER_SECOND);
  // R18: the Request-URI says what was given at the start, the metadata what it has become.
  const parameters: Record<string, string> = {
    ...Object.fromEntries(manifest.parameters),
    ...call?.params,
    ...call?.userParams,
  };
  const document: RecordingDocument = {
    id: start.id,
    fileName: call?.fileName ?? start.fileName,
    callUuid: start.callUuid ?? call?.callUuid,
    connId: start.connId ?? call?.connId,
    startTime,
    endTime: manifest.end === undefined ? undefined : rfc3339(startMicros + durationMs * 1000),
    durationMs,
    state: manifest.end?.state ?? "recording",
    channels: channelsOf(manifest),
    codec: manifest.zero?.codec,
    participants: participantsOf(manifest),
    events: eventsOf(manifest, call, startMicros),
    parameters,
    ...(told === undefined || Object.keys(told.userData).length === 0 ? {} : { userData: told.userData }),
    warnings: manifest.warnings.map(({ code, text, atMs }) => ({ code, text, atMs })),
  };
  const keys = [...keysOf(document, call), ...(told === undefined ? [] : toldKeys(told))];
  const texts = [document.id, document.fileName, document.callUuid, document.connId, ...Object.values(parameters)];
  if (told !== undefined) texts.push(told.ani, told.dnis, ...told.agents, ...Object.values(told.userData));
  for (const p of document.participants) texts.push(p.aor, p.name, p.dn);
  const text = texts
    .filter((t) => t !== undefined)
    .join("\n")
    .toLowerCase();
  return { document, folder: relative, startMicros, keys, text };
}

function latestMetadata(manifest: Manifest): StoredMetadata | undefined {
  return manifest.metadata.findLast((m) => m.document !== null && m.document !== undefined)?.document as
    | StoredMetadata
    | undefined;
}

function channelsOf(manifest: Manifest): RecordingDocument["channels"] {
  return ([0, 1] as const).map((channel) => {
    const losses = manifest.losses.filter((l) => l.channel === channel);
    const frames = losses.reduce((sum, l) => sum + l.frames, 0);
    return {
      channel: channel === 0 ? "left" : "right",
      side: channel === 0 ? "customer" : "agent",
      lostMs: Math.round((frames * 1000) / FRAMES_PER_SECOND),
      lostPackets: losses.reduce((sum, l) => sum + l.packets, 0),
    };
  });
}

/** Ours, and those of the metadata; where the metadata speak of pauses they know better than the SDP. */
function eventsOf(manifest: Manifest, call: StoredCall | undefined, startMicros: number): RecordedEvent[] {
  const told = (call?.events ?? []).map((e): RecordedEvent => {
    const atMs = Math.max(0, Math.round((e.time - startMicros) / 1000));
    return e.reason === undefined ? { event: e.name, atMs } : { event: e.name, atMs, reason: e.reason };
  });
  const names = new Set(told.map((e) => e.event));
  const own = manifest.events
    .filter(({ event }) => event !== "streams" && !((event === "pause" || event === "resume") && names.has("pause")))
    .map(({ type, ...rest }): RecordedEvent => (type === "event" ? rest : rest));
  return [...told, ...own].sort((a, b) => a.atMs - b.atMs);
}

function keysOf(document: RecordingDocument, call: StoredCall | undefined): [SearchKey, string][] {
  const keys: [SearchKey, string][] = [];
  const add = (kind: SearchKey, value: string | undefined): void => {
    if (value !== undefined && value !== "") keys.push([kind, value]);
  };
  const parameters = new Map(Object.entries(document.parameters).map(([name, value]) => [name.toLowerCase(), value]));
  for (const name of ["dn", "otherdn", "recorddn"]) add("dn", parameters.get(name));
  add("dn", call?.recordDn);
  for (const p of document.participants) {
    add("dn", p.dn);
    add("dn", userOf(p.aor));
  }
  add("ani", parameters.get("ani"));
  add("dnis", parameters.get("dnis"));
  add("agent", call?.agentId);
  add("agent", parameters.get("agentid"));
  for (const [name, value] of parameters) add(`param.${name}`, value);
  for (const [name, value] of Object.entries(document.userData ?? {})) add(`user-data.${name.toLowerCase()}`, value);
  add("conn-id", document.connId);
  add("call-uuid", document.callUuid);
  return keys;
}

/** What SIP Server said of the call. */
function toldKeys({ ani, dnis, agents, userData }: CallLine): [SearchKey, string][] {
  const keys: [SearchKey, string][] = agents.map((agent) => ["agent", agent]);
  if (ani !== undefined) keys.push(["ani", ani]);
  if (dnis !== undefined) keys.push(["dnis", dnis]);
  for (const [name, value] of Object.entries(userData)) keys.push([`user-data.${name.toLowerCase()}`, value]);
  return keys;
}

/** The user part of an address of record, with or without scheme. */
function userOf(aor: string | undefined): string | undefined {
  if (aor === undefined) return undefined;
  const at = aor.indexOf("@");
  const from = aor.indexOf(":") + 1;
  return aor.slice(from, at < 0 ? undefined : at);
}
