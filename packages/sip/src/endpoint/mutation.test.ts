import assert from "node:assert/strict";
import { test } from "node:test";
import { CallRig, NOTHING, seeded } from "../session/rig.ts";

const SEED = [
  "INVITE sip:bob@127.0.0.1 SIP/2.0",
  "Via: SIP/2.0/UDP 127.0.0.1:7777;rport;branch=z9hG4bKabc",
  "Max-Forwards: 70",
  'From: "Alice" <sip:alice@127.0.0.1>;tag=1',
  "To: <sip:bob@127.0.0.1>",
  "Call-ID: c1",
  "CSeq: 1 INVITE",
  "Contact: <sip:alice@127.0.0.1:7777>",
  "Record-Route: <sip:127.0.0.1:7777;lr>",
  "Supported: 100rel, timer",
  "Session-Expires: 1800;refresher=uac",
  "Min-SE: 90",
  "Require: timer",
  "Content-Type: application/sdp",
  "Content-Length: 5",
  "",
  "offer",
].join("\r\n");

/** Bytes of the seed with a few of them changed, doubled or cut out. */
function mutated(random: () => number): Buffer {
  let bytes = Buffer.from(SEED, "latin1");
  const changes = 1 + Math.floor(random() * 4);
  for (let i = 0; i < changes; i++) {
    const at = Math.floor(random() * bytes.length);
    const kind = random();
    if (kind < 0.5) bytes[at] = Math.floor(random() * 256);
    else if (kind < 0.75) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + Math.floor(random() * 9))]);
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at - 5), bytes.subarray(at)]);
  }
  const method = ["INVITE", "ACK", "CANCEL", "BYE", "PRACK", "UPDATE"][Math.floor(random() * 12)];
  return method === undefined ? bytes : Buffer.from(bytes.toString("latin1").replaceAll("INVITE", method), "latin1");
}

test("2,000 mutated requests neither throw nor leave anything behind, and the next call works", async () => {
  const rig = await new CallRig().start();
  const random = seeded(7);
  rig.callee.onRequest = (tx) => {
    if (tx.request.method !== "INVITE") return tx.respond(405);
    const session = rig.callee.accept(tx);
    rig.answered.push(session);
    session.progress(183, { reliable: true, body: "answer" });
    session.accept({ body: "answer" });
  };
  const peer = await rig.network.bindDatagram({ host: "127.0.0.1", port: 7777 }, () => undefined);
  const port = Number(/:(\d+);/.exec(rig.calleeUri)?.[1]);
  for (let i = 0; i < 2_000; i++) {
    peer.send(mutated(random), { host: "127.0.0.1", port }, () => undefined);
    if (i % 20 === 0) rig.clock.advance(100);
  }
  rig.clock.advance(200_000);
  await rig.after(1);
  await peer.close();
  const call = rig.invite();
  await rig.after(20);
  assert.equal(call.state, "confirmed");
  call.terminate();
  assert.deepEqual(await rig.leftovers(), NOTHING);
});
