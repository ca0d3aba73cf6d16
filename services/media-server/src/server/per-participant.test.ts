import assert from "node:assert/strict";
import { test } from "node:test";
import { Bench, metadataIn, msml, recorder } from "../../test-support/bench.ts";
import { answerTo, settled } from "../../test-support/fake-sip.ts";

/** Label and direction of each m-line. */
function lines(sdp: string): string[] {
  return sdp
    .split("m=audio ")
    .slice(1)
    .map((line) => `${/a=label:(\S+)/.exec(line)?.[1]} ${/a=(sendonly|inactive)/.exec(line)?.[1]}`);
}

test("streams: per-participant: each has an m-line of its own; a newcomer gets a new one, a leaver's is inactive", async () => {
  const bench = new Bench(undefined, 100, new Map([["recorders", { streams: "per-participant" }]]));
  const { a, b } = await bench.call();
  assert.deepEqual(lines(metadataIn(bench.recorder().body).sdp), ["1 sendonly", "2 sendonly"]);
  const session = await bench.acceptRecorder();
  session.onSent = (_, body) => answerTo(body);
  const c = await bench.leg("7002");
  const stream = (label: string, side: string, conn: string): string =>
    `<rec:stream label="${label}" side="${side}" conn="conn:${conn}" aor="sip:${conn}@example"/>`;
  const customer = stream("1", "customer", a.localTag);
  const [agent, second] = [b, c].map(({ localTag }) => stream("2", "agent", localTag));
  await msml(a, recorder("update", `${customer}${agent}${second}`));
  await settled();
  const three = metadataIn(session.sent.at(-1)?.body ?? "");
  assert.deepEqual(lines(three.sdp), ["1 sendonly", "2 sendonly", "3 sendonly"]);
  assert.equal(three.metadata.streams.length, 3);
  assert.deepEqual(
    bench.engine.calls.filter((call) => call.startsWith("openTap")).map((call) => call.split(" ")[3]),
    ["1", "2", "5"],
    "nobody is mixed",
  );
  await msml(a, recorder("update", `${customer}${second}`));
  await settled();
  assert.deepEqual(lines(metadataIn(session.sent.at(-1)?.body ?? "").sdp), ["1 sendonly", "2 inactive", "3 sendonly"]);
});
