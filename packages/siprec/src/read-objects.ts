import { textOf, xmlLang } from "@sidetone/xml";
import {
  type MetadataGroup,
  type MetadataParticipant,
  type MetadataSession,
  type MetadataStream,
  type ParticipantSession,
  type ParticipantStream,
  sidetoneNamespace,
} from "./metadata.ts";
import type { Fields } from "./read-fields.ts";

/** `<group>`. */
export function readGroup(fields: Fields): MetadataGroup | undefined {
  const id = fields.id("group_id", "id");
  return id === undefined ? undefined : { id, ...fields.association() };
}

/** `<session>`. */
export function readSession(fields: Fields): MetadataSession | undefined {
  const id = fields.id("session_id", "id", "session");
  if (id === undefined) return undefined;
  const groupId = fields.texts("group-ref")[0] ?? fields.attribute("group");
  const startTime = fields.time("start-time");
  const stopTime = fields.time("stop-time");
  return {
    id,
    sipSessionIds: fields.texts("sipSessionID"),
    reasons: fields.children("reason").map((el) => {
      const cause = Number(el.attributes.get("cause"));
      const protocol = el.attributes.get("protocol") ?? "SIP";
      return { cause: Number.isInteger(cause) ? cause : undefined, protocol, text: textOf(el) };
    }),
    ...(groupId === undefined ? {} : { groupId }),
    ...(startTime === undefined ? {} : { startTime }),
    ...(stopTime === undefined ? {} : { stopTime }),
  };
}

/** `<stream>`. */
export function readStream(fields: Fields): MetadataStream | undefined {
  const id = fields.id("stream_id", "id");
  if (id === undefined) return undefined;
  const sessionId = fields.optionalId("session_id", "session");
  const label = fields.texts("label")[0];
  return { id, ...(sessionId === undefined ? {} : { sessionId }), ...(label === undefined ? {} : { label }) };
}

/** `<participant>`; older drafts put its session and its streams inside. */
export function readParticipant(fields: Fields):
  | {
      participant: MetadataParticipant;
      session: ParticipantSession | undefined;
      streams: ParticipantStream | undefined;
    }
  | undefined {
  const id = fields.id("participant_id", "id");
  if (id === undefined) return undefined;
  const names = fields.children("nameID").map((el) => {
    const nested = el.children.find((child) => typeof child !== "string" && child.name === "name");
    const name = nested === undefined || typeof nested === "string" ? undefined : textOf(nested);
    const lang = nested === undefined || typeof nested === "string" ? undefined : nested.attributes.get(xmlLang);
    return {
      aor: el.attributes.get("aor") ?? "",
      ...(name === undefined ? {} : { name }),
      ...(lang === undefined ? {} : { lang }),
    };
  });
  const party = fields.children("party").find((el) => el.ns === sidetoneNamespace);
  const side = party?.attributes.get("side");
  const dn = party?.attributes.get("dn");
  const sessionId = fields.attribute("session_id") ?? fields.attribute("session");
  const send = fields.texts("send");
  const recv = fields.texts("recv");
  return {
    participant: {
      id,
      names,
      ...(side === "customer" || side === "agent" ? { party: { side, ...(dn === undefined ? {} : { dn }) } } : {}),
    },
    session:
      sessionId === undefined ? undefined : { participantId: id, sessionId, params: [], ...fields.association() },
    streams: send.length + recv.length === 0 ? undefined : { participantId: id, send, recv, ...fields.association() },
  };
}
