import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import type { ResourceConfig, ResourceGroupConfig } from "@sidetone/config";
import { ManualClock, silentLogger } from "@sidetone/foundation";
import { MemoryNetwork, parseResourceState, RESOURCE_EVENT, RESOURCE_STATE_TYPE, SipEndpoint } from "@sidetone/sip";
import { Pool } from "./groups/pool.ts";
import { HealthMonitor } from "./monitor.ts";
import { ResourceNews } from "./news.ts";

const manager = { transport: "tcp", host: "127.0.0.1", port: 5070 } as const;

/** A Resource Manager's monitor and news, resources that answer OPTIONS, a subscriber; on a manual clock. */
class NewsRig {
  readonly clock = new ManualClock();
  readonly network = new MemoryNetwork({ clock: this.clock });
  readonly resources = new Map<number, SipEndpoint>();
  readonly told: string[] = [];
  readonly pool: Pool;
  readonly rm: SipEndpoint;
  readonly news: ResourceNews;
  readonly monitor: HealthMonitor;
  /** Ports of resources that hang: they take requests and say nothing. */
  readonly frozen = new Set<number>();
  status = 200;

  constructor(ports: readonly number[]) {
    const resources: ResourceConfig[] = ports.map((port) => ({
      address: `sip:127.0.0.1:${port};transport=tcp`,
      portCapacity: undefined,
      preference: 1,
      geoLocation: undefined,
      withdrawn: false,
    }));
    const group: ResourceGroupConfig = {
      name: "ms",
      service: "msml",
      loadBalanceScheme: "round-robin",
      monitor: { intervalMs: 500, timeoutMs: 2000, returnAnswers: 2 },
      recordRoute: false,
      preference: 1,
      geoLocation: undefined,
      geoOverflow: true,
      clients: undefined,
      resources,
    };
    this.pool = new Pool([group], this.clock.now());
    this.rm = this.#endpoint("rm");
    this.news = new ResourceNews({ pool: this.pool, clock: this.clock, endpoint: this.rm });
    this.monitor = new HealthMonitor({
      pool: this.pool,
      clock: this.clock,
      log: silentLogger,
      ask: (uri, ms) => this.rm.ask(uri, ms),
      onChange: (r) => this.news.check(r),
    });
    this.rm.onRequest = (tx) => this.news.subscribe(tx);
    this.rm.onFlowClosed = (flow) => this.monitor.connectionClosed(flow.remote);
  }

  async start(t: TestContext): Promise<this> {
    await this.rm.listen(manager);
    for (const { address } of this.pool.resources) await this.revive(Number(/:(\d+);/.exec(address)?.[1]));
    this.monitor.start();
    const client = this.#endpoint("client");
    await client.listen({ transport: "tcp", host: "127.0.0.1", port: 0 });
    await this.clock.advanceAsync(20);
    const uri = "sip:127.0.0.1:5070;transport=tcp";
    const subscription = client.subscribe({ uri, event: RESOURCE_EVENT, accept: [RESOURCE_STATE_TYPE] });
    subscription.on("notify", ({ body }) => {
      const read = parseResourceState(body.toString());
      assert(read.ok);
      const { full, resources } = read.value;
      const at = Math.round(this.clock.now());
      this.told.push(
        `${at} ${full ? "all" : "one"}: ${resources.map((r) => `${/:(\d+);/.exec(r.resource)?.[1] ?? ""} ${r.state}`).join(", ")}`,
      );
    });
    await this.clock.advanceAsync(20);
    t.after(() => {
      this.monitor.close();
      void this.rm.close();
      void client.close();
    });
    return this;
  }

  async revive(port: number): Promise<void> {
    const resource = this.#endpoint(`r${port}`);
    resource.onRequest = (tx) => {
      if (!this.frozen.has(port)) tx.respond(this.status);
    };
    await resource.listen({ transport: "tcp", host: "127.0.0.1", port });
    this.resources.set(port, resource);
  }

  async kill(port: number): Promise<void> {
    await this.resources.get(port)?.close();
  }

  /** What was told since, without times. */
  take(): string[] {
    return this.told.splice(0).map((line) => line.slice(line.indexOf(" ") + 1));
  }

  #endpoint(userAgent: string): SipEndpoint {
    return new SipEndpoint({ clock: this.clock, log: silentLogger, network: this.network, userAgent });
  }
}

describe("contract, loss of a resource", () => {
  test("the whole state at the subscription, then one notification for each lost and each returned resource", async (t) => {
    const rig = await new NewsRig([5080, 5081, 5082]).start(t);
    assert.deepEqual(rig.take(), ["all: 5080 up, 5081 up, 5082 up"]);
    await Promise.all([rig.kill(5080), rig.kill(5082)]);
    await rig.clock.advanceAsync(50);
    assert.deepEqual(rig.take().toSorted(), ["one: 5080 lost", "one: 5082 lost"]);
    await rig.revive(5080);
    await rig.clock.advanceAsync(700);
    assert.deepEqual(rig.take(), ["one: 5080 up"]);
  });

  test("R30: a frozen resource is lost after the timeout, within 2.6 s of its freeze", async (t) => {
    const rig = await new NewsRig([5080]).start(t);
    const freezeAt = rig.clock.now();
    rig.frozen.add(5080);
    rig.told.length = 0;
    await rig.clock.advanceAsync(1900);
    assert.deepEqual(rig.told, []);
    await rig.clock.advanceAsync(700);
    assert.deepEqual(rig.take(), ["one: 5080 lost"]);
    assert(rig.clock.now() - freezeAt <= 2600);
  });

  test("R30: a stall below 2 s is no loss", async (t) => {
    const rig = await new NewsRig([5080]).start(t);
    rig.told.length = 0;
    for (let i = 0; i < 3; i++) {
      // The process stands still: what it was asked meanwhile it answers when it goes on.
      const held: (() => void)[] = [];
      const resource = rig.resources.get(5080);
      assert(resource !== undefined);
      const answering = resource.onRequest;
      resource.onRequest = (tx) => held.push(() => tx.respond(200));
      await rig.clock.advanceAsync(1950);
      resource.onRequest = answering;
      for (const answer of held) answer();
      await rig.clock.advanceAsync(100);
    }
    await rig.clock.advanceAsync(3000);
    assert.deepEqual(rig.told, []);
  });

  test("5xx takes it out of service at once and is told when it lasts", async (t) => {
    const rig = await new NewsRig([5080]).start(t);
    rig.told.length = 0;
    rig.status = 503;
    await rig.clock.advanceAsync(600);
    assert.equal(rig.pool.resources[0]?.health.phase, "failing");
    assert.deepEqual(rig.told, []);
    await rig.clock.advanceAsync(2100);
    assert.deepEqual(rig.take(), ["one: 5080 lost"]);
  });

  test("a withdrawn resource is told as such, a lost one as lost whatever else it is", async (t) => {
    const rig = await new NewsRig([5080]).start(t);
    rig.told.length = 0;
    const resource = rig.pool.resources[0];
    assert(resource !== undefined);
    resource.withdraw(true, rig.clock.now());
    rig.news.check(resource);
    await rig.clock.advanceAsync(20);
    await rig.kill(5080);
    await rig.clock.advanceAsync(20);
    await rig.revive(5080);
    await rig.clock.advanceAsync(700);
    resource.withdraw(false, rig.clock.now());
    rig.news.check(resource);
    await rig.clock.advanceAsync(20);
    assert.deepEqual(rig.take(), ["one: 5080 withdrawn", "one: 5080 lost", "one: 5080 withdrawn", "one: 5080 up"]);
  });
});
