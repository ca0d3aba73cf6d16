import { fail, ok, type Result } from "@sidetone/foundation";
import { childElements, parseXml, type XmlElement } from "@sidetone/xml";
import { metadataLimits } from "./limits.ts";
import { type RecordedCall, type RecordingMetadata, recordingNamespace, sidetoneNamespace } from "./metadata.ts";
import { readCall } from "./read-call.ts";
import { attributeStreams } from "./attribution.ts";
import { mendXml } from "./mend-xml.ts";
import { Fields } from "./read-fields.ts";
import { Foreign, isExtension } from "./read-foreign.ts";
import { readGroup, readParticipant, readSession, readStream } from "./read-objects.ts";
import { type MetadataWarning, Warnings } from "./warning.ts";

/** A document that could be understood, and what is odd about it. */
export interface ReadMetadata {
  readonly metadata: RecordingMetadata;
  readonly warnings: readonly MetadataWarning[];
}

/**
 * Reads recording metadata of RFC 7865 and of the drafts before it that are still sent: elements are matched by local
 * name, attributes also by their older names, ids may be any text, and what is not well-formed is mended. Only what
 * cannot be mended is refused; even then the audio is to be recorded. Never throws.
 */
export function readMetadata(body: string | Uint8Array): Result<ReadMetadata, string> {
  const warnings = new Warnings();
  const xml = parseMended(body, warnings);
  if (!xml.ok) return xml;
  const root = xml.value;
  if (root.name !== "recording") warnings.add("foreign-root", root.name);
  if (root.ns !== recordingNamespace) warnings.add("foreign-namespace", root.ns);
  const metadata = attributeStreams(readRoot(root, warnings), warnings);
  checkReferences(metadata, warnings);
  return ok({ metadata, warnings: warnings.list() });
}

function parseMended(body: string | Uint8Array, warnings: Warnings): Result<XmlElement, string> {
  const xml = parseXml(body, metadataLimits);
  if (xml.ok) return xml;
  if (body.length > metadataLimits.size) return fail(xml.error.message);
  const { text, notUtf8 } = mendXml(body);
  const mended = parseXml(text, metadataLimits);
  if (!mended.ok) return fail(xml.error.message);
  warnings.add(notUtf8 ? "not-utf8" : "mended-xml", xml.error.message);
  return mended;
}

interface Lists {
  dataMode: string;
  readonly groups: RecordingMetadata["groups"][number][];
  readonly sessions: RecordingMetadata["sessions"][number][];
  readonly participants: RecordingMetadata["participants"][number][];
  readonly streams: RecordingMetadata["streams"][number][];
  readonly sessionRecordings: RecordingMetadata["sessionRecordings"][number][];
  readonly participantSessions: RecordingMetadata["participantSessions"][number][];
  readonly participantStreams: RecordingMetadata["participantStreams"][number][];
  call: RecordedCall | undefined;
}

function readRoot(root: XmlElement, warnings: Warnings): RecordingMetadata {
  const lists: Lists = {
    dataMode: root.attributes.get("dataMode") ?? root.attributes.get("datamode") ?? "complete",
    groups: [],
    sessions: [],
    participants: [],
    streams: [],
    sessionRecordings: [],
    participantSessions: [],
    participantStreams: [],
    call: undefined,
  };
  const foreign = new Foreign();
  for (const el of childElements(root)) {
    readChild(new Fields(el, warnings), lists);
    if (el.ns !== sidetoneNamespace && !isExtension(el)) foreign.take(el);
  }
  foreign.take(withoutOwn(root));
  const said = foreign.list();
  return {
    ...lists,
    dataMode: lists.dataMode.trim().toLowerCase() === "partial" ? "partial" : "complete",
    ...(said.length === 0 ? {} : { foreign: said }),
  };
}

/** The root's children but ours. */
function withoutOwn(root: XmlElement): XmlElement {
  return { ...root, children: childElements(root).filter((el) => el.ns !== sidetoneNamespace) };
}

