// What a search costs among many recordings, on both databases.
// Run: ./node_modules/.bin/sidetone-node bench/recordings-search.ts [--rows 1000000] [--runs 200] [sqlite] [postgres]
// It makes the rows anew in a temporary folder: 1,000,000 take some minutes and 5 GB for each database.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { silentLogger } from "@sidetone/foundation";
import { PostgresServer, needsPostgres } from "@sidetone/testing";
import type { DatabaseIndex } from "../services/recorder/src/index/database-index.ts";
import { openPostgresIndex } from "../services/recorder/src/index/postgres-index.ts";
import type { RecordingQuery } from "../services/recorder/src/index/recording-row.ts";
import { openSqliteIndex } from "../services/recorder/src/index/sqlite-index.ts";
import { EVERY, FIRST, agentDn, customer, pick, rows, uuid } from "./recordings-rows.ts";

const { values, positionals } = parseArgs({
  options: { rows: { type: "string", default: "1000000" }, runs: { type: "string", default: "200" } },
  allowPositionals: true,
});
const ROWS = Number(values.rows);
const RUNS = Number(values.runs);
const DAY = 86_400_000_000;
const span = ROWS * EVERY;

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
  await index.rebuild(rows(ROWS));
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
