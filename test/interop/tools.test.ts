// The judges are judged first: defects of known size, made with sox, must be measured.
import assert from "node:assert/strict";
import { test } from "node:test";
import { labFile, needs, runAsync } from "@sidetone/testing";

test("wavcheck measures 22 known defects", { skip: needs("sox", "espeak-ng", "python3") }, async () => {
  const ran = await runAsync("bash", [labFile("bin/wavcheck-selftest.sh")]);
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  assert.match(ran.stdout, /22 passed, 0 failed/);
});
