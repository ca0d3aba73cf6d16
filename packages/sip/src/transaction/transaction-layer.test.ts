import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, silentLogger } from "@sidetone/foundation";
import { SipEndpoint } from "../endpoint/endpoint.ts";
import type { ServerTransaction, SipEndpointOptions } from "../endpoint/types.ts";
import { MemoryNetwork } from "../transport/memory.ts";
import type { HostPort } from "../transport/types.ts";

/** An endpoint and a peer that speaks in raw text from port 7777 and hears on 7777 and 7778. */
async function rawRig(options: Partial<SipEndpointOptions> = {}) {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock });
  const endpoint = new SipEndpoint({ clock, log: silentLogger, userAgent: "Raw", network, ...options });
  const { port } = await endpoint.listen({ transport: "udp", host: "127.0.0.1", port: 0 });
  const to: HostPort = { host: "127.0.0.1", port };
  const heard: string[] = [];
  const hear = (at: number) => (bytes: Buffer) => void heard.push(`${at} ${bytes.toString("latin1")}`);
  const peer = await network.bindDatagram({ host: "127.0.0.1", port: 7777 }, hear(7777));
  await network.bindDatagram({ host: "127.0.0.1", port: 7778 }, hear(7778));
  const requests: ServerTransaction[] = [];
  endpoint.onRequest = (tx) => requests.push(tx);
  const say = async (text: string): Promise<string[]> => {
    peer.send(Buffer.from(text.replaceAll("\n", "\r\n"), "latin1"), to, () => undefined);
    await clock.advanceAsync(10);
    return heard.splice(0);
  };
  return { clock, endpoint, say, requests, port };
}

function request(method: string, o: { via?: string; cseq?: string; extra?: string; callId?: string } = {}): string {
  return `${method} sip:bob@127.0.0.1 SIP/2.0
Via: SIP/2.0/UDP ${o.via ?? "127.0.0.1:7778;branch=z9hG4bK1"}
Max-Forwards: 70
From: <sip:alice@127.0.0.1>;tag=1
To: <sip:bob@127.0.0.1>
Call-ID: ${o.callId ?? "c1"}
CSeq: ${o.cseq ?? `1 ${method}`}
${o.extra ?? ""}Content-Length: 0

`;
}

function statuses(heard: string[]): string[] {
  return heard.map((text) => `${text.slice(0, 4)} ${text.split(" ")[2] ?? ""}`);
}

test("RFC 3261 17.2.3: a repeated request meets its transaction and gets its answer again", async () => {
  const { say, requests } = await rawRig();
  await say(request("OPTIONS"));
  requests[0]?.respond(200);
  assert.deepEqual(statuses(await say(request("OPTIONS"))), ["7777 200", "7777 200"]);
  assert.equal(requests.length, 1);
});

test("RFC 3261 17.2.3: a branch without the cookie is matched by the rules of RFC 2543, ACK and CANCEL too", async () => {
  const { say, requests, endpoint } = await rawRig();
  const acks: string[] = [];
  endpoint.onAck = (ack) => acks.push(ack.method);
  const via = "127.0.0.1:7778;branch=old";
  await say(request("INVITE", { via }));
  await say(request("INVITE", { via }));
  assert.equal(requests.length, 1);
  const cancels: string[] = [];
  const [tx] = requests;
  assert.ok(tx !== undefined);
  tx.onCancel = (cancel) => {
    cancels.push(cancel.method);
    tx.respond(487);
  };
  const heard = statuses(await say(request("CANCEL", { via })));
  assert.deepEqual(heard.toSorted(), ["7777 200", "7777 487"]);
  assert.deepEqual(cancels, ["CANCEL"]);
  await say(request("ACK", { via }));
  assert.equal(tx.state, "confirmed");
  assert.deepEqual(acks, []);
});

test("RFC 3261 8.2.2.2: the same request on another way gets 482", async () => {
  const { say, requests } = await rawRig();
  await say(request("INVITE"));
  const heard = await say(request("INVITE", { via: "127.0.0.1:7778;branch=z9hG4bK2" }));
  assert.deepEqual(statuses(heard), ["7777 482"]);
  assert.equal(requests.length, 1);
  const open = await rawRig({ refuseMerged: false });
  await open.say(request("INVITE"));
  await open.say(request("INVITE", { via: "127.0.0.1:7778;branch=z9hG4bK2" }));
  assert.equal(open.requests.length, 2);
});

test("RFC 3261 9.2: the answer to CANCEL has the To tag of the answers to its INVITE", async () => {
  const { say, requests } = await rawRig();
  await say(request("INVITE"));
  requests[0]?.respond(180, { toTag: "ours" });
  requests[0]?.respond(200, { toTag: "ours" });
  const heard = await say(request("CANCEL"));
  const tags = heard.map((text) => /^To: .*;tag=(\S+)\r?$/m.exec(text)?.[1]);
  assert.deepEqual(tags, ["ours", "ours", "ours"]);
});

