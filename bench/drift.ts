// C12 in real time: a recorder, a SIPREC client, and a phone whose clock is 0.5 % fast beside one that is right. Prints how far apart the channels get.
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { delay, systemClock } from "@sidetone/foundation";
import { writeRtpHeader } from "@sidetone/rtp";
import { framesOf, readG711Wav, writeFrame } from "@sidetone/testing";
import { callMetadata, RtpSource, runRecorder, Src, untilState } from "../services/recorder/src/testing-src.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, packet: { type: "string", default: "19.9" } },
});
const minutes = Number(values.minutes);
/** ms of clock time that 160 octets take: of the customer's phone, and of the agent's. */
const paces = [Number(values.packet), 20] as const;
const LIMIT_MS = 20;

const r = await runRecorder();
const src = await new Src().start();
const begin = systemClock.wallMicros();
const sides = [await RtpSource.open(1, begin), await RtpSource.open(2, begin)] as const;
try {
  const { session, ports } = await src.invite(
    r.sip,
    "record=drift@",
    src.body({
      ports: [sides[0].port, sides[1].port],
      metadata: callMetadata({ id: "drift", startMicros: begin }),
    }),
  );
  const from = systemClock.now();
  const sent = [0, 0];
  while (systemClock.now() - from < minutes * 60_000) {
    for (const [side, pace] of paces.entries()) {
      for (let n = sent[side] ?? 0; from + (n + 1) * pace <= systemClock.now(); n = sent[side] ?? 0) {
        const packet = Buffer.alloc(172);
        writeRtpHeader(packet, 0, 0, n === 0, n & 0xffff, (n * 160) >>> 0, side + 1);
        writeFrame(packet, 12, side + 1, n);
        sides[side]?.send(ports[side] ?? 0, packet);
        sent[side] = n + 1;
      }
    }
    await delay(systemClock, 5);
  }
  await session.bye();
  await untilState(r.url, "drift", "complete");
  const response = await fetch(`${r.url}/api/v1/recordings/drift/audio`);
  const channels = readG711Wav(Buffer.from(await response.arrayBuffer()));
  const found = channels.map((sound, side) => framesOf(sound, side + 1));
  const off = found.map((frames, side) =>
    Array.from(frames, ([n, { at }]) => ({ at, off: at / 8 - n * (paces[side] ?? 20) })).toSorted(
      (a, b) => a.at - b.at,
    ),
  );
  let [worst, worstAt, last] = [0, 0, 0];
  let right = 0;
  for (const left of off[0] ?? []) {
    while ((off[1]?.[right + 1]?.at ?? Number.POSITIVE_INFINITY) <= left.at) right += 1;
    last = left.off - (off[1]?.[right]?.off ?? 0);
    if (Math.abs(last) > worst) [worst, worstAt] = [Math.abs(last), left.at / 8000];
  }
  const missing = found.map((frames, side) => (sent[side] ?? 0) - frames.size);
  const seconds = (channels[0]?.length ?? 0) / 8000;
  console.log(
    `${seconds.toFixed(1)} s recorded of ${minutes} min; frames without a trace: ${missing.join(" and ")} of ${sent.join(" and ")}`,
  );
  console.log(
    `channels apart: ${worst.toFixed(2)} ms at most (at ${worstAt.toFixed(1)} s), ${last.toFixed(2)} ms at the end`,
  );
  process.exitCode = worst <= LIMIT_MS && missing.every((count) => count === 0) ? 0 : 1;
} finally {
  for (const side of sides) side.socket.close();
  await src.sip.close();
  await r.role.close();
  rmSync(r.folder, { recursive: true });
}
