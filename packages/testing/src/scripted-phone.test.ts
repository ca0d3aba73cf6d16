import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { CallRefused, type PhoneOptions, quiet, ScriptedPhone, talk, tone, until } from "./index.ts";

/** Two phones that call each other without a server. */
async function pair(
  t: TestContext,
  a: Partial<PhoneOptions> = {},
  b: Partial<PhoneOptions> = {},
): Promise<[ScriptedPhone, ScriptedPhone]> {
  const callee = await ScriptedPhone.open({ user: "bob", server: { host: "127.0.0.1", port: 9 }, ...b });
  const caller = await ScriptedPhone.open({ user: "alice", server: { host: "127.0.0.1", port: callee.port }, ...a });
  t.after(() => Promise.all([caller.close(), callee.close()]));
  return [caller, callee];
}

for (const transport of ["udp", "tcp"] as const) {
  test(`two phones hear each other's tone, DTMF and hold included (${transport})`, async (t) => {
    const [alice, bob] = await pair(t, { source: tone(437), transport }, { source: tone(1013), transport });
    const incoming = bob.nextCall();
    const call = await alice.call("bob");
    const other = await incoming;
    await Promise.all([call.answered, other.answered]);
    const near = (heard: number | undefined, hz: number): boolean => Math.abs((heard ?? 0) - hz) < 4;
    assert.ok(await until(() => near(call.heard.frequency(), 1013) && near(other.heard.frequency(), 437), 2000));
    await call.digits("1#", 60);
    assert.ok(await until(() => other.heard.digits() === "1#", 1000), other.heard.digits());
    assert.equal((await call.hold()).status, 200);
    const from = performance.now() + 60;
    await talk(200);
    assert.equal(call.heard.frequency(from, performance.now()), undefined);
    assert.equal((await call.resume()).status, 200);
    assert.ok(await until(() => near(call.heard.frequency(performance.now() - 60), 1013), 1000));
    await other.bye();
    assert.equal((await call.ended).by, "remote");
  });
}

test("a refusal, a cancelled call and a delayed offer", async (t) => {
  const [alice, bob] = await pair(t, { source: quiet }, { answering: { kind: "reject", status: 486 } });
  await assert.rejects(
    (await alice.call("bob")).answered,
    (error) => error instanceof CallRefused && error.status === 486,
  );
  bob.answering = { kind: "ring" };
  const ringing = await alice.call("bob");
  assert.ok(await until(() => ringing.progress.includes(180), 1000));
  ringing.cancel();
  await assert.rejects(ringing.answered, (error) => error instanceof CallRefused && error.status === 487);
  bob.answering = { kind: "answer" };
  const late = await alice.call("bob", { delayedOffer: true });
  await late.answered;
  assert.ok(late.far !== undefined && late.far.port > 0);
  await late.bye();
});

test("injected loss and reordering are on the wire", async (t) => {
  const impair = { drop: (n: number) => n % 10 === 9, delayMs: (n: number) => (n % 7 === 6 ? 30 : 0) };
  const [alice, bob] = await pair(t, { source: tone(437), impair }, { source: quiet });
  const incoming = bob.nextCall();
  const call = await alice.call("bob");
  const other = await incoming;
  await call.answered;
  assert.ok(await until(() => other.heard.packets.length >= 40, 3000));
  const sequences = other.heard.packets.map((packet) => packet.sequence);
  assert.ok(
    sequences.some((value, index) => index > 0 && value < (sequences[index - 1] ?? 0)),
    "nothing was overtaken",
  );
  assert.ok(other.heard.gaps(15).length >= 3, "nothing was lost");
});
