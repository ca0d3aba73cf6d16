import { rfc3339 } from "@sidetone/foundation";
import type { AuditRecord, CallJournalRecord } from "../storage/index.ts";
import type { CallLine, JournalLine, Participant, RecordingLine, TlibLine } from "./document.ts";
import { sipServer } from "./sip-lines.ts";

type Data = Readonly<Record<string, unknown>>;

/** What a call's entries and audit say, as lines: T-Library, its recording, its own changes. Pure. */
export function toldLines(
  callUuid: string,
  entries: readonly CallJournalRecord[],
  audited: readonly AuditRecord[],
): { readonly lines: readonly JournalLine[]; readonly participants: readonly Participant[] } {
  const lines = [
    ...entries.flatMap((entry) => lineOf(callUuid, entry) ?? []),
    ...audited.map((record) => auditLine(callUuid, record)),
  ];
  const named = lines.flatMap((line) => (line.kind === "tlib" ? [line.from, line.to, ...line.others] : []));
  const participants = Array.from(new Set(named))
    .filter((id) => id !== sipServer.id)
    .map((id): Participant => ({ id, kind: "application", name: id.slice(id.indexOf(":") + 1) }));
  return { lines, participants };
}

function lineOf(callUuid: string, entry: CallJournalRecord): JournalLine | undefined {
  const data = asData(entry.data);
  switch (entry.kind) {
    case "tlib-request":
    case "tlib-response":
    case "tlib-event":
      return tlibLine(callUuid, entry, data);
    case "recording":
      return recordingLine(callUuid, entry, {
        state: text(data["state"]),
        cause: textOrNull(data["cause"]),
        id: textOrNull(data["id"]),
      });
    case "recording-failed":
    case "recording-recovered":
      return recordingLine(callUuid, entry, {
        state: entry.kind.slice("recording-".length),
        cause:
          typeof data["gapMs"] === "number"
            ? `${text(data["reason"])}, ${data["gapMs"]} ms are missing`
            : textOrNull(data["reason"]),
        id: null,
      });
    case "alarm":
      return recordingLine(callUuid, entry, { state: "alarm", cause: textOrNull(data["reason"]), id: null });
    default:
      return callLine(callUuid, entry, data);
  }
}

function tlibLine(callUuid: string, entry: CallJournalRecord, data: Data): TlibLine {
  const form = entry.kind === "tlib-request" ? "request" : entry.kind === "tlib-response" ? "response" : "event";
  const receivers = Array.isArray(data["to"]) ? data["to"].map(String) : [];
  const programs = form === "event" ? receivers : [text(data["application"])];
  const [first = "application:(nobody listened)", ...others] = programs.map((name) => `application:${name}`);
  const attributes = shortened(asData(data["attributes"]));
  const thisDn = textOrNull(attributes["ThisDN"]);
  return {
    kind: "tlib",
    form,
    ...common(callUuid, entry),
    from: form === "request" ? first : sipServer.id,
    to: form === "request" ? sipServer.id : first,
    label: text(data["message"]),
    summary: [thisDn, callState(attributes)].filter((part) => part !== null).join("; "),
    thisDn,
    reference: entry.reference ?? null,
    others,
    session: textOrNull(data["session"]),
    attributes,
  };
}

function callState(attributes: Data): string | null {
  const { CallState: state, ErrorMessage: error, OtherDN: other } = attributes;
  if (typeof error === "string") return error;
  if (typeof state === "string") return state;
  return typeof other === "string" ? `with ${other}` : null;
}

/** User data may be what not everybody who reads a journal should see: of them the names, and what SIP Server itself says (R20). */
function shortened(attributes: Data): Data {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "UserData" || name === "Password") shown[name] = namesOf(value);
    else shown[name] = value;
  }
  return shown;
}

function namesOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return "(not shown)";
  return Object.fromEntries(
    Object.entries(value).map(([key, of]) => [key, key.startsWith("GSIP_") ? of : "(not shown)"]),
  );
}

function recordingLine(
  callUuid: string,
  entry: CallJournalRecord,
  { state, cause, id }: { readonly state: string; readonly cause: string | null; readonly id: string | null },
): RecordingLine {
  const indicated = state === "On" || state === "Off" || state === "Paused";
  return {
    kind: "recording",
    ...common(callUuid, entry),
    ...inside,
    label: indicated ? `GSIP_RECORD ${state}` : `recording ${state}`,
    summary: cause ?? "",
    state,
    cause,
    recordingId: id,
  };
}

function callLine(callUuid: string, entry: CallJournalRecord, data: Data): CallLine | undefined {
  const said = saidOf(entry.kind, data);
  if (said === undefined) return undefined;
  return { kind: "call", ...common(callUuid, entry), ...inside, ...said };
}

function saidOf(kind: string, data: Data): { readonly label: string; readonly summary: string } | undefined {
  const party = numberOf(data["party"]);
  switch (kind) {
    case "party-added":
      return {
        label: `${party} ${asData(data["party"])["role"] === "origination" ? "calls" : "is called"}`,
        summary: "",
      };
    case "party-changed":
      return { label: `${party} ${text(asData(data["party"])["state"])}`, summary: text(data["cause"]) };
    case "party-routed":
      return { label: `${party} routes to ${numberOf(data["target"])}`, summary: "" };
    case "party-replaced":
      return { label: `${party} talks to ${numberOf(data["newcomer"])}`, summary: "transfer" };
    case "party-joined":
      return { label: `${numberOf(data["newcomer"])} joins ${party}`, summary: "conference" };
    case "party-moved-in":
      return { label: `${party} comes from the consultation`, summary: "" };
    case "party-moved-out":
      return { label: `${party} goes on in the other call`, summary: "" };
    case "user-data-changed": {
      const keys = Array.isArray(data["keys"]) ? data["keys"].map(String) : [];
      const own = keys.filter((key) => !key.startsWith("GSIP_"));
      return own.length === 0 ? undefined : { label: "user data", summary: own.join(", ") };
    }
    case "call-ended":
      return { label: "call ended", summary: text(data["cause"]) };
    default:
      return undefined;
  }
}

function auditLine(callUuid: string, { id, at, actor, action, outcome }: AuditRecord): CallLine {
  return {
    kind: "audit",
    id: `a${id}`,
    time: rfc3339(at),
    callUuid,
    ...inside,
    label: `${actor}: ${action}`,
    summary: outcome,
  };
}

const inside = { from: sipServer.id, to: sipServer.id };

function common(callUuid: string, { id, at }: CallJournalRecord): { id: string; time: string; callUuid: string } {
  return { id: `e${id}`, time: rfc3339(at), callUuid };
}

function asData(value: unknown): Data {
  return typeof value === "object" && value !== null ? (value as Data) : {};
}

function numberOf(value: unknown): string {
  return text(asData(value)["number"]);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
