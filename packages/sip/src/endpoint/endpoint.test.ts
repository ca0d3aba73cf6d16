import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger, systemClock } from "@sidetone/foundation";
import { nameAddr, parseUri } from "../message/index.ts";
import type { NameAddr, SipResponse } from "../message/index.ts";
import { SipEndpoint } from "./endpoint.ts";
import type { InviteSession } from "./types.ts";

function address(uri: string): NameAddr {
  const parsed = parseUri(uri);
  assert.ok(parsed.ok);
  return nameAddr(parsed.value);
}

for (const transport of ["udp", "tcp"] as const) {
  test(`a call over real ${transport} sockets: INVITE, 180, 200, ACK, INFO, re-INVITE, BYE; nothing is left`, async () => {
    const make = (): SipEndpoint => new SipEndpoint({ clock: systemClock, log: silentLogger, userAgent: "Test" });
    const caller = make();
    const callee = make();
    const a = await caller.listen({ transport, host: "127.0.0.1", port: 0 });
    const b = await callee.listen({ transport, host: "127.0.0.1", port: 0 });
    const log: string[] = [];
    const ended = Promise.withResolvers<string>();
    callee.onRequest = (tx) => {
      const session = callee.accept(tx);
      session.on("acked", () => log.push("acked"));
      session.on("request", (request) => {
        log.push(request.request.method);
        request.respond(200, { body: "answer", contentType: "text/plain" });
      });
      session.on("reinvite", (request) => {
        log.push(`reinvite ${request.request.body.toString()}`);
        request.respond(200, { body: "v=1" });
      });
      session.on("ended", (reason) => ended.resolve(reason.by));
      session.progress(180);
      session.accept({ body: "v=0 answer" });
    };
    const uri = `sip:bob@127.0.0.1:${b.port};transport=${transport}`;
    const session: InviteSession = caller.invite({
      uri,
      to: { uri },
      from: address(`sip:alice@127.0.0.1:${a.port}`),
      body: "v=0 offer",
    });
    session.on("progress", ({ response }) => log.push(String(response.status)));
    const accepted = Promise.withResolvers<SipResponse>();
    session.on("accepted", accepted.resolve);
    const ok = await accepted.promise;
    assert.equal(ok.body.toString(), "v=0 answer");
    const info = await session.request("INFO", { body: "hello", contentType: "text/plain" });
    assert.equal(info.status, 200);
    assert.equal(info.body.toString(), "answer");
    assert.equal((await session.reinvite({ body: "v=1 offer" })).status, 200);
    assert.equal(session.remoteSdp?.toString(), "v=1");
    assert.equal(session.localSdp?.toString(), "v=1 offer");
    await session.bye();
    assert.equal(await ended.promise, "remote");
    assert.deepEqual(log, ["180", "acked", "INFO", "reinvite v=1 offer"]);
    assert.equal(caller.stats().dialogs, 0);
    assert.equal(callee.stats().dialogs, 0);
    await Promise.all([caller.close(), callee.close()]);
    assert.equal(caller.stats().transactions + callee.stats().transactions, 0);
    assert.equal(caller.stats().connections + callee.stats().connections, 0);
  });
}
