import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { ManualClock, silentLogger } from "@sidetone/foundation";
import { MemoryNetwork, nameAddr, NextHops, parseUri, SipEndpoint, type ServerTransaction } from "@sidetone/sip";
import { FakeMediaServer, phoneSdp } from "./fake-media-server.ts";
import { MANAGER_SILENCE_MS, MediaAnchor } from "./media-anchor.ts";
import { MediaServerWatch } from "./media-server-watch.ts";

const one = "sip:127.0.0.1:5070;transport=tcp";
const two = "sip:127.0.0.1:5071;transport=tcp";

/** SIP Server's end, and two places where Resource Managers may be; on a manual clock. */
class AnchorRig {
  readonly clock = new ManualClock();
  readonly network = new MemoryNetwork({ clock: this.clock });
  readonly server = this.endpoint();
  readonly silent: string[] = [];
  readonly hops = new NextHops({
    uris: [one, two],
    clock: this.clock,
    ask: (uri, ms) => this.server.options(uri, ms),
  });

  constructor(t: TestContext) {
    t.after(() => this.hops.close());
  }

  endpoint(): SipEndpoint {
    return new SipEndpoint({ clock: this.clock, log: silentLogger, network: this.network, userAgent: "Rig" });
  }

  async open(): Promise<this> {
    await this.server.listen({ transport: "tcp", host: "127.0.0.1", port: 5060 });
    return this;
  }

  /** A Media Server in the place of a Resource Manager. */
  async at(port: number): Promise<FakeMediaServer> {
    const server = new FakeMediaServer(this.endpoint(), () => undefined);
    await server.endpoint.listen({ transport: "tcp", host: "127.0.0.1", port });
    return server;
  }

  /** A frozen process: it takes connections and says nothing, not even 100. */
  async frozenAt(port: number): Promise<void> {
    const listener = await this.network.listenStream({ host: "127.0.0.1", port }, (connection) => {
      connection.onData = () => undefined;
      connection.onClose = () => undefined;
    });
    void listener;
  }

  anchor(): MediaAnchor {
    const from = parseUri("sip:7001@sidetone.local");
    assert(from.ok);
    return new MediaAnchor({
      endpoint: this.server,
      clock: this.clock,
      log: silentLogger,
      resourceManagers: () => this.hops.order(),
      onSilent: (uri) => {
        this.silent.push(uri);
        this.hops.failed(uri);
      },
      confId: "55c29460000054b3",
      callUuid: "U",
      geoLocation: undefined,
      from: nameAddr(from.value),
      localAddress: "127.0.0.1",
      watch: new MediaServerWatch(this.clock, () => Promise.resolve(true)),
      onMsml: () => undefined,
      onLost: () => undefined,
    });
  }

  /** How long a leg takes, ms. */
  async leg(anchor: MediaAnchor, name: string): Promise<number> {
    const from = this.clock.now();
    let took = Number.NaN;
    void anchor.addLeg(name, "7001", Buffer.from(phoneSdp(4000)), true).then((result) => {
      if (result.ok) took = this.clock.now() - from;
    });
    await this.clock.advanceAsync(1000);
    return took;
  }
}

test("R32: a Resource Manager that refuses connections is left for the next one at once, and the next call does not try it first", async (t) => {
  const rig = await new AnchorRig(t).open();
  const server = await rig.at(5071);
  const anchor = rig.anchor();
  assert((await rig.leg(anchor, "a")) < 50);
  assert.deepEqual(rig.silent, [one]);
  assert((await rig.leg(anchor, "b")) < 50);
  assert((await rig.leg(rig.anchor(), "a")) < 50);
  assert.deepEqual(rig.silent, [one]);
  assert.equal(server.legs.length, 3);
});

test("R32: one that is frozen is left after 250 ms, inside the attempt; the calls after it do not wait", async (t) => {
  const rig = await new AnchorRig(t).open();
  await rig.frozenAt(5070);
  await rig.at(5071);
  const took = await rig.leg(rig.anchor(), "a");
  assert(took >= MANAGER_SILENCE_MS && took < MANAGER_SILENCE_MS + 100, `${took} ms`);
  assert((await rig.leg(rig.anchor(), "a")) < 50);
});

test("R32: a party that joins later reaches the same Media Server through the other Resource Manager, by the token", async (t) => {
  const rig = await new AnchorRig(t).open();
  const first = await rig.at(5070);
  const tokens: (string | undefined)[] = [];
  const second = rig.endpoint();
  second.onRequest = (tx: ServerTransaction) => {
    tokens.push(tx.request.headers.get("X-Resource-Token"));
    second.accept(tx).accept({ body: phoneSdp(4100), contentType: "application/sdp" });
  };
  await second.listen({ transport: "tcp", host: "127.0.0.1", port: 5071 });
  const anchor = rig.anchor();
  assert((await rig.leg(anchor, "a")) < 50);
  await first.endpoint.close();
  assert((await rig.leg(anchor, "b")) < 50);
  assert.deepEqual(tokens, ["token-1"]);
});

test("R17: where no Resource Manager answers the leg fails, and says so", async (t) => {
  const rig = await new AnchorRig(t).open();
  const result = rig.anchor().addLeg("a", "7001", Buffer.from(phoneSdp(4000)), true);
  await rig.clock.advanceAsync(1000);
  const answer = await result;
  assert(!answer.ok);
  assert.match(answer.error.reason, /^no-media-server/);
});
