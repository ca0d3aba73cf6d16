import type { CallSnapshot, KVList, TlibEvent, UnknownEvent } from "@sidetone/tlib";

/** `09:15:08.250 7001 EventEstablished  0110031f8ab2c001 with +15550100  recording On`, for people. */
export function eventLine(event: TlibEvent | UnknownEvent): string {
  const name = event.message === "unknown" ? event.name : event.message;
  const a = new Map<string, unknown>(Object.entries(event.attributes));
  const words = [event.time.slice(11, 23), text(a.get("ThisDN")) ?? "-", name, text(a.get("ConnID")) ?? ""];
  const other = text(a.get("OtherDN"));
  if (other !== undefined) words.push(`with ${other}`);
  const third = text(a.get("ThirdPartyDN"));
  if (third !== undefined) words.push(`by ${third}`);
  const state = text(a.get("CallState"));
  if (state !== undefined && state !== "Ok") words.push(state);
  const changed = a.get("ChangedKeys");
  if (Array.isArray(changed)) words.push(changedText(changed, a.get("UserData")));
  else words.push(...recordingWords(a.get("UserData")));
  if (name === "EventError") words.push(`${text(a.get("ErrorName")) ?? ""}: ${text(a.get("ErrorMessage")) ?? ""}`);
  if (name === "EventPrivateInfo") words.push(JSON.stringify(a.get("Extensions") ?? {}));
  return words.filter((word) => word !== "").join("  ");
}

/** A call that was up when the DN was registered. */
export function callLine(dn: string, call: CallSnapshot): string {
  const other = call.OtherDN === undefined ? [] : [`with ${call.OtherDN}`];
  return [`is up`, dn, call.PartyState, call.ConnID, ...other, ...recordingWords(call.UserData)].join("  ");
}

function text(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

function valueOf(list: unknown, key: string): unknown {
  return typeof list === "object" && list !== null ? new Map(Object.entries(list as KVList)).get(key) : undefined;
}

function recordingWords(userData: unknown): string[] {
  const state = text(valueOf(userData, "GSIP_RECORD"));
  return state === undefined ? [] : [`recording ${state}`];
}

function changedText(keys: readonly unknown[], userData: unknown): string {
  return keys
    .map((key) => {
      const value = valueOf(userData, String(key));
      return value === undefined ? `${String(key)} deleted` : `${String(key)}=${text(value) ?? JSON.stringify(value)}`;
    })
    .join(" ");
}
