// B1, B3, B4 on a disk of its own: a recorder in a mount namespace, on a small tmpfs that is filled, remounted and made slow from outside.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { delay, rfc3339, systemClock } from "@sidetone/foundation";
import type { SipRequest } from "@sidetone/sip";
import { RtpSource, Src, untilState } from "./testing-src.ts";

const child = fileURLToPath(new URL("./crash-child.ts", import.meta.url));
const unshare = ["unshare", "--mount", "--propagation", "private"];
const mounts = spawnSync("unshare", [...unshare.slice(1), "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0;
const noMounts = !mounts && "no mount namespaces here (root, unshare, mount)";
const noStrace = noMounts || (spawnSync("strace", ["-V"]).error !== undefined && "strace is not installed");
const MB = 1_048_576;

interface Disk {
  readonly sip: string;
  readonly url: string;
  /** The disk's folder as this process sees it. */
  readonly path: string;
  readonly day: string;
  /** Every name on it is read-only from now on; files that are open can still be written. */
  readOnly(): void;
  writable(): void;
  /** Fills it to the last byte, by a file that is not the recorder's. */
  fill(): void;
  empty(): void;
}

async function untilThat(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await delay(systemClock, 50);
}

async function onDisk(t: TestContext, before = ""): Promise<Disk> {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-disk-"));
  const script = `mount -t tmpfs -o size=12m tmpfs "$1" && shift && exec ${before} "$@"`;
  const command = [...unshare, "sh", "-c", script, "sh", folder, process.execPath, child, folder];
  const running = spawn(command[0] ?? "", command.slice(1), { stdio: ["pipe", "pipe", "inherit"], detached: true });
  t.after(async () => {
    if (running.exitCode === null) {
      const gone = once(running, "exit");
      process.kill(-(running.pid ?? 0), "SIGKILL");
      await gone;
    }
    rmSync(folder, { recursive: true });
  });
  const [said] = (await once(running.stdout, "data")) as [Buffer];
  const { sip, url } = JSON.parse(said.toString("utf8")) as { sip: string; url: string };
  const path = `/proc/${running.pid}/root${folder}`;
  return {
    sip,
    url,
    path,
    day: join(path, "recordings", ...rfc3339(systemClock.wallMicros()).slice(0, 10).split("-")),
    readOnly: () => inside(running, `mount --bind ${folder} ${folder} && mount -o remount,bind,ro ${folder}`),
    writable: () => inside(running, `mount -o remount,bind,rw ${folder}`),
    fill() {
      try {
        for (let n = 0; ; n++) writeFileSync(join(path, `filler${n}`), Buffer.alloc(MB / 4));
      } catch (error) {
        assert.equal((error as { code?: string }).code, "ENOSPC");
      }
      // Nor may a byte of a page that is there already.
      writeFileSync(join(path, "filler0"), "");
      writeFileSync(join(path, "filler0"), Buffer.alloc(MB / 4));
    },
    empty() {
      for (const name of readdirSync(path)) if (name.startsWith("filler")) rmSync(join(path, name));
    },
  };
}

function inside(running: ChildProcess, script: string): void {
  const enter = ["-t", String(running.pid), "-m", "sh", "-c", script];
  const done = spawnSync("nsenter", enter, { encoding: "utf8" });
  assert.equal(done.status, 0, done.stderr);
}

async function rig(t: TestContext, disk: Disk) {
  const src = await new Src().start();
  const source = await RtpSource.open(1, systemClock.wallMicros());
  t.after(async () => {
    source.socket.close();
    await src.sip.close();
  });
  const body = src.body({ ports: [source.port, source.port + 2] });
  let n = 0;
  return {
    invite: (id: string) => src.invite(disk.sip, `record=${id}@;calluuid=U;dn=7001`, body),
    options: async () => src.sip.options(`sip:${disk.sip};transport=tcp`, 2000),
    /** At the pace of speech, so long. */
    talk: async (port: number | undefined, ms: number): Promise<void> => {
      for (const end = systemClock.now() + ms; systemClock.now() < end; n++) {
        source.send(port ?? 0, source.packet(n, 0, n));
        await delay(
          systemClock,
          Math.max(0, (source.startMicros + (n + 1) * 20_000 - systemClock.wallMicros()) / 1000),
        );
      }
    },
    /** Frames of 20 ms that are missing in a recording between its first and its last one. */
    missing: async (id: string): Promise<number[]> => {
      const wav = Buffer.from(await (await fetch(`${disk.url}/api/v1/recordings/${id}/audio`)).arrayBuffer());
      const left = Buffer.from(wav.subarray(58).filter((_, i) => i % 2 === 0));
      const there = Array.from({ length: n }, (_, f) => left.indexOf(RtpSource.payload(f, 0)) >= 0);
      return there.flatMap((is, f) => (!is && f > there.indexOf(true) && f < there.lastIndexOf(true) ? [f] : []));
    },
    alarms: async (): Promise<string[]> => {
      const { alarms } = (await (await fetch(`${disk.url}/api/v1/storage`)).json()) as { alarms: { code: string }[] };
      return alarms.map(({ code }) => code);
    },
    ready: async () => (await fetch(`${disk.url}/readyz`)).status === 200,
  };
}

function filesOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name)).toString("base64")]),
  );
}

