import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { rmSync } from "node:fs";
import { test } from "node:test";
import type { Worker } from "node:worker_threads";
import { delay, systemClock } from "@sidetone/foundation";
import type { SipRequest } from "@sidetone/sip";
import { RtpSource, Src, runRecorder, untilState } from "./testing-src.ts";

for (const [name, code] of [
  ["recording-writer", "writer-died"],
  ["recorder-media", "media-died"],
] as const) {
  test(`R31: the ${name} thread dies: BYE, recordings marked, not ready; then it records again`, {
    timeout: 20_000,
  }, async () => {
    const threads: Worker[] = [];
    const keep = (message: unknown): void => void threads.push((message as { worker: Worker }).worker);
    subscribe("worker_threads", keep);
    const r = await runRecorder();
    unsubscribe("worker_threads", keep);
    const src = await new Src().start();
    const left = await RtpSource.open(1, systemClock.wallMicros());
    try {
      const body = src.body({ ports: [left.port, left.port + 2] });
      const talk = async (port: number | undefined): Promise<void> => {
        // At the pace of speech: what comes faster counts as sent again, and waits for a report in memory.
        for (let n = 0; n < 50; n++) {
          left.send(port ?? 0, left.packet(n, 0, n));
          await delay(systemClock, 20);
        }
        await delay(systemClock, 1000);
      };
      const one = await src.invite(r.sip, "record=one@;calluuid=U;epoch=1", body);
      await talk(one.ports[0]);
      const ended = new Promise<SipRequest | undefined>((resolve) =>
        one.session.on("ended", ({ request }) => resolve(request)),
      );
      const victim = threads.find((t) => t.threadName === name);
      assert.ok(victim);
      await victim.terminate();
      const bye = await ended;
      assert.match(bye?.headers.get("Reason") ?? "", /^SIP;cause=503;text="the (writer|media) thread died"$/);
      const notReady = await fetch(`${r.url}/readyz`);
      assert.equal(notReady.status, 503);
      assert.match(await notReady.text(), /thread is dead/);
      assert.equal((await src.sip.options(`sip:${r.sip};transport=tcp`, 2000))?.status, 503);
      assert.equal((await src.invite(r.sip, "record=between@", body)).response.status, 503);
      const warned = (row: Record<string, unknown>): boolean =>
        (row["warnings"] as { code: string }[]).some((w) => w.code === code);
      let document = await untilState(r.url, "one", "partial");
      // The row is read off the folder as soon as it is closed, its warning follows.
      for (let i = 0; i < 40 && !warned(document); i++) {
        await delay(systemClock, 50);
        document = await untilState(r.url, "one", "partial");
      }
      assert.ok(Number(document["durationMs"]) >= 900, String(document["durationMs"]));
      assert.ok(warned(document), JSON.stringify(document["warnings"]));
      assert.equal((document["integrity"] as { verdict: string }).verdict, "intact");
      for (let i = 0; i < 50 && (await fetch(`${r.url}/readyz`)).status !== 200; i++) await delay(systemClock, 100);
      assert.equal((await fetch(`${r.url}/readyz`)).status, 200);
      const two = await src.invite(r.sip, "record=one@;calluuid=U;epoch=2", body);
      assert.equal(two.response.status, 200);
      await talk(two.ports[0]);
      await two.session.bye();
      // R30: what came between is missing, and said.
      const before = Number(document["durationMs"]);
      const longer = (row: Record<string, unknown>): boolean => Number(row["durationMs"]) > before;
      const again = await untilState(r.url, "one", "partial", longer);
      assert.ok((again["events"] as { event: string; cause?: string }[]).some(({ cause }) => cause === "session"));
    } finally {
      left.socket.close();
      await src.sip.close();
      await r.role.close();
      rmSync(r.folder, { recursive: true });
    }
  });
}
