import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentLogger, systemClock } from "@sidetone/foundation";
import {
  DigestVerifier,
  GuessGuard,
  RegistrationClient,
  SipEndpoint,
  type SipResponse,
  nameAddr,
  parseUri,
} from "@sidetone/sip";
import { openStorage } from "../storage/storage.ts";
import { Authenticator } from "./authenticator.ts";
import { dnConfig, options } from "./phone.fixture.ts";
import { Registrar } from "./registrar.ts";

const clock = systemClock;
const log = silentLogger;

for (const transport of ["udp", "tcp"] as const) {
  test(`over real ${transport} sockets: a wrong password is refused, the right one registers, the phone is reached, and it goes`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "sidetone-registration-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const dns = new Map([["7001", dnConfig("7001")]]);
    const domain = "sidetone.local";
    const storage = await openStorage({ file: join(folder, "store.sqlite"), log });
    const authenticator = new Authenticator({
      realm: domain,
      dns: () => dns,
      verifier: new DigestVerifier({ clock }),
      guard: new GuessGuard({ clock }),
      log,
    });
    const registrar = await Registrar.open({ clock, log, storage, authenticator, config: { domain, dns, options } });
    const server = new SipEndpoint({ clock, log, userAgent: "Server" });
    server.onRequest = (tx) => registrar.handleRegister(tx);
    const at = await server.listen({ transport, host: "127.0.0.1", port: 0 });

    const phone = new SipEndpoint({ clock, log, userAgent: "Phone/1" });
    await phone.listen({ transport, host: "127.0.0.1", port: 0 });
    phone.onRequest = (tx) => tx.respond(tx.request.method === "MESSAGE" ? 200 : 405);
    const aor = parseUri(`sip:7001@${domain}`);
    assert.ok(aor.ok);
    const client = (password: string): RegistrationClient =>
      new RegistrationClient(phone, {
        registrar: `sip:${domain}`,
        to: { transport, host: "127.0.0.1", port: at.port },
        aor: nameAddr(aor.value),
        credentials: { username: "7001", password },
      });

    const wrong = client("wrong");
    assert.equal((await wrong.register())?.status, 401);
    wrong.close();
    assert.equal(registrar.isRegistered("7001"), false);

    const right = client("demo-7001");
    assert.equal((await right.register())?.status, 200);
    const [contact] = registrar.lookup("7001");
    assert.ok(contact !== undefined);
    const { promise, resolve } = Promise.withResolvers<SipResponse>();
    const message = server.newRequest("MESSAGE", {
      uri: contact.uri,
      to: `<${contact.uri}>`,
      from: `<sip:server@${domain}>`,
    });
    const connections = server.stats().connections;
    server.request(message, contact.destination, { onFinal: resolve });
    assert.equal((await promise).status, 200);
    // RFC 5626 5.3: over TCP the connection of the registration is used.
    assert.equal(server.stats().connections, connections);

    assert.equal((await right.unregister())?.status, 200);
    assert.deepEqual(registrar.lookup("7001"), []);
    await Promise.all([phone.close(), server.close()]);
    registrar.close();
    await storage.close();
  });
}
