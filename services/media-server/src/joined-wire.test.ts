import assert from "node:assert/strict";
import type { Socket } from "node:dgram";
import { test } from "node:test";
import { systemClock } from "@sidetone/foundation";
import { config, context, rtpPacket, socket } from "../test-support/wire.ts";
import { PlainClient } from "../test-support/plain-client.ts";
import { startMediaServer } from "./index.ts";

/** A phone that says one octet of µ-law for ever, and what octets it hears. */
interface Phone {
  readonly client: PlainClient;
  readonly socket: Socket & { port: number };
  readonly port: number;
  readonly says: number;
  heard: Set<number>;
}

test("RFC 5707 8.8, 8.11: over plain SIP: two conferences are joined and hear each other, a third that would close the ring is refused, one that monitors hears", {
  timeout: 30_000,
}, async (t) => {
  const role = await startMediaServer(config("sip:127.0.0.1:9;transport=tcp"), context);
  const server = role.listening[0]?.replace("tcp://", "") ?? "";
  const phones: Phone[] = [];
  let sending: NodeJS.Timeout | undefined;
  t.after(async () => {
    clearInterval(sending);
    for (const phone of phones) {
      phone.client.close();
      phone.socket.close();
    }
    await role.close();
  });
  // Loud apart: a sum is none of the others' octets.
  for (const says of [0x30, 0x40, 0x50]) {
    const client = await PlainClient.connect(server);
    const own = await socket();
    const sdp = await client.invite(own.port);
    const phone: Phone = {
      client,
      socket: own,
      port: Number(/m=audio ([0-9]+)/.exec(sdp)?.[1]),
      says,
      heard: new Set(),
    };
    own.on("message", (packet) => {
      if ((packet[1] ?? 0) % 128 === 0) phone.heard.add(packet[100] ?? -1);
    });
    phones.push(phone);
  }
  const [a, b, s] = phones;
  assert.ok(a !== undefined && b !== undefined && s !== undefined);
  let sequence = 0;
  sending = setInterval(() => {
    sequence++;
    for (const { socket: from, port, says } of phones) from.send(rtpPacket(sequence, says), port, "127.0.0.1");
  }, 20);
  const hears = async (phone: Phone, octet: number): Promise<void> => {
    const end = systemClock.now() + 8000;
    phone.heard = new Set();
    while (!phone.heard.has(octet)) {
      assert.ok(systemClock.now() < end, `not heard: ${octet}, but ${Array.from(phone.heard).join(" ")}`);
      await new Promise((resolve) => systemClock.after(5, () => resolve(undefined)));
    }
  };

  const names = phones.map((_, n) => `room${n}`);
  const made = await a.client.msml(
    phones
      .map(
        ({ client }, n) =>
          `<createconference name="${names[n]}" term="false"/><join id1="${client.conn}" id2="conf:${names[n]}"/>`,
      )
      .join(""),
  );
  assert.equal(made.code, 200, made.body);
  const joined = await a.client.msml('<join id1="conf:room0" id2="conf:room1"/>');
  assert.equal(joined.code, 200, joined.body);
  await hears(a, b.says);
  await hears(b, a.says);
  assert.ok(!s.heard.has(a.says) && !s.heard.has(b.says));
  assert.equal(
    (await a.client.msml('<join id1="conf:room1" id2="conf:room2"/><join id1="conf:room2" id2="conf:room0"/>')).code,
    440,
  );
  assert.equal((await a.client.msml('<unjoin id1="conf:room2" id2="conf:*"/>')).code, 200);
  const monitors = await a.client.msml(`<monitor id1="${a.client.conn}" id2="conf:room2"/>`);
  assert.equal(monitors.code, 200, monitors.body);
  await hears(s, b.says);
  const { body } = await a.client.msml('<audit queryid="conf:room0" statelist="audit.conf.stream"/>');
  assert.ok(body.includes('joinwith="conf:room1"'), body);

  const { code } = await a.client.msml('<destroyconference id="conf:room1"/>');
  assert.equal(code, 200);
  await new Promise((resolve) => systemClock.after(200, () => resolve(undefined)));
  a.heard = new Set();
  await new Promise((resolve) => systemClock.after(200, () => resolve(undefined)));
  assert.ok(!a.heard.has(b.says), "who is gone is not heard");
});