function readChild(fields: Fields, lists: Lists): void {
  if (fields.element.ns === sidetoneNamespace) {
    if (fields.element.name === "call") lists.call = readCall(fields);
    return;
  }
  switch (fields.element.name.toLowerCase()) {
    case "datamode":
      lists.dataMode = fields.text;
      return;
    case "group":
      push(lists.groups, readGroup(fields));
      return;
    case "session":
      push(lists.sessions, readSession(fields));
      return;
    case "participant": {
      const read = readParticipant(fields);
      push(lists.participants, read?.participant);
      push(lists.participantSessions, read?.session);
      push(lists.participantStreams, read?.streams);
      return;
    }
    case "stream":
      push(lists.streams, readStream(fields));
      return;
    case "sessionrecordingassoc": {
      const sessionId = fields.id("session_id", "session", "id");
      if (sessionId !== undefined) lists.sessionRecordings.push({ sessionId, ...fields.association() });
      return;
    }
    case "participantsessionassoc": {
      const participantId = fields.id("participant_id", "participant", "id");
      const sessionId = fields.id("session_id", "session");
      if (participantId === undefined || sessionId === undefined) return;
      const params = fields.children("param").map((el): [string, string] => {
        return [el.attributes.get("pname") ?? "", el.attributes.get("pval") ?? ""];
      });
      lists.participantSessions.push({ participantId, sessionId, params, ...fields.association() });
      return;
    }
    case "participantstreamassoc": {
      const participantId = fields.id("participant_id", "participant", "id");
      if (participantId === undefined) return;
      const send = fields.references("send");
      const recv = fields.references("recv");
      lists.participantStreams.push({ participantId, send, recv, ...fields.association() });
      return;
    }
    default: // an extension of somebody else's
  }
}

function push<T>(list: T[], item: T | undefined): void {
  if (item !== undefined) list.push(item);
}

function checkReferences(metadata: RecordingMetadata, warnings: Warnings): void {
  // A partial document may speak of what an earlier one described.
  if (metadata.dataMode === "partial") return;
  const participants = new Set(metadata.participants.map((one) => one.id));
  const streams = new Set(metadata.streams.map((one) => one.id));
  const sides = new Map(metadata.participants.map(({ id, party }) => [id, party?.side]));
  const senders = new Map<string, string>();
  for (const assoc of metadata.participantSessions) {
    if (!participants.has(assoc.participantId)) warnings.add("participant-mismatch", assoc.participantId);
  }
  for (const assoc of metadata.participantStreams) {
    if (!participants.has(assoc.participantId)) warnings.add("participant-mismatch", assoc.participantId);
    for (const id of assoc.send.concat(assoc.recv)) {
      if (!streams.has(id)) warnings.add("stream-mismatch", id);
    }
    if (assoc.disassociateTime !== undefined) continue;
    for (const id of assoc.send) {
      const other = senders.get(id);
      // Those of one side are mixed into its stream (R26).
      const mixed =
        other !== undefined && sides.get(other) !== undefined && sides.get(other) === sides.get(assoc.participantId);
      const mix = metadata.streams.some((one) => one.id === id && one.mixed === true);
      if (other !== undefined && other !== assoc.participantId && !mixed && !mix) warnings.add("ambiguous-sender", id);
      senders.set(id, assoc.participantId);
    }
  }
}

/** Compares a document's labels with those of the SDP it came with. */
export function checkLabels(metadata: RecordingMetadata, sdpLabels: readonly string[]): MetadataWarning[] {
  const warnings = new Warnings();
  if (metadata.dataMode === "complete" && metadata.participants.length === 0) warnings.add("no-participants", "");
  const inSdp = new Set(sdpLabels);
  for (const label of inSdp)
    if (sdpLabels.indexOf(label) !== sdpLabels.lastIndexOf(label)) warnings.add("duplicate-label", label);
  const named = new Set<string>();
  for (const { label } of metadata.streams) {
    if (label === undefined) continue;
    if (named.has(label)) warnings.add("duplicate-label", label);
    named.add(label);
    if (!inSdp.has(label)) warnings.add("unknown-label", label);
  }
  for (const label of inSdp) {
    if (!named.has(label)) warnings.add("unclaimed-label", label);
  }
  return warnings.list();
}
