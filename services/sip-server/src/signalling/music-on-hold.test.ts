import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlayMedia } from "@sidetone/msml";
import { CallScene } from "./call-scene.fixture.ts";

const uriOf = (media: PlayMedia): string => (media.kind === "audio" ? media.uri : media.value);

const prompts = (s: CallScene): string[] =>
  s.rig.mediaServer.operations.flatMap((operation) => {
    if (operation.op === "dialogend") return ["end"];
    if (operation.op !== "dialogstart" || operation.content.kind !== "inline") return [];
    return operation.content.script.flatMap((step) =>
      step.kind === "play" ? [`start ${step.media.map(uriOf).join()} capture=${step.capture}`] : [],
    );
  });

test("R28: who waits in an anchored call hears music, recorded as record-moh says; a retrieve ends it", async () => {
  for (const recordMoh of [true, false]) {
    const s = await CallScene.with(
      { musicOnHold: "waltz.wav", recordMoh },
      { dn: "7001" },
      { dn: "7002", record: true },
    );
    await s.dial("7001", "7002");
    const talks = s.phone("7001").hears;
    assert.equal(await s.ask(s.rig.switch.holdCall(s.connId(1), "7002")), "done");
    assert.equal(s.phone("7001").hears, talks);
    assert.match(s.phone("7002").hears, /inactive$/);
    assert.deepEqual(prompts(s), [`start file:///waltz.wav capture=${recordMoh}`]);
    assert.equal(await s.ask(s.rig.switch.retrieveCall(s.connId(1), "7002")), "done");
    assert.deepEqual(prompts(s).slice(1), ["end"]);
    assert.match(s.phone("7002").hears, /sendrecv$/);
    s.phone("7001").hangUp();
    await s.nothingLeft();
    await s.close();
  }
});

test("music plays during a consultation, and ends when its call is transferred", async () => {
  const s = await CallScene.with(
    { musicOnHold: "waltz.wav" },
    { dn: "7001", record: true },
    { dn: "7002" },
    { dn: "7003" },
  );
  await s.dial("7001", "7002");
  await s.consult("7002", 1, "7003");
  assert.deepEqual(prompts(s), ["start file:///waltz.wav capture=true"]);
  await s.ask(s.rig.switch.complete("transfer", s.connId(1), "7002", s.connId(2)));
  assert.deepEqual(prompts(s).slice(1), ["end"]);
  s.phone("7001").hangUp();
  await s.nothingLeft();
  await s.close();
});

test("no music where the phones talk directly, or where none is configured", async () => {
  for (const musicOnHold of ["waltz.wav", undefined]) {
    const record = musicOnHold === undefined;
    const s = await CallScene.with({ musicOnHold }, { dn: "7001" }, { dn: "7002", record });
    await s.dial("7001", "7002");
    await s.ask(s.rig.switch.holdCall(s.connId(1), "7002"));
    assert.match(s.phone("7001").hears, /inactive$/);
    assert.deepEqual(prompts(s), []);
    s.phone("7001").hangUp();
    await s.nothingLeft();
    await s.close();
  }
});
