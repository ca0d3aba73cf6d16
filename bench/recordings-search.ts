// What a search costs among many recordings, on both databases.
// Run: ./node_modules/.bin/sidetone-node bench/recordings-search.ts [--rows 1000000] [--runs 200] [sqlite] [postgres]
// It makes the rows anew in a temporary folder: 1,000,000 take some minutes and 5 GB for each database.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { rfc3339, silentLogger } from "@sidetone/foundation";
import { PostgresServer, needsPostgres } from "@sidetone/testing";
import type { DatabaseIndex } from "../services/recorder/src/index/database-index.ts";
import { openPostgresIndex } from "../services/recorder/src/index/postgres-index.ts";
import type { RecordingQuery, RecordingRow } from "../services/recorder/src/index/recording-row.ts";
import { openSqliteIndex } from "../services/recorder/src/index/sqlite-index.ts";

const { values, positionals } = parseArgs({
  options: { rows: { type: "string", default: "1000000" }, runs: { type: "string", default: "200" } },
  allowPositionals: true,
});
const ROWS = Number(values.rows);
const RUNS = Number(values.runs);
const FIRST = Date.UTC(2026, 0, 1) * 1000;
/** A call every 20 s: a million are 230 days. */
const EVERY = 20_000_000;
const DAY = 86_400_000_000;
const span = ROWS * EVERY;

/** A number that looks random, the same in every run. */
function mixed(n: number, salt: number): number {
  let x = (Math.imul(n + 1, 0x9e3779b1) ^ Math.imul(salt + 1, 0x85ebca6b)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b) >>> 0;
  return (x ^ (x >>> 16)) >>> 0;
}
const pick = (n: number, salt: number, of: number): number => mixed(n, salt) % of;
const hex = (n: number, salt: number): string => mixed(n, salt).toString(16).padStart(8, "0");
const uuid = (n: number): string =>
  [1, 2, 3, 4]
    .map((salt) => hex(n, salt))
    .join("")
    .toUpperCase();
const customer = (n: number): string => `+1555${String(pick(n, 5, 10_000_000)).padStart(7, "0")}`;
const agentDn = (n: number): string => String(7000 + pick(n, 6, 500));

/** A recording of a call centre with 500 agents. */
function row(n: number): RecordingRow {
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
    state: n > ROWS - 200 ? "recording" : pick(n, 16, 200) === 0 ? "partial" : "complete",
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

function* rows(): Generator<RecordingRow> {
  for (let n = 0; n < ROWS; n++) yield row(n);
}

const page = { keys: [], limit: 50 } as const;
const someDay = (run: number) => {
  const fromMicros = FIRST + Math.floor(pick(run, 20, 1000) * 0.001 * span);
  return { fromMicros, toMicros: fromMicros + DAY };
};
const some = (run: number): number => pick(run, 21, ROWS);

/** What people ask for; each run asks for another one. */
const searches: Readonly<Record<string, (run: number) => RecordingQuery>> = {
  "the newest 50": () => page,
  "a DN's calls of a day": (run) => ({ ...page, ...someDay(run), keys: [["dn", agentDn(run)]] }),
  "a call by CallUUID": (run) => ({ ...page, keys: [["call-uuid", uuid(some(run))]] }),
  "free text: seven digits of a customer's number": (run) => ({ ...page, q: customer(some(run)).slice(5) }),
  "free text in every row: a domain": () => ({ ...page, q: "sidetone.local" }),
  "a parameter of every tenth call, and an agent": (run) => ({
    ...page,
    keys: [
      ["param.result", "sold"],
      ["agent", `10${agentDn(run)}`],
    ],
  }),
  "partial ones of a day": (run) => ({ ...page, ...someDay(run), state: "partial" }),
  "longer than an hour, of all times": () => ({ ...page, minDurationMs: 3_600_000 }),
  "a page in the middle of all of a DN's calls": (run) => ({
    ...page,
    keys: [["dn", agentDn(run)]],
    after: { startMicros: someDay(run).fromMicros, id: "" },
  }),
};

/** Filled as version 1, so that the index of the text is made at once, by the change to version 2. */
async function measure(
  name: string,
  open: (newest?: number) => Promise<DatabaseIndex>,
  size: () => string,
): Promise<void> {
  let index = await open(1);
  const began = performance.now();
  await index.rebuild(rows());
  await index.close();
  const filled = (performance.now() - began) / 1000;
  index = await open();
  const all = (performance.now() - began) / 1000;
  console.log(
    `\n${name}: ${ROWS} rows in ${filled.toFixed(0)} s, their text in ${(all - filled).toFixed(0)} s, ${size()}`,
  );
  for (const [title, query] of Object.entries(searches)) {
    const times: number[] = [];
    let found = 0;
    for (let run = 0; run < RUNS; run++) {
      const from = performance.now();
      const { rows: got } = await index.search(query(run));
      times.push(performance.now() - from);
      found += got.length;
    }
    times.sort((a, b) => a - b);
    const at = (share: number): string => (times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(1).padStart(8);
    console.log(
      `  p50 ${at(0.5)}  p99 ${at(0.99)}  max ${at(1)} ms  ${(found / RUNS).toFixed(1).padStart(5)} rows  ${title}`,
    );
  }
  await index.close();
}

const wanted = (database: string): boolean => positionals.length === 0 || positionals.includes(database);
console.log(`${cpus()[0]?.model}, Node ${process.versions.node}`);
if (wanted("sqlite")) {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-search-"));
  const file = join(folder, "index.sqlite");
  try {
    const size = (): string => `${(statSync(file).size / 1e9).toFixed(1)} GB`;
    await measure("SQLite", (newest) => openSqliteIndex(file, newest), size);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
const missing = needsPostgres();
if (wanted("postgres") && missing !== false) console.log(missing);
else if (wanted("postgres")) {
  const server = await PostgresServer.start();
  try {
    const url = server.createDatabase("bench");
    const size = (): string => {
      server.sql("bench", "vacuum analyze");
      return server.sql("bench", "select pg_size_pretty(pg_database_size('bench'))").trim();
    };
    await measure(
      "PostgreSQL",
      (newest) =>
        openPostgresIndex({ url }, "bench", { log: silentLogger, ...(newest === undefined ? {} : { newest }) }),
      size,
    );
  } finally {
    await server.close();
  }
}
