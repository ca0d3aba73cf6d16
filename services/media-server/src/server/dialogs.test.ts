import assert from "node:assert/strict";
import { test } from "node:test";
import { Bench, events, msml, msmlType, recorder, setUp } from "../../test-support/bench.ts";
import { type FakeSession, response, settled } from "../../test-support/fake-sip.ts";

function play(leg: FakeSession, file = "music.wav", attributes = 'iterations="-1"', name = 'name="moh"'): string {
  return `<dialogstart target="conn:${leg.localTag}" ${name} type="application/moml+xml"><play ${attributes}>
    <audio uri="file:///${file}"/></play></dialogstart>`;
}

function end(leg: FakeSession): string {
  return `<dialogend id="conn:${leg.localTag}/dialog:moh"/>`;
}

/** Files are read for real: until that is done. */
async function eventually(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !holds(); turn++) await settled();
  assert.ok(holds());
}

test("RFC 5707 9.6: a play begins with its INFO's answer, ends with dialogend, and its exit is told", async () => {
  const bench = new Bench();
  const { a } = await bench.call();
  const started = await msml(a, play(a, "music.wav", 'iterations="-1" interval="2s" maxtime="90s" rec:capture="true"'));
  assert.deepEqual([started.response, started.dialogIds], [200, [`conn:${a.localTag}/dialog:moh`]]);
  assert.equal(bench.engine.calls.at(-1), "play 5 leg 1 192000 x-1 every 2000 at most 90000 captured");
  assert.equal((await msml(a, end(a))).response, 200);
  await settled();
  assert.equal(bench.engine.calls.at(-1), "stopPlay 5");
  assert.deepEqual(events(a), ["msml.dialog.exit play.amt=1500ms play.end=terminate"]);
  assert.equal((await msml(a, end(a))).response, 430);
  assert.equal((await msml(a, play(a))).response, 200);
});

test("RFC 5707 9.6: a play that comes to its end tells it, on the dialog that started it; another may follow", async () => {
  const bench = new Bench();
  const { a, b } = await bench.call();
  for (const [event, said] of [
    ["played", "play.complete"],
    ["play-timeout", "play.complete.maxtime"],
  ] as const) {
    await msml(a, play(b, "please-wait.wav", ""));
    bench.engine.emit(event, Number(bench.engine.calls.at(-1)?.split(" ")[1]), 4164);
    await settled();
    assert.equal(events(a).at(-1), `msml.dialog.exit play.amt=4164ms play.end=${said}`);
  }
  const sent = a.sent.find(({ body }) => body.includes("dialog.exit"));
  assert.match(sent?.body ?? "", new RegExp(`id="conn:${b.localTag}/dialog:moh"`));
  assert.equal(events(b).length, 0);
});

test("a connection in no conference hears of its own dialogs", async () => {
  const bench = new Bench();
  const a = await bench.leg("7001");
  assert.equal((await msml(a, play(a))).response, 200);
  await msml(a, end(a));
  await settled();
  assert.equal(events(a).length, 1);
});

test("each refusal has its code and names what is wrong; the connection is free then", async () => {
  const bench = new Bench();
  const { a } = await bench.call();
  const table: [number, RegExp, string][] = [
    [423, /no-such\.wav/, play(a, "no-such.wav")],
    [450, /make\.sh.*no WAV file/, play(a, "make.sh")],
    [410, /file:\/\/\/\.\.\/package\.json/, play(a, "../package.json")],
    [410, /etc\/passwd/, play(a, "/etc/passwd")],
    [410, /%2e%2e/, play(a, "%2e%2e%2fpackage.json")],
    [410, /\.hidden/, play(a, ".hidden")],
    [423, /http:.*may not be fetched/, play(a).replace("file:///", "http://host/")],
    [410, /ftp:/, play(a).replace("file:///", "ftp://host/")],
    [410, /file:\/\/host/, play(a).replace("file:///", "file://host/")],
    [430, /nobody/, play(a).replace(a.localTag, "nobody")],
    [430, /other/, end(a).replace("moh", "other")],
  ];
  for (const [code, description, text] of table) {
    const result = await msml(a, text);
    assert.equal(result.response, code, text);
    assert.match(result.description ?? "", description);
    assert.deepEqual(result.dialogIds, []);
  }
  assert.ok(bench.engine.calls.every((call) => !call.startsWith("play")));
  bench.engine.failing = { play: "media-engine-closed" };
  assert.equal((await msml(a, play(a))).response, 200);
  await settled();
  assert.match(
    events(a).at(-1) ?? "",
    /^msml\.dialog\.exit dialog\.exit\.status=520 dialog\.exit\.description=media-engine-closed/,
  );
  bench.engine.failing = {};
  assert.equal((await msml(a, play(a))).response, 200);
  assert.equal((await msml(a, play(a))).response, 431);
  const chosen = await msml(a, `${end(a)}${play(a, "music.wav", "", "")}`);
  assert.equal(chosen.response, 200);
  assert.match(chosen.dialogIds[0] ?? "", /^conn:.*\/dialog:[0-9a-f]{24}$/);
});

test("an exit never overtakes the result of the dialogend that caused it", async () => {
  const bench = new Bench();
  const { a } = await bench.call();
  await msml(a, play(a));
  const order: string[] = [];
  a.onSent = (method) => {
    order.push(method);
    return response(200);
  };
  await a.incoming("INFO", `<msml version="1.1">${end(a)}</msml>`, msmlType).then(() => order.unshift("result"));
  await settled();
  assert.deepEqual(order, ["result", "INFO"]);
});

test("a connection that ends takes its play with it; who started it is told, nothing stays", async () => {
  const bench = new Bench();
  const { a, b } = await bench.call();
  await msml(a, play(b));
  const id = Number(bench.engine.calls.at(-1)?.split(" ")[1]);
  b.end({ by: "remote" });
  await settled();
  bench.engine.emit("played", id, 1);
  await settled();
  assert.deepEqual(events(a), ["msml.dialog.exit play.amt=1500ms play.end=terminate"]);
  // In the middle of reading the files.
  const again = a.incoming("INFO", `<msml version="1.1">${play(a)}</msml>`, msmlType);
  a.end({ by: "remote" });
  await again.catch(() => undefined);
  await eventually(() => bench.engine.legs.size === 0);
  assert.equal(bench.engine.calls.filter((call) => call.startsWith("play")).length, 1);
});

test("R28: each stream knows whose prompts are recorded in it: those of the other labels", async () => {
  const bench = new Bench();
  const [a, b] = [await bench.leg("pstn"), await bench.leg("7001")];
  await msml(a, setUp(a, b));
  await settled();
  assert.deepEqual(
    Array.from(bench.engine.taps.values(), ({ legs, others }) => [legs, others]),
    [
      [[1], [2]],
      [[2], [1]],
    ],
  );
  await bench.acceptRecorder();
  const c = await bench.leg("7002");
  await msml(
    a,
    recorder(
      "update",
      `<rec:stream label="1" side="customer" conn="conn:${a.localTag}"/><rec:stream label="2" side="agent" conn="conn:${b.localTag}"/>
       <rec:stream label="2" side="agent" conn="conn:${c.localTag}"/>`,
    ),
  );
  assert.deepEqual(
    Array.from(bench.engine.taps.values(), ({ legs, others }) => [legs, others]),
    [
      [[1], [2, 5]],
      [[2, 5], [1]],
    ],
  );
  b.end({ by: "remote" });
  c.end({ by: "remote" });
  await settled();
  assert.deepEqual(bench.engine.taps.get(4)?.others, [], "a stream that nobody is in is not offered");
});
