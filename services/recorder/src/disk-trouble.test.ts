import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { delay, rfc3339, systemClock } from "@sidetone/foundation";
import type { SipRequest } from "@sidetone/sip";
import { RtpSource, Src, runRecorder } from "./testing-src.ts";

async function rig(t: TestContext, r: Awaited<ReturnType<typeof runRecorder>>) {
  const src = await new Src().start();
  const source = await RtpSource.open(1, systemClock.wallMicros());
  t.after(async () => {
    source.socket.close();
    await src.sip.close();
  });
  const body = src.body({ ports: [source.port, source.port + 2] });
  const recorded = async (id: string, recorder = r.sip) => {
    const one = await src.invite(recorder, `record=${id}@;calluuid=U;dn=7001`, body);
    const bye = new Promise<SipRequest | undefined>((resolve) =>
      one.session.on("ended", ({ request }) => resolve(request)),
    );
    return { ...one, bye };
  };
  let n = 0;
  const talk = (port: number | undefined): void => {
    for (const to = n + 25; n < to; n++) source.send(port ?? 0, source.packet(n, 0, n));
  };
  const folder = join(r.folder, "recordings", ...rfc3339(systemClock.wallMicros()).slice(0, 10).split("-"));
  return { recorded, talk, folder };
}

interface Row {
  state: string;
  endTime?: string;
  warnings: { code: string }[];
}

async function storageOf(url: string): Promise<{ takesSessions: boolean; alarms: { code: string; text: string }[] }> {
  return (await (await fetch(`${url}/api/v1/storage`)).json()) as Awaited<ReturnType<typeof storageOf>>;
}

/** By the search: it does not read the audio. */
async function row(url: string, id: string): Promise<Row | undefined> {
  const answer = (await (await fetch(`${url}/api/v1/recordings?dn=7001&id=${id}`)).json()) as { recordings: Row[] };
  return answer.recordings[0];
}

test("B1: the folder of a running recording is removed: BYE with a Reason at once, row failed, also after a restart", {
  timeout: 60_000,
}, async (t) => {
  let r = await runRecorder();
  t.after(async () => {
    await r.role.close();
    rmSync(r.folder, { recursive: true });
  });
  const { recorded, talk, folder } = await rig(t, r);
  const { ports, bye } = await recorded("gone");
  talk(ports[0]);
  await delay(systemClock, 1000);
  assert.equal((await row(r.url, "gone"))?.state, "recording");
  rmSync(join(folder, "gone"), { recursive: true });
  talk(ports[0]);
  assert.equal((await bye)?.headers.get("Reason"), 'SIP;cause=500;text="recording folder gone"');
  while ((await row(r.url, "gone"))?.state === "recording") await delay(systemClock, 50);
  const told = await row(r.url, "gone");
  assert.equal(told?.state, "failed");
  assert.ok(told.warnings.some((w) => w.code === "recording-folder-gone"));
  await r.role.close();
  r = await runRecorder({ folder: r.folder });
  assert.equal((await row(r.url, "gone"))?.state, "failed");
  const more = await recorded("gone", r.sip);
  talk(more.ports[0]);
  await delay(systemClock, 700);
  await more.session.bye();
  while ((await row(r.url, "gone"))?.state !== "partial") await delay(systemClock, 50);
  const rest = await row(r.url, "gone");
  assert.equal(rest?.state, "partial", "what goes on after the loss is not all of it");
  assert.ok(rest.warnings.some((w) => w.code === "recording-folder-gone"));
  assert.equal((await fetch(`${r.url}/readyz`)).status, 200);
});

test("B1: a disk that stays full for too long: alarm, BYE with `disk full`, row with an end; room again: it records again", {
  timeout: 60_000,
}, async (t) => {
  // How long a recording waits for its disk is proven by the clock of `file-writer.test.ts`; here it is short.
  const r = await runRecorder({}, { giveUpMs: 1500 });
  t.after(async () => {
    await r.role.close();
    rmSync(r.folder, { recursive: true });
  });
  const { recorded, talk, folder } = await rig(t, r);
  mkdirSync(join(folder, "full"), { recursive: true });
  const segment = join(folder, "full", "audio-000001.g711");
  const { ports, bye } = await recorded("full");
  // Every write to it is refused with ENOSPC.
  symlinkSync("/dev/full", segment);
  const talking = systemClock.every(500, () => talk(ports[0]));
  t.after(talking);
  while ((await fetch(`${r.url}/readyz`)).status !== 503) await delay(systemClock, 50);
  const { alarms, takesSessions } = await storageOf(r.url);
  assert.deepEqual([alarms.map((a) => a.code), takesSessions], [["disk-full"], false]);
  assert.match(alarms[0]?.text ?? "", /refuses 1 recording: ENOSPC/);
  assert.match(await (await fetch(`${r.url}/metrics`)).text(), /sidetone_recorder_storage_alarm{code="disk-full"} 1/);
  const reason = (await bye)?.headers.get("Reason");
  talking();
  assert.equal(reason, 'SIP;cause=500;text="disk full"');
  while ((await row(r.url, "full"))?.state === "recording") await delay(systemClock, 50);
  const told = await row(r.url, "full");
  assert.equal(told?.state, "failed", "nothing of it was written");
  assert.ok(told.endTime !== undefined && told.warnings.some((w) => w.code === "disk-full"));
  unlinkSync(segment);
  const again = await recorded("room");
  talk(again.ports[0]);
  await delay(systemClock, 700);
  await again.session.bye();
  while ((await row(r.url, "room"))?.state !== "complete") await delay(systemClock, 50);
  assert.equal((await fetch(`${r.url}/readyz`)).status, 200);
});
