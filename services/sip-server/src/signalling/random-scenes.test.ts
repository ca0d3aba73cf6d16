import assert from "node:assert/strict";
import { test } from "node:test";
import { presentParties } from "../call-model/call.ts";
import type { Outcome } from "../t-library/switch.ts";
import { CallScene } from "./call-scene.fixture.ts";

/** The first of the seeds; a scene is repeated by its own. `SIDETONE_SCENES=2000` plays more of them. */
const FIRST_SEED = 5000;
const SCENES = Number(process.env["SIDETONE_SCENES"] ?? "120");
const dns = ["7001", "7002", "7003", "7004"];
const point = { dn: "8000", type: "routing-point", defaultDestination: "7005", routeTimeoutMs: 10_000 } as const;
const nothing = {
  side: undefined,
  disableSource: false,
  disableDestination: false,
  suppress: false,
  parameters: new Map<string, string>(),
};

/** Phones and clients that do anything at any time. */
class RandomScene {
  readonly path: string[] = [];
  readonly #scene: CallScene;
  readonly #random: (below: number) => number;
  /** R30: its two Media Servers die and wake up at any moment. */
  readonly #mortal: boolean;

  constructor(scene: CallScene, random: (below: number) => number, mortal = false) {
    this.#scene = scene;
    this.#random = random;
    this.#mortal = mortal;
  }

