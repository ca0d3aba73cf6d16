// 100 calls over UDP while one datagram in five is lost in each direction: RFC 3261's retransmissions at work.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type LossCount, lossyNetwork, passwordOf, ScriptedPhone, startSystem, until } from "@sidetone/testing";

const CALLS = 100;
const PAIRS = 10;
const LOSS = 0.2;

test("RFC 3261 17: 100 calls complete over UDP with 20 % loss both ways", { timeout: 300_000 }, async (t) => {
  const dns = Object.fromEntries(
    Array.from({ length: 2 * PAIRS }, (_, n) => [
      `${7200 + n}`,
      { type: "extension", password: passwordOf(`${7200 + n}`) },
    ]),
  );
  const system = await startSystem({ mode: "one-process", config: { "sip-server": { dns } } });
  t.after(() => system.dispose());
  const count: LossCount = { sent: 0, received: 0, lost: 0 };
  const phones: ScriptedPhone[] = [];
  t.after(() => Promise.all(phones.map((phone) => phone.close())));
  for (let n = 0; n < 2 * PAIRS; n += 1) {
    const user = `${7200 + n}`;
    phones.push(
      await ScriptedPhone.open({
        user,
        password: passwordOf(user),
        server: system.sip,
        media: false,
        network: lossyNetwork(LOSS, 1000 + n, count),
      }),
    );
  }
  const results = await Promise.all(phones.map((phone) => phone.register()));
  assert.deepEqual(
    results.map((response) => response.status),
    results.map(() => 200),
  );

  let completed = 0;
  const failures: string[] = [];
  await Promise.all(
    Array.from({ length: PAIRS }, async (_, pair) => {
      const from = phones[2 * pair];
      const to = phones[2 * pair + 1];
      if (from === undefined || to === undefined) return;
      for (let n = 0; n < CALLS / PAIRS; n += 1) {
        try {
          const incoming = to.nextCall(40_000);
          const call = await from.call(to.id);
          const other = await incoming;
          await Promise.all([call.answered, other.answered]);
          await (n % 2 === 0 ? call : other).bye();
          await Promise.all([call.ended, other.ended]);
          completed += 1;
        } catch (error) {
          failures.push(`${from.id} → ${to.id} call ${n}: ${String(error)}`);
        }
      }
    }),
  );
  assert.deepEqual(failures, []);
  assert.equal(completed, CALLS);
  const share = count.lost / (count.sent + count.received);
  assert.ok(share > 0.17 && share < 0.23, `lost ${share}`);
  assert.ok(
    await until(
      async () => ((await (await system.get("/api/v1/calls")).json()) as { calls: unknown[] }).calls.length === 0,
      40_000,
    ),
    "calls are left over",
  );
  await Promise.all(phones.map((phone) => phone.close()));
  await system.stop();
});
