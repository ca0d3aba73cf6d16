import assert from "node:assert/strict";
import { test } from "node:test";
import { SidetoneError } from "@sidetone/foundation";
import { startFailure } from "./start-failure.ts";

test("what the machine lacks is said with its remedy", () => {
  const of = (error: unknown): [string, string] => {
    const failure = startFailure("recorder", "s.yaml", error);
    assert.equal(failure.exit, 1);
    return [failure.code, failure.message];
  };
  assert.deepEqual(of(Object.assign(new Error("x"), { code: "EMFILE" })), [
    "too-many-files",
    "recorder does not start: x.",
  ]);
  assert.equal(of(new Error("Cannot read package config /a/package.json: too many open files."))[0], "too-many-files");
  assert.equal(of(new Error("database or disk is full"))[0], "disk-full");
  assert.equal(of(new Error("database disk image is malformed"))[0], "database-damaged");
  assert.equal(of(new Error("boom"))[0], "start-failed");
});

test("a port in use keeps its exit code and gains role and option; other errors of ours stay as they are", () => {
  const busy = new SidetoneError("port-in-use", "udp://127.0.0.1:5060: port 5060 is in use", {
    exit: 2,
    remedy: "Stop it.",
  });
  const failure = startFailure("sip-server", "s.yaml", busy);
  assert.equal(failure.exit, 2);
  assert.equal(failure.message, "sip-server: udp://127.0.0.1:5060: port 5060 is in use");
  assert.equal(failure.remedy, "Stop it. The address is sip-server.listen in s.yaml.");
  const own = new SidetoneError("storage-in-use", "x", { exit: 1 });
  assert.equal(startFailure("sip-server", "s.yaml", own), own);
  const bare = new SidetoneError("storage-unusable", "too many open files", { exit: 1 });
  const explained = startFailure("sip-server", "s.yaml", bare);
  assert.deepEqual(
    [explained.code, explained.message],
    ["storage-unusable", "sip-server does not start: too many open files"],
  );
  assert.match(explained.remedy ?? "", /ulimit/);
});