  /** A Media Server says nothing any more, or something again. Mostly one is left. */
  async #lifeAndDeath(): Promise<void> {
    const { rig } = this.#scene;
    const resource = rig.resourceManager.resources[this.#random(2)];
    const port = resource?.uri.endsWith("5070") === true ? 5070 : 5072;
    const dead = rig.cutOff.has(port);
    if (!dead && rig.cutOff.size > 0 && this.#random(4) > 0) return;
    this.path.push(`Media Server ${port} ${dead ? "wakes up" : "dies"}`);
    if (dead) rig.cutOff.delete(port);
    else rig.cutOff.add(port);
    // The Resource Manager knows it, or not yet.
    if (resource !== undefined && this.#random(2) === 0) resource.up = dead;
    await rig.pass([0, 300, 2300, 2600, 6000][this.#random(5)] ?? 0);
  }

  /** Everything lives again. */
  revive(): void {
    const { rig } = this.#scene;
    rig.cutOff.clear();
    for (const resource of rig.resourceManager.resources) resource.up = true;
  }

  /** One thing. False: there is no call any more. */
  async next(): Promise<boolean> {
    const { rig } = this.#scene;
    if (this.#mortal && this.#random(3) === 0) await this.#lifeAndDeath();
    const live = rig.calls.controllers().filter(({ over }) => !over);
    const controller = live[this.#random(Math.max(1, live.length))];
    if (controller === undefined) return false;
    const parties = presentParties(controller.call);
    const party = parties[this.#random(parties.length)];
    const to = dns[this.#random(dns.length)];
    if (party === undefined || to === undefined) return false;
    const busy = live.some(({ call }) => presentParties(call).some(({ dn }) => dn === to));
    const others = live.filter(({ call }) => presentParties(call).some(({ dn }) => dn === party.dn));
    const other = others.find((one) => one !== controller)?.call.connId ?? "";
    const what = this.#random(16);
    this.path.push(`${what}: ${party.dn}, ${party.state} in ${controller.call.connId.slice(-3)}, to ${to}`);
    if (what < 3) this.#phone(what, what === 0 ? party.dn : to);
    else await this.#ask(what, { connId: controller.call.connId, dn: party.dn, other, to: busy ? "7777" : to });
    return true;
  }

  #phone(what: number, dn: string): void {
    const phone = this.#scene.phones.get(dn);
    if (what === 0) return phone?.hangUp();
    if (phone === undefined) return;
    phone.answering = !phone.answering;
    const waiting = phone.sessions.filter(({ state, role }) => state === "early" && role === "uas");
    if (phone.answering) for (const session of waiting) phone.answer(session);
  }

  async #ask(what: number, o: { connId: string; dn: string; other: string; to: string }): Promise<void> {
    const { connId, dn, other, to } = o;
    const requests = this.#scene.rig.switch;
    const wish = { to, userData: {} };
    const asked: readonly (() => Promise<Outcome<unknown>>)[] = [
      () => requests.holdCall(connId, dn),
      () => requests.retrieveCall(connId, dn),
      () => requests.consult(connId, dn, { ...wish, onCall: () => undefined }),
      () => requests.complete("transfer", connId, dn, other),
      () => requests.complete("conference", connId, dn, other),
      () => requests.singleStep("transfer", connId, dn, wish),
      () => requests.singleStep("conference", connId, dn, wish),
      () => requests.muteTransfer(connId, dn, wish),
      () => requests.reconnect(connId, dn, other),
      () => requests.alternate(connId, dn, other),
      () => requests.deleteFromConference(connId, dn, to),
      () => requests.releaseCall(connId, dn),
      () => requests.route(connId, "8000", { type: "Direct", to, userData: {}, recording: nothing }),
    ];
    let answered = false;
    void asked[what - 3]?.().then(() => {
      answered = true;
    });
    for (let tries = 0; tries < 50 && !answered; tries += 1) await this.#scene.rig.pass(800);
    assert.ok(answered, "a request was never answered");
  }
}

test(`property: ${SCENES} random scenes: every request answered, events legal, no leg, call or ledger line left`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SCENES; seed += 1) {
    const random = numbersFrom(seed);
    const phones = [...dns, "7005"].map((dn) => ({ dn, record: random(3) === 0 }));
    const s = await CallScene.of(...phones, random(2) === 0 ? { ...point, treatment: "music" } : point);
    s.rig.mediaServer.telling = true;
    s.rig.watched.add(point.dn);
    const scene = new RandomScene(s, random);
    try {
      await s.dial("7001", random(3) === 0 ? point.dn : "7002");
      for (let steps = 0; steps < 14 && (await scene.next()); steps += 1);
      for (let rounds = 0; rounds < 3; rounds += 1) {
        for (const phone of s.phones.values()) for (const session of phone.up) phone.hangUp(session);
        await s.rig.pass(30_000);
      }
      await s.nothingLeft();
      await s.close();
    } catch (error) {
      throw new Error(`seed ${seed}\n${scene.path.join("\n")}\n${s.events.join(" ")}`, { cause: error });
    }
  }
});

test(`property: R30: ${SCENES} random scenes whose Media Servers die and wake up: the same, and no phone has lost its call`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SCENES; seed += 1) {
    const random = numbersFrom(seed);
    const phones = [...dns, "7005"].map((dn) => {
      const media = random(4) === 0 ? ("anchored" as const) : ("direct" as const);
      return { dn, record: random(2) === 0, media };
    });
    const s = await CallScene.withTwo({}, ...phones, random(2) === 0 ? { ...point, treatment: "music" } : point);
    s.rig.mediaServer.telling = true;
    s.rig.secondMediaServer.telling = true;
    s.rig.watched.add(point.dn);
    const scene = new RandomScene(s, random, true);
    try {
      await s.dial("7001", random(3) === 0 ? point.dn : "7002");
      for (let steps = 0; steps < 14 && (await scene.next()); steps += 1);
      scene.revive();
      await s.rig.pass(8000);
      // A call is never dropped because of its Media Server: who is connected in the model has a dialog.
      for (const { call, phones: legs } of s.rig.calls.controllers()) {
        for (const { id, state, dn } of presentParties(call)) {
          const up = legs.get(id)?.session.state;
          assert.ok(state !== "connected" || up === "confirmed", `${dn} is connected, its dialog ${up ?? "nowhere"}`);
        }
      }
      for (let rounds = 0; rounds < 3; rounds += 1) {
        for (const phone of s.phones.values()) for (const session of phone.up) phone.hangUp(session);
        await s.rig.pass(30_000);
      }
      await s.nothingLeft();
      await s.close();
    } catch (error) {
      throw new Error(`seed ${seed}\n${scene.path.join("\n")}\n${s.events.join(" ")}`, { cause: error });
    }
  }
});

/** Numbers below a limit, the same for the same seed. */
function numbersFrom(seed: number): (below: number) => number {
  let state = BigInt(seed);
  return (below) => {
    state = BigInt.asUintN(64, state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n);
    return Number(state >> 33n) % below;
  };
}
