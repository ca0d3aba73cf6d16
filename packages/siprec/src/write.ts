import { rfc3339 } from "@sidetone/foundation";
import { element, writeXml, type XmlElement, xmlLang } from "@sidetone/xml";
import {
  type MetadataParticipant,
  type MetadataSession,
  type RecordedCall,
  type RecordingMetadata,
  recordingNamespace,
  sidetoneNamespace,
} from "./metadata.ts";

type Children = readonly (XmlElement | string | undefined)[];
type Attributes = Readonly<Record<string, string | undefined>>;

/** Writes metadata in the element order of RFC 7865 section 9. */
export function writeMetadata(metadata: RecordingMetadata): string {
  const root = rs("recording", {}, [
    text("datamode", metadata.dataMode),
    ...metadata.groups.map((group) => rs("group", { group_id: group.id }, times(group))),
    ...metadata.sessions.map(sessionElement),
    ...metadata.participants.map(participantElement),
    ...metadata.streams.map(({ id, sessionId, label }) =>
      rs("stream", { stream_id: id, session_id: sessionId }, [text("label", label)]),
    ),
    ...metadata.sessionRecordings.map((assoc) =>
      rs("sessionrecordingassoc", { session_id: assoc.sessionId }, times(assoc)),
    ),
    ...metadata.participantSessions.map((assoc) =>
      rs("participantsessionassoc", { participant_id: assoc.participantId, session_id: assoc.sessionId }, [
        ...times(assoc),
        ...assoc.params.map(([pname, pval]) => rs("param", { pname, pval }, [])),
      ]),
    ),
    ...metadata.participantStreams.map((assoc) =>
      rs("participantstreamassoc", { participant_id: assoc.participantId }, [
        ...assoc.send.map((id) => text("send", id)),
        ...assoc.recv.map((id) => text("recv", id)),
        ...times(assoc),
      ]),
    ),
    metadata.call === undefined ? undefined : callElement(metadata.call),
  ]);
  return writeXml(root);
}

function sessionElement(session: MetadataSession): XmlElement {
  return rs("session", { session_id: session.id }, [
    ...session.sipSessionIds.map((id) => text("sipSessionID", id)),
    ...session.reasons.map(({ cause, protocol, text: said }) =>
      rs("reason", { cause: String(cause ?? 0), protocol }, [said]),
    ),
    text("group-ref", session.groupId),
    time("start-time", session.startTime),
    time("stop-time", session.stopTime),
  ]);
}

function participantElement(participant: MetadataParticipant): XmlElement {
  const { id, names, party } = participant;
  return rs("participant", { participant_id: id }, [
    ...names.map(({ aor, name, lang }) =>
      rs("nameID", { aor }, name === undefined ? [] : [rs("name", { [xmlLang]: lang }, [name])]),
    ),
    party === undefined ? undefined : st("party", { side: party.side, dn: party.dn }),
  ]);
}

function callElement(call: RecordedCall): XmlElement {
  return st(
    "call",
    {
      recording: call.recordingId,
      state: call.state,
      uuid: call.callUuid,
      connid: call.connId,
      agentid: call.agentId,
      recorddn: call.recordDn,
      file: call.fileName,
      copy: call.copy === undefined ? undefined : String(call.copy),
      epoch: call.epoch === undefined ? undefined : String(call.epoch),
    },
    [
      ...Array.from(call.params, ([name, value]) => st("param", { name, value })),
      ...Array.from(call.userParams, ([name, value]) => st("user-param", { name, value })),
      ...call.events.map(({ name, time: at, reason }) => st("event", { name, time: rfc3339(at), reason })),
    ],
  );
}

function rs(name: string, attributes: Attributes, children: Children): XmlElement {
  return element(name, { ns: recordingNamespace, attributes, children });
}

function st(name: string, attributes: Attributes, children: Children = []): XmlElement {
  return element(name, { ns: sidetoneNamespace, prefix: "st", attributes, children });
}

function text(name: string, value: string | undefined): XmlElement | undefined {
  return value === undefined ? undefined : rs(name, {}, [value]);
}

function time(name: string, wallMicros: number | undefined): XmlElement | undefined {
  return wallMicros === undefined ? undefined : text(name, rfc3339(wallMicros));
}

function times(assoc: { readonly associateTime?: number; readonly disassociateTime?: number }): Children {
  return [time("associate-time", assoc.associateTime), time("disassociate-time", assoc.disassociateTime)];
}
