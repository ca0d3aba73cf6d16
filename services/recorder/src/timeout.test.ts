import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { delay, systemClock } from "@sidetone/foundation";
import { nameAddr, parseSdp, parseUri, type SipResponse } from "@sidetone/sip";
import { RtpSource, Src, runRecorder, untilState } from "./testing-src.ts";

test("R33: a session that nobody sends to is ended by BYE, its recording marked; a paused one is not", {
  timeout: 20_000,
}, async () => {
  const r = await runRecorder({ rtpTimeoutMs: 700 });
  const src = await new Src().start();
  const left = await RtpSource.open(1, systemClock.wallMicros());
  try {
    const silent = await src.invite(r.sip, "record=s@", src.body({ ports: [left.port, left.port + 2] }));
    const paused = await src.invite(
      r.sip,
      "record=q@",
      src.body({ ports: [left.port, left.port + 2], inactive: true }),
    );
    const ended = new Promise<void>((resolve) => silent.session.on("ended", () => resolve()));
    left.send(silent.ports[0] ?? 0, left.packet(0, 0, 0));
    await ended;
    const document = await untilState(r.url, "s", "partial");
    assert.ok((document["warnings"] as { code: string }[]).some((w) => w.code === "rtp-timeout"));
    await delay(systemClock, 1200);
    assert.equal(paused.session.state, "confirmed");
    await paused.session.bye();
    await untilState(r.url, "q", "complete");
  } finally {
    left.socket.close();
    await src.sip.close();
    await r.role.close();
    rmSync(r.folder, { recursive: true });
  }
});

test("RFC 7866: OPTIONS says the load; an offer without G.711 gets 488; an offerless INVITE gets our offer", {
  timeout: 20_000,
}, async () => {
  const r = await runRecorder();
  const src = await new Src().start();
  try {
    const options = await src.sip.options(`sip:${r.sip};transport=tcp`, 2000);
    assert.equal(options?.status, 200);
    assert.match(options.headers.get("X-Resource-Load") ?? "", /^sessions=0/);
    const refused = await src.invite(r.sip, "record=x@", {
      contentType: "application/sdp",
      body: Buffer.from(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n",
      ),
    });
    assert.equal(refused.response.status, 488);
    const [host = "", port = ""] = r.sip.split(":");
    const from = parseUri("sip:src@127.0.0.1");
    assert.ok(from.ok);
    const source = await RtpSource.open(1, systemClock.wallMicros());
    const to = { transport: "tcp", host, port: Number(port) } as const;
    const session = src.sip.invite({ uri: `sip:record=o@${r.sip}`, to, from: nameAddr(from.value) });
    const accepted = await new Promise<SipResponse>((resolve) => session.on("accepted", resolve));
    const ours = parseSdp(accepted.body);
    assert.ok(ours.ok);
    session.ack(
      src
        .body({ ports: [source.port, source.port + 2] })
        .body.toString()
        .replace(/m=audio \d+ [^]*$/, `m=audio ${source.port} RTP/AVP 0\r\na=sendonly\r\n`),
    );
    for (let n = 0; n < 10; n++) source.send(ours.value.media[0]?.port ?? 0, source.packet(n, 0, n));
    await delay(systemClock, 300);
    await session.bye();
    const document = await untilState(r.url, "o", "complete");
    assert.ok(Number(document["durationMs"]) >= 200);
    source.socket.close();
    assert.equal((await fetch(`${r.url}/readyz`)).status, 200);
    assert.match(await (await fetch(`${r.url}/metrics`)).text(), /sidetone_recorder_sessions_refused_total 1/);
  } finally {
    await src.sip.close();
    await r.role.close();
    rmSync(r.folder, { recursive: true });
  }
});
