import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, silentLogger } from "@sidetone/foundation";
import { SipEndpoint } from "../endpoint/endpoint.ts";
import type { Flow, InviteSession } from "../endpoint/types.ts";
import { MemoryNetwork } from "../transport/memory.ts";
import { address } from "./rig.ts";

test("RFC 5626 4.2: a phone that does not listen is called over its own connection, both ways, for the whole dialog", async () => {
  const clock = new ManualClock();
  const network = new MemoryNetwork({ clock });
  const make = (): SipEndpoint => new SipEndpoint({ clock, log: silentLogger, userAgent: "F", network });
  const server = make();
  const phone = make();
  const { port } = await server.listen({ transport: "tcp", host: "127.0.0.1", port: 0 });
  const flows: Flow[] = [];
  server.onRequest = (tx) => {
    flows.push(tx.flow);
    tx.respond(200);
  };
  const registered = phone.options(`sip:127.0.0.1:${port};transport=tcp`, 1000);
  await clock.advanceAsync(20);
  assert.equal((await registered)?.status, 200);
  const [flow] = flows;
  assert.ok(flow !== undefined);

  const sessions: InviteSession[] = [];
  phone.onRequest = (tx) => {
    const session = phone.accept(tx);
    sessions.push(session);
    session.accept({ body: "answer" });
  };
  const call = server.invite({
    uri: "sip:bob@10.9.9.9;transport=tcp",
    to: { flow },
    from: address("sip:alice@127.0.0.1"),
    body: "offer",
  });
  await clock.advanceAsync(20);
  assert.equal(call.state, "confirmed");
  const info = sessions[0]?.request("INFO");
  const other = call.request("INFO");
  await clock.advanceAsync(20);
  assert.deepEqual([(await info)?.status, (await other).status], [405, 405]);
  assert.equal(server.stats().connections, 1);
  await Promise.all([call.bye(), clock.advanceAsync(20)]);
  assert.equal(sessions[0]?.state, "ended");
  await Promise.all([server.close(), phone.close()]);
  await clock.advanceAsync(20);
  assert.deepEqual([clock.pending, network.open], [0, 0]);
});
