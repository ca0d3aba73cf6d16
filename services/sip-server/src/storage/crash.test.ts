import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ManualClock, silentLogger, systemClock } from "@sidetone/foundation";
import Database from "better-sqlite3";
import { ConnIdSource } from "../identity/conn-id.ts";
import { Ledger } from "../ledger/ledger.ts";
import { listLedger } from "../ledger/listing.ts";
import { openStorage, queries } from "./storage.ts";

/** Runs the writing child until it said `lines` lines, then kills it without warning. Gives every line it said. */
async function crashAfter(file: string, run: string, lines: number): Promise<string[]> {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "crash-child.ts"), file, run],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let said = "";
  let newlines = 0;
  child.stdout.setEncoding("latin1");
  child.stdout.on("data", (chunk: string) => {
    said += chunk;
    newlines += chunk.split("\n").length - 1;
    if (newlines >= lines) child.kill("SIGKILL");
  });
  const [, signal] = (await once(child, "close")) as [number | null, string | null];
  assert.equal(signal, "SIGKILL");
  return said.split("\n").slice(0, -1);
}

test("R34: kill -9 in the middle of writing loses no line that was said to be durable, and open lines become unknown", {
  timeout: 60_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "sidetone-crash-"));
  const file = join(folder, "store.sqlite");
  try {
    const known = new Set<string>();
    const connIds = new Set<string>();
    for (const [run, lines] of [
      ["A", 150],
      ["B", 400],
    ] as const) {
      for (const said of await crashAfter(file, run, lines)) {
        const [callUuid = "", connId = ""] = said.split(" ");
        known.add(callUuid);
        assert.equal(connIds.has(connId), false, `ConnID ${connId} was given out twice`);
        connIds.add(connId);
      }
      const storage = await openStorage({ file, log: silentLogger });
      const stored = await storage.read(queries.selectFrom("ledger").select("call_uuid"));
      const names = new Set(stored.map((row) => row.call_uuid));
      for (const callUuid of known) assert.ok(names.has(callUuid), `${callUuid} is lost`);
      const ledger = new Ledger({ storage, clock: new ManualClock(), log: silentLogger });
      assert.ok((await ledger.closeLeftOpen()) > 0);
      assert.equal(await ledger.closeLeftOpen(), 0);
      const page = await listLedger(storage, { limit: 1 });
      assert.ok(page.ok);
      assert.equal(page.value.lines[0]?.outcome, "unknown");
      assert.equal(page.value.lines[0]?.reason, "server restarted");
      const source = await ConnIdSource.open({
        storage,
        clock: systemClock,
        log: silentLogger,
        serverId: 1,
        block: 64,
      });
      const next = source.next();
      assert.equal(connIds.has(next), false);
      connIds.add(next);
      await storage.close();
      const reader = new Database(file, { readonly: true });
      assert.equal(reader.pragma("integrity_check", { simple: true }), "ok");
      reader.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
