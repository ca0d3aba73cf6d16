import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { loadConfig } from "./load.ts";
import { loadConfigInThread } from "./load-thread.ts";

function file(t: TestContext, dns: readonly string[], more = ""): string {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-load-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "sidetone.yaml");
  const head = 'sip-server:\n  listen: [ "udp://127.0.0.1:5060" ]\n  domain: x.test\n  storage: "sqlite:a.sqlite"\n';
  writeFileSync(path, `${head}${more}  dns:\n${dns.map((dn) => `    ${dn}\n`).join("")}`);
  return path;
}

const more =
  "  agent-logins: { '1': { record: true } }\n  applications: { desk: { password: p, grants: [ { dns: '*', rights: [monitor] } ] } }\n";

test("read in a thread, a file gives what it gives here: the same values, or the same mistakes", async (t) => {
  const good = file(t, ['"7001": { type: extension, password: p }', '"7002": { type: routing-point }'], more);
  assert.deepEqual(await loadConfigInThread(good).result, loadConfig(good));
  const bad = file(t, ['"7001": { type: extention, password: p }', '"7002": { type: trunk }']);
  const result = await loadConfigInThread(bad).result;
  assert.ok(!result.ok);
  assert.deepEqual(result, loadConfig(bad));
  const none = await loadConfigInThread("/no/such/file.yaml").result;
  assert.ok(!none.ok && none.error[0]?.message.startsWith("cannot be read"));
});

test("entries that say the same as before are the same objects", async (t) => {
  const before = loadConfig(
    file(t, ['"1": { type: extension, password: p }', '"2": { type: extension, password: p }'], more),
  );
  assert.ok(before.ok && before.value.sipServer !== undefined);
  const kept = before.value.sipServer;
  const path = file(t, ['"1": { type: extension, password: p }', '"2": { type: extension, password: q }'], more);
  const after = await loadConfigInThread(path, kept).result;
  assert.ok(after.ok);
  const now = after.value.sipServer;
  assert.deepEqual(
    [
      now?.dns.get("1") === kept.dns.get("1"),
      now?.dns.get("2") === kept.dns.get("2"),
      now?.agentLogins?.get("1") === kept.agentLogins?.get("1"),
      now?.applications?.get("desk") === kept.applications?.get("desk"),
    ],
    [true, false, true, true],
  );
  assert.equal(now?.dns.get("2")?.password, "q");
});

test("given up, it says so", async (t) => {
  const loading = loadConfigInThread(file(t, ['"1": { type: extension, password: p }']));
  loading.cancel();
  const result = await loading.result;
  assert.ok(!result.ok && result.error[0]?.message === "could not be read: it was given up.");
});
