import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { DnConfig } from "@sidetone/config";
import { CallScene } from "./call-scene.fixture.ts";
import type { FakeMediaServer } from "./fake-media-server.ts";

/** Longest time from a freeze to the end of a recovery over the memory network, ms. */
const RECOVERED_MS = 3000;
const dns = [{ dn: "7001", record: true }, { dn: "7002" }, { dn: "7003" }, { dn: "7004" }] as const;

class Scene {
  readonly s: CallScene;

  constructor(s: CallScene) {
    this.s = s;
  }

  static async of(...over: readonly Partial<DnConfig>[]): Promise<Scene> {
    const s = await CallScene.withTwo({}, ...(over.length > 0 ? over : dns));
    s.rig.mediaServer.telling = true;
    s.rig.secondMediaServer.telling = true;
    return new Scene(s);
  }

  get #servers(): readonly [FakeMediaServer, number][] {
    return [
      [this.s.rig.mediaServer, 5070],
      [this.s.rig.secondMediaServer, 5072],
    ];
  }

  /** The server where calls are, and the other one. */
  get home(): FakeMediaServer {
    return this.#at(true);
  }
  get other(): FakeMediaServer {
    return this.#at(false);
  }

  #at(used: boolean): FakeMediaServer {
    const found = this.#servers.find(([server]) => server.up.length > 0 === used);
    assert.ok(found !== undefined, "no such Media Server");
    return found[0];
  }

  portOf(server: FakeMediaServer): number {
    return this.#servers.find(([one]) => one === server)?.[1] ?? 0;
  }

  freeze(server: FakeMediaServer): void {
    this.s.rig.cutOff.add(this.portOf(server));
  }

  wake(server: FakeMediaServer): void {
    this.s.rig.cutOff.delete(this.portOf(server));
  }

  /** Port and direction that a phone was told last, as `first sendrecv`. */
  hears(dn: string): string {
    const [port = "", way = ""] = this.s.phone(dn).hears.split(" ");
    const names = ["first", "second"];
    const at = this.#servers.findIndex(([server]) => server.hasPort(Number(port)));
    return `${names[at] ?? port} ${way}`;
  }

  nameOf(server: FakeMediaServer): string {
    return server === this.s.rig.mediaServer ? "first" : "second";
  }

  async close(): Promise<void> {
    for (const phone of this.s.phones.values()) for (const session of phone.up) phone.hangUp(session);
    await this.s.rig.pass(5000);
    for (const [server] of this.#servers) this.wake(server);
    await this.s.nothingLeft();
    await this.s.close();
  }
}