test("RFC 3261 9.2: a CANCEL of nothing gets 481", async () => {
  const { say } = await rawRig();
  assert.deepEqual(statuses(await say(request("CANCEL"))), ["7777 481"]);
});

test("RFC 3261 21.5.4: above the limit of transactions new requests get 503 with Retry-After", async () => {
  const { say, requests, endpoint } = await rawRig({ maxTransactions: 1 });
  await say(request("OPTIONS"));
  const [answer = ""] = await say(request("OPTIONS", { via: "127.0.0.1:7778;branch=z9hG4bK2", callId: "c2" }));
  assert.match(answer, /^7777 SIP\/2.0 503 /);
  assert.match(answer, /Retry-After: \d+/);
  assert.equal(requests.length, 1);
  assert.equal(endpoint.stats().transactions, 1);
});

test("RFC 3261 8.2: a malformed request gets its 400 without a transaction, and the ACK of it goes nowhere", async () => {
  const { say, requests, endpoint } = await rawRig();
  const acks: string[] = [];
  endpoint.onAck = (ack) => acks.push(ack.method);
  const [answer = ""] = await say(request("INVITE", { cseq: "x INVITE" }));
  assert.match(answer, /^7777 SIP\/2.0 400 .*CSeq/);
  const tag = /To: .*;tag=(\w+)/.exec(answer)?.[1] ?? "";
  await say(request("ACK").replace("To: <sip:bob@127.0.0.1>", `To: <sip:bob@127.0.0.1>;tag=${tag}`));
  assert.deepEqual([requests.length, acks.length, endpoint.stats().transactions], [0, 0, 0]);
});

test("RFC 3261 18.2.1, RFC 3581 4: received and rport say where the request came from", async () => {
  const { say, requests } = await rawRig();
  await say(request("OPTIONS", { via: "10.1.1.1:7778;rport;branch=z9hG4bK1" }));
  requests[0]?.respond(200);
  const [answer = ""] = await say("\n\n");
  assert.match(answer, /^7777 /);
  assert.match(answer, /Via: SIP\/2.0\/UDP 10.1.1.1:7778;rport=7777;branch=z9hG4bK1;received=127.0.0.1/);
});

test("RFC 3261 18.2.2: without rport, and with forceRport off, the answer goes to the port of sent-by", async () => {
  const { say, requests } = await rawRig({ forceRport: false });
  await say(request("OPTIONS"));
  requests[0]?.respond(200);
  assert.deepEqual(statuses(await say("\n\n")), ["7778 200"]);
});

test("garbage is counted, journaled and not answered", async () => {
  const journal: (string | undefined)[] = [];
  const { say, endpoint } = await rawRig({ onJournal: (entry) => journal.push(entry.message?.kind) });
  assert.deepEqual(await say("hello"), []);
  assert.equal(endpoint.stats().malformed, 1);
  assert.deepEqual(journal, [undefined]);
});

test("a request handler that throws gives 500", async () => {
  const { say, endpoint } = await rawRig();
  endpoint.onRequest = () => {
    throw new Error("mistake");
  };
  assert.deepEqual(statuses(await say(request("OPTIONS"))), ["7777 500"]);
});

test("RFC 3261 11.2: without an application OPTIONS gets 200, known methods 405, others 501", async () => {
  const { endpoint, say } = await rawRig();
  endpoint.onRequest = new SipEndpoint({ clock: new ManualClock(), log: silentLogger, userAgent: "x" }).onRequest;
  assert.deepEqual(statuses(await say(request("OPTIONS"))), ["7777 200"]);
  assert.deepEqual(statuses(await say(request("INFO", { via: "127.0.0.1;branch=z9hG4bK2" }))), ["7777 405"]);
  assert.deepEqual(statuses(await say(request("DANCE", { via: "127.0.0.1;branch=z9hG4bK3" }))), ["7777 501"]);
});

test("close() ends every transaction and timer", async () => {
  const { clock, endpoint, say, requests } = await rawRig();
  await say(request("INVITE"));
  requests[0]?.respond(486);
  endpoint.request(
    endpoint.newRequest("OPTIONS", { uri: "sip:x@127.0.0.1:9", to: "sip:x@127.0.0.1", from: "sip:y@127.0.0.1" }),
    { uri: "sip:x@127.0.0.1:9" },
    { onFinal: () => undefined },
  );
  assert.ok(clock.pending > 0);
  await endpoint.close();
  await endpoint.close();
  await clock.advanceAsync(10);
  assert.equal(clock.pending, 0);
  assert.equal(endpoint.stats().transactions, 0);
});
