import assert from "node:assert/strict";
import { test } from "node:test";
import { DigestVerifier } from "../auth/index.ts";
import { CallRig, address, NOTHING } from "../session/rig.ts";
import { RegistrationClient } from "./registration.ts";
import type { ServerTransaction } from "./types.ts";

const credentials = { username: "alice", password: "secret" };

/** Challenges until the password is right. */
function guarded(rig: CallRig, serve: (tx: ServerTransaction) => void, status: 401 | 407 = 401): void {
  const verifier = new DigestVerifier({ clock: rig.clock, random: (n) => new Uint8Array(n).fill(7) });
  rig.callee.onRequest = (tx) => {
    const header = status === 401 ? "Authorization" : "Proxy-Authorization";
    const verdict = verifier.verify(tx.request.headers.get(header), {
      method: tx.request.method,
      realm: "test",
      passwordOf: (user) => (user === "alice" ? "secret" : undefined),
    });
    if (verdict.kind === "accepted") return serve(tx);
    const name = status === 401 ? "WWW-Authenticate" : "Proxy-Authenticate";
    tx.respond(status, { headers: verifier.challenge("test", ["MD5"]).map((v) => [name, v] as const) });
  };
}

for (const status of [401, 407] as const) {
  test(`RFC 3261 22: ${status} to INVITE is answered once with credentials; the ACK of the 2xx repeats them`, async () => {
    const rig = await new CallRig().start();
    const acks: (boolean | undefined)[] = [];
    guarded(
      rig,
      (tx) => {
        const session = rig.callee.accept(tx);
        session.on("acked", (ack) =>
          acks.push(ack.headers.has(status === 401 ? "Authorization" : "Proxy-Authorization")),
        );
        session.accept({ body: "answer" });
      },
      status,
    );
    const a = rig.invite({ credentials });
    await rig.after(20);
    assert.equal(a.state, "confirmed");
    assert.equal(a.invite.cseq?.sequence, 2);
    assert.deepEqual(acks, [true]);
    await Promise.all([a.bye(), rig.after(20)]);
    assert.deepEqual(await rig.leftovers(), NOTHING);
  });
}

test("RFC 3261 22.1: wrong credentials are not sent twice", async () => {
  const rig = await new CallRig().start();
  guarded(rig, (tx) => tx.respond(200));
  const a = rig.invite({ credentials: { username: "alice", password: "wrong" } });
  const rejected: number[] = [];
  a.on("rejected", (response) => rejected.push(response.status));
  await rig.after(20);
  assert.deepEqual(rejected, [401]);
  assert.equal(rig.frames.filter((f) => f === "a INVITE").length, 2);
});

test("RFC 3261 22.3: a proxy's 407 and the far side's 401 are answered one after the other", async () => {
  const rig = await new CallRig().start();
  const seen: string[] = [];
  rig.callee.onRequest = (tx) => {
    const { headers } = tx.request;
    const has = ["Proxy-Authorization", "Authorization"].filter((name) => headers.has(name));
    seen.push(has.join("+"));
    if (has.length === 0) tx.respond(407, { headers: [["Proxy-Authenticate", 'Digest realm="p", nonce="1"']] });
    else if (has.length === 1) tx.respond(401, { headers: [["WWW-Authenticate", 'Digest realm="u", nonce="2"']] });
    else rig.callee.accept(tx).accept({ body: "answer" });
  };
  const a = rig.invite({ credentials });
  await rig.after(20);
  assert.equal(a.state, "confirmed");
  assert.deepEqual(seen, ["", "Proxy-Authorization", "Proxy-Authorization+Authorization"]);
  await Promise.all([a.bye(), rig.after(20)]);
  assert.deepEqual(await rig.leftovers(), NOTHING);
});

test("RFC 7616 3.3: a nonce that is only stale is answered once more, not for ever", async () => {
  for (const [staleChallenges, status] of [
    [1, undefined],
    [2, 401],
  ] as const) {
    const rig = await new CallRig().start();
    let challenges = 0;
    rig.callee.onRequest = (tx) => {
      if (challenges > staleChallenges) return rig.callee.accept(tx).accept({ body: "answer" });
      challenges += 1;
      const stale = challenges === 1 ? "" : ", stale=true";
      tx.respond(401, { headers: [["WWW-Authenticate", `Digest realm="u", nonce="${challenges}"${stale}`]] });
    };
    const a = rig.invite({ credentials });
    const rejected: number[] = [];
    a.on("rejected", (response) => rejected.push(response.status));
    await rig.after(20);
    assert.deepEqual(rejected, status === undefined ? [] : [status]);
    assert.equal(a.state, status === undefined ? "confirmed" : "ended");
    if (status === undefined) await Promise.all([a.bye(), rig.after(20)]);
  }
});

test("RFC 3261 10.2: REGISTER with digest, refreshed in time, kept through a failure, removed at the end", async () => {
  const rig = await new CallRig().start();
  const seen: string[] = [];
  let broken = false;
  guarded(rig, (tx) => {
    const expires = tx.request.headers.get("Expires") ?? "";
    seen.push(`${Math.floor(rig.clock.now() / 1000)} ${expires} cseq ${tx.request.cseq?.sequence ?? ""}`);
    if (broken) return tx.respond(500);
    if (Number(expires) > 0 && Number(expires) < 100) return tx.respond(423, { headers: [["Min-Expires", "100"]] });
    const contact = tx.request.headers.get("Contact") ?? "";
    tx.respond(200, { headers: expires === "0" ? [] : [["Contact", `${contact};expires=${expires}`]] });
  });
  const states: string[] = [];
  const client = new RegistrationClient(rig.caller, {
    registrar: rig.calleeUri,
    aor: address("sip:alice@127.0.0.1"),
    credentials,
    expires: 60,
    onState: (state) => states.push(state),
  });
  const first = client.register();
  await rig.after(20);
  assert.equal((await first)?.status, 200);
  assert.equal(client.state, "registered");
  await rig.after(75_000);
  broken = true;
  await rig.after(75_000);
  broken = false;
  await rig.after(3_000);
  assert.deepEqual(states, ["failed", "registered"]);
  const last = client.unregister();
  await rig.after(20);
  assert.equal((await last)?.status, 200);
  assert.deepEqual(seen, [
    "0 60 cseq 2",
    "0 100 cseq 4",
    "75 100 cseq 6",
    "150 100 cseq 8",
    "152 100 cseq 10",
    "153 0 cseq 12",
  ]);
  assert.deepEqual(await rig.leftovers(), NOTHING);
});
