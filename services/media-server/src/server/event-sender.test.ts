import assert from "node:assert/strict";
import { test } from "node:test";
import type { Logger } from "@sidetone/foundation";
import { settled } from "../../test-support/fake-sip.ts";
import { EventSender } from "./event-sender.ts";

test("the end of a conference that nobody is left to hear of is no warning; a recorder's event names call and recording", async () => {
  const lines: unknown[] = [];
  const to =
    (level: string) =>
    (fields: object): void =>
      void lines.push({ level, ...fields });
  const log: Logger = {
    debug: to("debug"),
    info: to("info"),
    warn: to("warn"),
    error: to("error"),
    child: () => log,
  };
  const sender = new EventSender(log);
  const ids = { recordingId: "r1", callUuid: "UUID1" };
  void sender.send("c1", { name: "msml.conf.nomedia", id: "conf:c1", values: [] }, () => []);
  const release = sender.hold(["c1"]);
  void sender.send("c1", { name: "recorder.failed", id: "conf:c1", values: [] }, () => [], ids);
  release();
  await settled();
  assert.deepEqual(lines, [
    { level: "debug", object: "c1", event: "msml.conf.nomedia" },
    { level: "warn", ...ids, object: "c1", event: "recorder.failed" },
  ]);
  assert.equal(sender.counts.dropped, 2);
});
