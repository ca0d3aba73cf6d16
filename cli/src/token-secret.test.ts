import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig, type SidetoneConfig } from "@sidetone/config";
import { systemRandom } from "@sidetone/foundation";
import { withTokenSecret } from "./token-secret.ts";

const file = join(import.meta.dirname, "../../sidetone.yaml");

function keys(config: SidetoneConfig): (string | undefined)[] {
  return [config.sipServer?.tokenSecret, config.console?.tokenSecret];
}

test("one process, no token-secret in the file: SIP Server and console share a random one", () => {
  const loaded = loadConfig(file);
  assert(loaded.ok);
  const [own, theirs] = keys(withTokenSecret(loaded.value, ["sip-server", "console"], systemRandom));
  assert.match(own ?? "", /^[0-9a-f]{64}$/);
  assert.equal(own, theirs);
  const again = keys(withTokenSecret(loaded.value, ["sip-server", "console"], systemRandom));
  assert.notEqual(again[0], own);
});

test("the roles in processes of their own share nothing that the file does not say", () => {
  const loaded = loadConfig(file);
  assert(loaded.ok);
  for (const roles of [["console"], ["sip-server", "recorder"]] as const) {
    assert.deepEqual(keys(withTokenSecret(loaded.value, roles, systemRandom)), [undefined, undefined]);
  }
});

test("a token-secret of the file is used as it is", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-key-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const key = "k".repeat(40);
  const yaml = readFileSync(file, "utf8")
    .replace("\nsip-server:\n", `\nsip-server:\n  token-secret: ${key}\n`)
    .replace("\nconsole:\n", `\nconsole:\n  token-secret: ${key}\n`);
  writeFileSync(join(folder, "own.yaml"), yaml);
  const parsed = loadConfig(join(folder, "own.yaml"));
  assert(parsed.ok, JSON.stringify(parsed));
  assert.deepEqual(keys(withTokenSecret(parsed.value, ["sip-server", "console"], systemRandom)), [key, key]);
});
