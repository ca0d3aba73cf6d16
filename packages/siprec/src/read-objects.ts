import { childElements, textOf, type XmlElement, xmlLang } from "@sidetone/xml";
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
import { foreignText } from "./read-foreign.ts";

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
  // Older drafts say when the session was associated with the recording.
  const startTime = fields.time("start-time") ?? fields.time("associate-time");
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

/** `<stream>`; one without an id is known by its label. */
export function readStream(fields: Fields): MetadataStream | undefined {
  const label = fields.texts("label")[0];
  const id = fields.id("stream_id", "id") ?? (label === undefined ? undefined : `label:${label}`);
  if (id === undefined) return undefined;
  const sessionId = fields.optionalId("session_id", "session");
  return {
    id,
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(label === undefined ? {} : { label }),
    ...(fields.texts("mode")[0]?.toLowerCase() === "mixed" ? { mixed: true } : {}),
  };
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
  const names = fields.children("nameID").map(readName);
  for (const aor of fields.texts("aor")) names.push({ aor, ...nameIn(fields.element) });
  const party = fields.children("party").find((el) => el.ns === sidetoneNamespace);
  const side = party?.attributes.get("side");
  const dn = party?.attributes.get("dn");
  const calling = readCalling(fields.element);
  const sessionId = fields.attribute("session_id") ?? fields.attribute("session");
  const send = fields.references("send");
  const recv = fields.references("recv");
  return {
    participant: {
      id,
      names,
      ...(side === "customer" || side === "agent" ? { party: { side, ...(dn === undefined ? {} : { dn }) } } : {}),
      ...(calling === undefined ? {} : { calling }),
    },
    session:
      sessionId === undefined ? undefined : { participantId: id, sessionId, params: [], ...fields.association() },
    streams: send.length + recv.length === 0 ? undefined : { participantId: id, send, recv, ...fields.association() },
  };
}

function readName(el: XmlElement): MetadataParticipant["names"][number] {
  const inner = childElements(el).find((child) => child.name.toLowerCase() === "aor");
  const aor = attributeOf(el, "aor") ?? (inner === undefined ? undefined : textOf(inner)) ?? attributeOf(el, "uri");
  return { aor: aor ?? "", ...nameIn(el) };
}

/** `<name>` inside; one of blanks says nothing. */
function nameIn(el: XmlElement): { name?: string; lang?: string } {
  const nested = childElements(el).find((child) => child.name.toLowerCase() === "name");
  const name = nested === undefined ? "" : textOf(nested);
  if (nested === undefined || name === "") return {};
  const lang = nested.attributes.get(xmlLang);
  return { name, ...(lang === undefined ? {} : { lang }) };
}

function attributeOf(el: XmlElement, name: string): string | undefined {
  for (const [key, value] of el.attributes) if (key.toLowerCase() === name) return value;
  return undefined;
}

/** Oracle says `callingParty`, Intrado `role`. */
function readCalling(el: XmlElement): boolean | undefined {
  const said = foreignText(el, "callingparty")?.toLowerCase();
  if (said === "true" || said === "false") return said === "true";
  const role = foreignText(el, "role")?.toLowerCase();
  return role === "calling" ? true : role === "called" ? false : undefined;
}