test("B1, B3: the disk is full, then read-only: alarm, 503 for what is new, nothing lost of a call, finished recordings untouched", {
  timeout: 90_000,
  skip: noMounts,
}, async (t) => {
  const disk = await onDisk(t);
  const { invite, options, talk, missing, alarms, ready } = await rig(t, disk);
  const done = await invite("done");
  await talk(done.ports[0], 600);
  await done.session.bye();
  await untilState(disk.url, "done", "complete");
  const before = filesOf(join(disk.day, "done"));

  const live = await invite("live");
  const ended = new Promise<SipRequest | undefined>((resolve) =>
    live.session.on("ended", ({ request }) => resolve(request)),
  );
  await talk(live.ports[0], 600);
  disk.fill();
  const talking = talk(live.ports[0], 5000);
  await untilThat(async () => (await (await fetch(`${disk.url}/readyz`)).text()).includes("refuses 1 recording"));
  assert.ok((await alarms()).includes("disk-full"));
  assert.equal(await ready(), false);
  const refused = await invite("new");
  assert.deepEqual([refused.response.status, refused.response.headers.get("Retry-After")], [503, "5"]);
  assert.equal((await options())?.status, 503);
  // A recording that goes on where a finished one was is refused as well, and changes nothing of it.
  assert.equal((await invite("done")).response.status, 503);
  disk.empty();
  await untilThat(ready);
  assert.equal((await options())?.status, 200);
  await talking;
  await talk(live.ports[0], 300);
  await live.session.bye();
  await ended;
  const document = await untilState(disk.url, "live", "partial");
  assert.deepEqual(await missing("live"), []);
  assert.ok((document["warnings"] as { code: string }[]).some(({ code }) => code === "disk-full"));
  assert.equal((document["integrity"] as { verdict: string }).verdict, "intact");

  disk.readOnly();
  await untilThat(async () => (await alarms()).includes("disk-read-only") && !(await ready()));
  assert.equal((await invite("new")).response.status, 503);
  disk.writable();
  await untilThat(ready);
  const again = await invite("new");
  assert.equal(again.response.status, 200);
  await talk(again.ports[0], 400);
  await again.session.bye();
  await untilState(disk.url, "new", "complete");
  assert.deepEqual(filesOf(join(disk.day, "done")), before);
});

for (const { title, delay: micros, alarm, refused } of [
  {
    title: "300 ms for each write: alarm, others are asked first",
    delay: "300000",
    alarm: "disk-slow",
    refused: false,
  },
  {
    title: "a write of 4 s: alarm, what is new is refused as long",
    delay: "4000000:when=8",
    alarm: "disk-stalled",
    refused: true,
  },
]) {
  test(`B4: ${title}; no packet is lost`, { timeout: 90_000, skip: noStrace }, async (t) => {
    const day = join("recordings", ...rfc3339(systemClock.wallMicros()).slice(0, 10).split("-"));
    const files = ["manifest.jsonl", "audio-000001.g711"].map((name) => `-P "$3"/${day}/slow/${name}`).join(" ");
    const inject = `-e trace=write,pwrite64 -e inject=write,pwrite64:delay_enter=${micros}`;
    const disk = await onDisk(t, `strace -qq -f -o /dev/null ${files} ${inject}`);
    const { invite, options, talk, missing, alarms, ready } = await rig(t, disk);
    const slow = await invite("slow");
    assert.equal(slow.response.status, 200);
    const seen = new Set<string>();
    const found = { reluctant: false, refused: false };
    let talking = true;
    const watching = (async () => {
      while (talking) {
        for (const code of await alarms()) seen.add(code);
        found.reluctant ||= (await options())?.headers.get("X-Resource-Load")?.includes("reluctant") === true;
        if (!found.refused && !(await ready())) found.refused = (await invite("other")).response.status === 503;
        await delay(systemClock, 100);
      }
    })();
    const met = (): boolean => seen.has(alarm) && found.reluctant && found.refused === refused;
    while (!met() || (await alarms()).includes("disk-stalled")) await talk(slow.ports[0], 500);
    talking = false;
    await watching;
    await slow.session.bye();
    const document = await untilState(disk.url, "slow", "complete");
    assert.deepEqual(await missing("slow"), []);
    const warned = (document["warnings"] as { code: string }[]).map(({ code }) => code);
    assert.deepEqual(
      warned.filter((code) => !["channel-silent", "no-metadata"].includes(code)),
      [],
    );
    assert.equal(found.refused, refused);
  });
}
