import { rfc3339 } from "@sidetone/foundation";
import type { RecordingRow } from "../services/recorder/src/index/recording-row.ts";

// Recordings of a contact centre, the same in every run: for the measurements of the search and of the console.

/** When the first one begins; microseconds since 1970. */
export const FIRST = Date.UTC(2026, 0, 1) * 1000;
/** A call every 20 s: a million are 230 days. */
export const EVERY = 20_000_000;

/** A number that looks random, the same in every run. */
function mixed(n: number, salt: number): number {
  let x = (Math.imul(n + 1, 0x9e3779b1) ^ Math.imul(salt + 1, 0x85ebca6b)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b) >>> 0;
  return (x ^ (x >>> 16)) >>> 0;
}
/** One of so many, at random. */
export const pick = (n: number, salt: number, of: number): number => mixed(n, salt) % of;
const hex = (n: number, salt: number): string => mixed(n, salt).toString(16).padStart(8, "0");
/** CallUUID of a recording. */
export const uuid = (n: number): string =>
  [1, 2, 3, 4]
    .map((salt) => hex(n, salt))
    .join("")
    .toUpperCase();
/** The customer's number. */
export const customer = (n: number): string => `+1555${String(pick(n, 5, 10_000_000)).padStart(7, "0")}`;
/** The agent's DN, 7000 to 7499. */
export const agentDn = (n: number): string => String(7000 + pick(n, 6, 500));

/** A recording of a contact centre with 500 agents. @param total of them: the newest 200 are being recorded */
export function row(n: number, total: number): RecordingRow {
  const id = `${hex(n, 7)}${hex(n, 8)}${hex(n, 9)}${hex(n, 10)}`;
  const startMicros = FIRST + n * EVERY;
  const durationMs = 5000 + (mixed(n, 11) % 600_000) + (n % 1000 === 0 ? 3_600_000 : 0);
  const dn = agentDn(n);
  const parameters: Record<string, string> = {
    ani: customer(n),
    dnis: String(8000 + pick(n, 12, 20)),
    dn,
    result: pick(n, 13, 10) === 0 ? "sold" : "other",
    campaign: `campaign ${pick(n, 14, 40)}`,
  };
  const document: RecordingRow["document"] = {
    id,
    fileName: `${uuid(n)}_2026-01-01_10-00-00`,
    callUuid: uuid(n),
    connId: `01100${hex(n, 15)}`,
    startTime: rfc3339(startMicros),
    endTime: rfc3339(startMicros + durationMs * 1000),
    durationMs,
    state: n > total - 200 ? "recording" : pick(n, 16, 200) === 0 ? "partial" : "complete",
    channels: [
      { channel: "left", side: "customer", lostMs: 0, lostPackets: 0 },
      { channel: "right", side: "agent", lostMs: 0, lostPackets: 0 },
    ],
    codec: "pcmu",
    participants: [
      {
        aor: `sip:${customer(n)}@pstn.example`,
        name: undefined,
        dn: undefined,
        side: "customer",
        from: undefined,
        to: undefined,
      },
      { aor: `sip:${dn}@sidetone.local`, name: `Agent ${dn}`, dn, side: "agent", from: undefined, to: undefined },
    ],
    events: [{ event: "hold", atMs: 1000, untilMs: 2000 }],
    parameters,
    userData: { account: String(pick(n, 17, 300_000)), language: pick(n, 18, 5) === 0 ? "fr" : "en" },
    warnings: [],
  };
  const keys: RecordingRow["keys"] = [
    ["dn", dn],
    ["dn", customer(n)],
    ["ani", customer(n)],
    ["dnis", parameters["dnis"] ?? ""],
    ["agent", `10${dn}`],
    ["conn-id", document.connId ?? ""],
    ["call-uuid", document.callUuid ?? ""],
    ...Object.entries(parameters).map(([name, value]) => [`param.${name}`, value] as const),
    ...Object.entries(document.userData ?? {}).map(([name, value]) => [`user-data.${name}`, value] as const),
  ];
  const texts = [id, document.fileName, document.callUuid, document.connId, ...Object.values(parameters)];
  for (const p of document.participants) texts.push(p.aor, p.name, p.dn);
  const text = texts
    .filter((t) => t !== undefined)
    .join("\n")
    .toLowerCase();
  return { document, folder: `2026/01/01/${id}`, startMicros, keys, text };
}

/** All of them, the oldest first. */
export function* rows(total: number): Generator<RecordingRow> {
  for (let n = 0; n < total; n++) yield row(n, total);
}
