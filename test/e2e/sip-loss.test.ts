import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger, systemClock } from "@sidetone/foundation";
import { nameAddr, nodeNetwork, parseUri, SipEndpoint } from "@sidetone/sip";
import type { Network } from "@sidetone/sip";

/** The machine's network, but every fifth datagram, in no order, does not leave. */
function lossy(seed: number): Network {
  let state = seed;
  const lose = (): boolean => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return ((state >>> 8) % 1000) / 1000 < 0.2;
  };
  return {
    ...nodeNetwork,
    async bindDatagram(address, onDatagram) {
      const port = await nodeNetwork.bindDatagram(address, onDatagram);
      return {
        local: port.local,
        close: () => port.close(),
        send: (bytes, to, failed) => {
          if (!lose()) port.send(bytes, to, failed);
        },
      };
    },
  };
}

test("100 calls complete over real UDP with 20 % loss both ways", { timeout: 60_000 }, async () => {
  const timers = { t1: 50, t2: 400, t4: 500 };
  const make = (seed: number): SipEndpoint =>
    new SipEndpoint({ clock: systemClock, log: silentLogger, userAgent: "Loss", timers, network: lossy(seed) });
  const caller = make(11);
  const callee = make(23);
  await caller.listen({ transport: "udp", host: "127.0.0.1", port: 0 });
  const { port } = await callee.listen({ transport: "udp", host: "127.0.0.1", port: 0 });
  const ended: Promise<void>[] = [];
  callee.onRequest = (tx) => {
    const session = callee.accept(tx);
    const end = Promise.withResolvers<void>();
    ended.push(end.promise);
    session.on("ended", () => end.resolve());
    session.progress(180);
    session.accept({ body: "answer" });
  };
  const uri = `sip:bob@127.0.0.1:${port}`;
  const from = parseUri("sip:alice@127.0.0.1");
  assert.ok(from.ok);
  const call = (): Promise<string> =>
    new Promise((resolve) => {
      const session = caller.invite({ uri, to: { uri }, from: nameAddr(from.value), body: "offer" });
      session.on("rejected", (response) => resolve(String(response.status)));
      session.on("accepted", () => void session.bye().then(() => resolve("done")));
    });
  const results = await Promise.all(Array.from({ length: 100 }, call));
  assert.deepEqual(
    results.filter((r) => r !== "done"),
    [],
  );
  assert.equal(ended.length, 100);
  await Promise.all(ended);
  await Promise.all([caller.close(), callee.close()]);
  assert.equal(caller.stats().transactions + callee.stats().transactions, 0);
});
