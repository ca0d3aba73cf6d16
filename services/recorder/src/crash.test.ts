import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { delay, systemClock } from "@sidetone/foundation";
import { RtpSource, Src, callMetadata, runRecorder, untilState } from "./testing-src.ts";

test("A5: kill -9 of the recorder in mid-call costs at most the last second; also where the index is lost", {
  timeout: 30_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-crash-"));
  const child = spawn(process.execPath, [fileURLToPath(new URL("./crash-child.ts", import.meta.url)), folder], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  const { sip } = JSON.parse(said.toString("utf8")) as { sip: string };
  const src = await new Src().start();
  const startMicros = systemClock.wallMicros();
  const left = await RtpSource.open(1, startMicros);
  const right = await RtpSource.open(2, startMicros);
  let r: Awaited<ReturnType<typeof runRecorder>> | undefined;
  try {
    const metadata = callMetadata({ id: "k", startMicros });
    const { ports, session } = await src.invite(
      sip,
      "record=k@;epoch=1;calluuid=JBNIHE6GIL09DCQ7KUREMIUHVC000001",
      src.body({ ports: [left.port, right.port], metadata }),
    );
    left.report(ports[0] ?? 0);
    right.report(ports[1] ?? 0);
    let n = 0;
    for (; n < 120; n++) {
      left.send(ports[0] ?? 0, left.packet(n, 0, n));
      right.send(ports[1] ?? 0, right.packet(n, 3, n));
      await delay(systemClock, Math.max(0, (startMicros + (n + 1) * 20_000 - systemClock.wallMicros()) / 1000));
    }
    child.kill("SIGKILL");
    await exited;
    await session.bye();
    for (const lost of [false, true]) {
      if (lost) for (const end of ["", "-wal", "-shm"]) rmSync(join(folder, `index.sqlite${end}`), { force: true });
      r = await runRecorder({ folder });
      const document = await untilState(r.url, "k", "partial");
      assert.ok(Number(document["durationMs"]) >= n * 20 - 1000, `${String(document["durationMs"])} of ${n * 20} ms`);
      assert.equal((document["integrity"] as { verdict: string }).verdict, "intact");
      assert.equal(document["fileName"], "file-k");
      const wav = Buffer.from(await (await fetch(`${r.url}/api/v1/recordings/k/audio`)).arrayBuffer());
      const l = wav.subarray(58).filter((_, i) => i % 2 === 0);
      const first = l.indexOf(RtpSource.payload(0, 0).readUInt32BE(0) >>> 24);
      assert.ok(first >= 0 && first < 1600);
      const at = Buffer.from(l).indexOf(RtpSource.payload(10, 0));
      for (let f = 10; (f - 9) * 160 + at <= l.length; f++)
        assert.ok(
          Buffer.from(l.subarray(at + (f - 10) * 160, at + (f - 9) * 160)).equals(RtpSource.payload(f, 0)),
          `frame ${f}`,
        );
      writeFileSync(join(folder, "k.wav"), wav);
      const soxi = spawnSync("soxi", [join(folder, "k.wav")], { encoding: "utf8" });
      if (soxi.error === undefined) assert.equal(soxi.stderr, "");
      await r.role.close();
    }
  } finally {
    child.kill("SIGKILL");
    left.socket.close();
    right.socket.close();
    await src.sip.close();
    await r?.role.close();
    rmSync(folder, { recursive: true });
  }
});