describe("R30: the Media Server of a call dies", () => {
  test("a recorded call: both phones at the other one, the same recording goes on with a higher epoch, desktops hear of it", async () => {
    const scene = await Scene.of();
    const { s } = scene;
    await s.dial("7002", "7001");
    const dead = scene.home;
    const alive = scene.other;
    const before = dead.recorder.at(-1);
    s.take();
    scene.freeze(dead);
    await s.rig.pass(RECOVERED_MS);
    const name = scene.nameOf(alive);
    assert.deepEqual([scene.hears("7001"), scene.hears("7002")], [`${name} sendrecv`, `${name} sendrecv`]);
    assert.deepEqual(alive.commands, ["createconference", "join", "join", "recorder start"]);
    const again = alive.recorder.at(-1);
    assert.deepEqual(
      [again?.epoch, again?.initial, again?.params.get("id"), again?.params.get("filename"), again?.streams.length],
      [2, "recording", before?.params.get("id"), before?.params.get("filename"), 2],
    );
    assert.deepEqual(
      again?.streams.map(({ side, dn }) => `${side} ${dn ?? ""}`),
      before?.streams.map(({ side, dn }) => `${side} ${dn ?? ""}`),
    );
    const told = s.attributes.filter(({ ThisDN }) => ThisDN === "7001");
    assert.deepEqual(
      told.map((one) => [one["message"], (one["UserData"] as Record<string, string>)["GSIP_RECORD"]]),
      [
        ["EventAttachedDataChanged", "Off"],
        ["EventAttachedDataChanged", "On"],
        ["EventPrivateInfo", "On"],
      ],
    );
    const extensions = s.last("EventPrivateInfo", "7001")["Extensions"] as Record<string, unknown>;
    assert.equal(extensions["result"], "recovered");
    assert.ok(Number(extensions["gap"]) > 2000 && Number(extensions["gap"]) < 3000, JSON.stringify(extensions));
    assert.match(s.rig.ledger.at(-1) ?? "", /^ledger partial 7001 2\d\d\d ms missing: media-server-lost/);
    await scene.close();
  });

  test("a stall below 2 s changes nothing", async () => {
    const scene = await Scene.of();
    await scene.s.dial("7002", "7001");
    const home = scene.home;
    scene.freeze(home);
    await scene.s.rig.pass(1900);
    scene.wake(home);
    await scene.s.rig.pass(10_000);
    assert.ok(scene.home === home);
    assert.equal(scene.other.legs.length, 0);
    assert.deepEqual(scene.s.rig.alarms, []);
    await scene.close();
  });

  test("the new legs avoid it, and have another conf-id", async () => {
    const scene = await Scene.of();
    await scene.s.dial("7002", "7001");
    const [dead, alive] = [scene.home, scene.other];
    scene.freeze(dead);
    await scene.s.rig.pass(RECOVERED_MS);
    const token = dead === scene.s.rig.mediaServer ? "token-1" : "token-50000";
    assert.deepEqual(scene.s.rig.resourceManager.avoided, [token, token]);
    const confOf = (server: FakeMediaServer): string =>
      /msml=([^@]*)/.exec(server.legs[0]?.invite.uri ?? "")?.[1] ?? "";
    assert.notEqual(confOf(dead), confOf(alive));
    await scene.close();
  });

  test("R19: a paused recording goes on paused", async () => {
    const scene = await Scene.of();
    const { s } = scene;
    await s.dial("7002", "7001");
    const paused = s.rig.switch.record(s.connId(1), { kind: "pause", parameters: new Map() });
    assert.equal(await s.ask(paused), "done");
    const [dead, alive] = [scene.home, scene.other];
    scene.freeze(dead);
    await s.rig.pass(RECOVERED_MS);
    assert.equal(alive.recorder.at(-1)?.initial, "paused");
    assert.equal(s.rig.last?.recording.state, "Paused");
    await scene.close();
  });

  test("R19: a PAUSE that is asked for while it is dead: the recording goes on paused, nothing is captured", async () => {
    const scene = await Scene.of();
    const { s } = scene;
    await s.dial("7002", "7001");
    const [dead, alive] = [scene.home, scene.other];
    scene.freeze(dead);
    await s.rig.pass(1000);
    const paused = s.rig.switch.record(s.connId(1), { kind: "pause", parameters: new Map() });
    await s.rig.pass(2000);
    assert.equal((await paused).ok, true);
    assert.equal(alive.recorder[0]?.initial, "paused");
    assert.equal(s.rig.last?.recording.state, "Paused");
    await scene.close();
  });

  test("a call that is anchored without recording goes on at the other one", async () => {
    const scene = await Scene.of({ dn: "7001", media: "anchored" }, { dn: "7002" });
    await scene.s.dial("7002", "7001");
    const [dead, alive] = [scene.home, scene.other];
    scene.freeze(dead);
    await scene.s.rig.pass(RECOVERED_MS);
    const name = scene.nameOf(alive);
    assert.deepEqual([scene.hears("7001"), scene.hears("7002")], [`${name} sendrecv`, `${name} sendrecv`]);
    assert.deepEqual(alive.commands, ["createconference", "join", "join"]);
    await scene.close();
  });

  test("a conference: every phone is at the other one", async () => {
    const scene = await Scene.of();
    const { s } = scene;
    await s.dial("7002", "7001");
    assert.equal(
      await s.ask(s.rig.switch.singleStep("conference", s.connId(1), "7001", { to: "7003", userData: {} })),
      "done",
    );
    const [dead, alive] = [scene.home, scene.other];
    scene.freeze(dead);
    await s.rig.pass(RECOVERED_MS);
    const name = scene.nameOf(alive);
    for (const dn of ["7001", "7002", "7003"]) assert.equal(scene.hears(dn), `${name} sendrecv`, dn);
    assert.equal(alive.recorder.at(-1)?.streams.length, 3);
    await scene.close();
  });

  test("who holds goes on holding, the other one goes on waiting", async () => {
    const scene = await Scene.of();
    const { s } = scene;
    await s.dial("7002", "7001");
    assert.equal(await s.ask(s.rig.switch.holdCall(s.connId(1), "7001")), "done");
    const [dead, alive] = [scene.home, scene.other];
    scene.freeze(dead);
    await s.rig.pass(RECOVERED_MS);
    const name = scene.nameOf(alive);
    assert.deepEqual([scene.hears("7001"), scene.hears("7002")], [`${name} inactive`, `${name} inactive`]);
    assert.equal(await s.ask(s.rig.switch.retrieveCall(s.connId(1), "7001")), "done");
    assert.deepEqual([scene.hears("7001"), scene.hears("7002")], [`${name} sendrecv`, `${name} sendrecv`]);
    await scene.close();
  });

  test("a consultation: the call that talks and the one that waits", async () => {
    const scene = await Scene.of();
    const { s } = scene;
    await s.dial("7002", "7001");
    assert.equal(await s.consult("7001", 1, "7003"), "done");
    const dead = scene.home;
    for (const server of [s.rig.mediaServer, s.rig.secondMediaServer])
      if (server !== dead) assert.ok(server.up.length >= 0);
    const where = scene.hears("7001").split(" ")[0];
    const talking = where === "first" ? s.rig.mediaServer : s.rig.secondMediaServer;
    const rest = talking === s.rig.mediaServer ? s.rig.secondMediaServer : s.rig.mediaServer;
    scene.freeze(talking);
    await s.rig.pass(RECOVERED_MS);
    const name = scene.nameOf(rest);
    assert.deepEqual([scene.hears("7001"), scene.hears("7003")], [`${name} sendrecv`, `${name} sendrecv`]);
    assert.equal(scene.hears("7002").split(" ")[1], "inactive");
    assert.equal(await s.ask(s.rig.switch.complete("transfer", s.connId(1), "7001", s.connId(2))), "done");
    await s.rig.pass(2000);
    assert.deepEqual([scene.hears("7002"), scene.hears("7003")], [`${name} sendrecv`, `${name} sendrecv`]);
    await scene.close();
  });

  test("it rings still: the answered call is at the other one, and recorded", async () => {
    const scene = await Scene.of();
    const { s } = scene;
    s.phone("7001").answering = false;
    await s.dial("7002", "7001");
    const [dead, alive] = [scene.home, scene.other];
    scene.freeze(dead);
    await s.rig.pass(RECOVERED_MS);
    s.phone("7001").answer();
    await s.rig.pass(1000);
    const name = scene.nameOf(alive);
    assert.deepEqual([scene.hears("7001"), scene.hears("7002")], [`${name} sendrecv`, `${name} sendrecv`]);
    assert.equal(s.rig.last?.recording.state, "On");
    await scene.close();
    assert.match(s.rig.ledger.at(-1) ?? "", /^ledger recorded 7001/);
  });

  test("it rings, and the phone answers before that is known", async () => {
    const scene = await Scene.of();
    const { s } = scene;
    s.phone("7001").answering = false;
    await s.dial("7002", "7001");
    const [dead, alive] = [scene.home, scene.other];
    scene.freeze(dead);
    await s.rig.pass(1000);
    s.phone("7001").answer();
    await s.rig.pass(4000);
    const name = scene.nameOf(alive);
    assert.deepEqual([scene.hears("7001"), scene.hears("7002")], [`${name} sendrecv`, `${name} sendrecv`]);
    assert.equal(s.rig.last?.recording.state, "On");
    await scene.close();
  });

  test("somebody who is brought into the conference rings still", async () => {
    const scene = await Scene.of();
    const { s } = scene;
    await s.dial("7002", "7001");
    s.phone("7003").answering = false;
    assert.equal(
      await s.ask(s.rig.switch.singleStep("conference", s.connId(1), "7001", { to: "7003", userData: {} })),
      "done",
    );
    const [dead, alive] = [scene.home, scene.other];
    scene.freeze(dead);
    await s.rig.pass(RECOVERED_MS);
    s.phone("7003").answer();
    await s.rig.pass(1000);
    const name = scene.nameOf(alive);
    for (const dn of ["7001", "7002", "7003"]) assert.equal(scene.hears(dn), `${name} sendrecv`, dn);
    await scene.close();
  });

  test("music for who waits begins again", async () => {
    const s = await CallScene.withTwo({ musicOnHold: "music.wav" }, ...dns);
    const scene = new Scene(s);
    await s.dial("7002", "7001");
    assert.equal(await s.ask(s.rig.switch.holdCall(s.connId(1), "7001")), "done");
    const [dead, alive] = [scene.home, scene.other];
    assert.ok(dead.commands.includes("dialogstart"));
    scene.freeze(dead);
    await s.rig.pass(RECOVERED_MS);
    assert.ok(alive.commands.includes("dialogstart"), alive.commands.join());
    await scene.close();
  });

  test("a treatment begins again for the caller who waits", async () => {
    const point = { dn: "8000", type: "routing-point", treatment: "music", routeTimeoutMs: 60_000 } as const;
    const scene = await Scene.of(point, ...dns);
    const { s } = scene;
    s.rig.watched.add("8000");
    await s.dial("7002", "8000");
    const [dead, alive] = [scene.home, scene.other];
    scene.freeze(dead);
    await s.rig.pass(RECOVERED_MS);
    assert.deepEqual(alive.commands, ["createconference", "join", "dialogstart"]);
    assert.equal(scene.hears("7002"), `${scene.nameOf(alive)} sendrecv`);
    await scene.close();
  });

  test("a phone that refuses: the call stays up, directly, and R23 says why", async () => {
    const scene = await Scene.of();
    const { s } = scene;
    await s.dial("7002", "7001");
    const dead = scene.home;
    s.phone("7002").refusingOffers = 488;
    scene.freeze(dead);
    await s.rig.pass(RECOVERED_MS);
    assert.equal(scene.hears("7001"), "7002 sendrecv");
    assert.equal(s.phone("7002").up.length, 1);
    assert.equal(s.rig.last?.recording.state, "Off");
    const extensions = s.last("EventPrivateInfo", "7001")["Extensions"] as Record<string, unknown>;
    assert.match(String(extensions["reason"]), /phone-refused-move \(488/);
    await scene.close();
  });

  test("a phone that refuses in a conference: the others go on at the other one", async () => {
    const scene = await Scene.of();
    const { s } = scene;
    await s.dial("7002", "7001");
    assert.equal(
      await s.ask(s.rig.switch.singleStep("conference", s.connId(1), "7001", { to: "7003", userData: {} })),
      "done",
    );
    const [dead, alive] = [scene.home, scene.other];
    s.phone("7002").refusingOffers = 488;
    scene.freeze(dead);
    await s.rig.pass(RECOVERED_MS);
    const name = scene.nameOf(alive);
    assert.deepEqual([scene.hears("7001"), scene.hears("7003")], [`${name} sendrecv`, `${name} sendrecv`]);
    assert.equal(s.rig.last?.recording.state, "On");
    await scene.close();
  });

  test("RFC 3261 14.1: a phone that offers at the same time: 491, then both are at the other one", async () => {
    const scene = await Scene.of();
    const { s } = scene;
    await s.dial("7002", "7001");
    const [dead, alive] = [scene.home, scene.other];
    let glares = 1;
    const [session] = s.phone("7002").up;
    session?.on("reinvite", (incoming) => {
      glares -= 1;
      if (glares >= 0) incoming.respond(491);
    });
    scene.freeze(dead);
    await s.rig.pass(RECOVERED_MS + 4500);
    const name = scene.nameOf(alive);
    assert.deepEqual([scene.hears("7001"), scene.hears("7002")], [`${name} sendrecv`, `${name} sendrecv`]);
    assert.equal(s.rig.last?.recording.state, "On");
    await scene.close();
  });

  test("a phone that does not answer: the other one and the recording are at the other server, the call stays up", async () => {
    const scene = await Scene.of();
    const { s } = scene;
    await s.dial("7002", "7001");
    const [dead, alive] = [scene.home, scene.other];
    s.rig.cutOff.add(7002);
    scene.freeze(dead);
    await s.rig.pass(RECOVERED_MS + 6000);
    assert.equal(scene.hears("7001"), `${scene.nameOf(alive)} sendrecv`);
    assert.equal(s.rig.last?.recording.state, "On");
    assert.equal(s.rig.calls.size, 1);
    s.rig.cutOff.delete(7002);
    await scene.close();
  });

  test("the other one dies too, while the calls come to it, and the first is back: at the first", async () => {
    const scene = await Scene.of();
    const { s } = scene;
    await s.dial("7002", "7001");
    const [dead, alive] = [scene.home, scene.other];
    scene.freeze(dead);
    alive.resulting = false;
    await s.rig.pass(2600);
    scene.wake(dead);
    scene.freeze(alive);
    await s.rig.pass(8000);
    const name = scene.nameOf(dead);
    assert.deepEqual([scene.hears("7001"), scene.hears("7002")], [`${name} sendrecv`, `${name} sendrecv`]);
    assert.equal(s.rig.last?.recording.state, "On");
    await scene.close();
  });

  test("none is left: the phones talk directly, Off, alarm, ledger; when one is back the same recording goes on there", async () => {
    const scene = await Scene.of();
    const { s } = scene;
    await s.dial("7002", "7001");
    const [dead, other] = [scene.home, scene.other];
    const id = dead.recorder[0]?.params.get("id");
    for (const resource of s.rig.resourceManager.resources) resource.up = false;
    scene.freeze(dead);
    await s.rig.pass(RECOVERED_MS);
    assert.deepEqual([scene.hears("7001"), scene.hears("7002")], ["7002 sendrecv", "7001 sendrecv"]);
    assert.equal(s.rig.last?.recording.state, "Off");
    assert.ok(s.rig.alarms.length > 0);
    assert.match(s.rig.ledger.at(-1) ?? "", /^ledger partial 7001 media-server-lost/);
    const extensions = s.last("EventPrivateInfo", "7001")["Extensions"] as Record<string, unknown>;
    assert.equal(extensions["result"], "failed");
    await s.rig.pass(6000);
    for (const resource of s.rig.resourceManager.resources)
      resource.up = resource.uri !== `sip:127.0.0.1:${scene.portOf(dead)}`;
    await s.rig.pass(6000);
    const name = scene.nameOf(other);
    assert.deepEqual([scene.hears("7001"), scene.hears("7002")], [`${name} sendrecv`, `${name} sendrecv`]);
    const again = other.recorder.at(-1);
    assert.equal(again?.params.get("id"), id);
    assert.ok((again?.epoch ?? 0) > 1);
    assert.equal(s.rig.last?.recording.state, "On");
    await scene.close();
  });

  test("none is left for a conference: when one is back its parties hear each other again", async () => {
    const scene = await Scene.of({ dn: "7001" }, { dn: "7002" }, { dn: "7003" });
    const { s } = scene;
    await s.dial("7002", "7001");
    assert.equal(
      await s.ask(s.rig.switch.singleStep("conference", s.connId(1), "7001", { to: "7003", userData: {} })),
      "done",
    );
    const [dead, other] = [scene.home, scene.other];
    for (const resource of s.rig.resourceManager.resources) resource.up = false;
    scene.freeze(dead);
    await s.rig.pass(RECOVERED_MS);
    assert.equal(s.rig.calls.size, 1);
    for (const resource of s.rig.resourceManager.resources)
      resource.up = resource.uri !== `sip:127.0.0.1:${scene.portOf(dead)}`;
    await s.rig.pass(6000);
    const name = scene.nameOf(other);
    for (const dn of ["7001", "7002", "7003"]) assert.equal(scene.hears(dn), `${name} sendrecv`, dn);
    await scene.close();
  });

  test("it wakes up: its legs get BYE, and what it says about the recording counts nothing", async () => {
    const scene = await Scene.of();
    const { s } = scene;
    await s.dial("7002", "7001");
    const [dead, alive] = [scene.home, scene.other];
    scene.freeze(dead);
    await s.rig.pass(RECOVERED_MS);
    assert.equal(dead.up.length, 2);
    scene.wake(dead);
    const id = dead.recorder[0]?.params.get("id") ?? "";
    dead.event("recorder.failed", [
      ["id", id],
      ["epoch", "1"],
      ["reason", "recorder-lost"],
    ]);
    await s.rig.pass(8000);
    assert.equal(dead.up.length, 0);
    const name = scene.nameOf(alive);
    assert.deepEqual([scene.hears("7001"), scene.hears("7002")], [`${name} sendrecv`, `${name} sendrecv`]);
    assert.equal(s.rig.last?.recording.state, "On");
    await scene.close();
  });

  test("a call that ends meanwhile leaves nothing at either", async () => {
    const scene = await Scene.of();
    const { s } = scene;
    const call = await s.dial("7002", "7001");
    const dead = scene.home;
    scene.freeze(dead);
    await s.rig.pass(2201);
    call.terminate();
    await scene.close();
  });
});
