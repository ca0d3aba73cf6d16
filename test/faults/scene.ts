// A topology with recorded calls up on it, phones whose voices are numbered, and a desktop that watches the agents.
import assert from "node:assert/strict";
import { systemClock } from "@sidetone/foundation";
import {
  type Arrivals,
  type ConfigTree,
  legGap,
  type LegGap,
  type PartName,
  PhoneLoad,
  startTopology,
  talk,
  type Topology,
  type TopologyOptions,
  until,
} from "@sidetone/testing";
import { Desktop } from "./desktop.ts";
import { type Cables, HOME } from "./networks.ts";
import { type StoredCall, storedCalls } from "./stored.ts";

/** What a scene is made of. */
export interface SceneOptions extends Omit<TopologyOptions, "hostOf"> {
  /** Recorded calls; customer 7301 calls agent 7201, and so on. */
  readonly calls: number;
  /** More pairs of phones, for calls that are made later. */
  readonly spare?: number;
  /** Parts that come only when the calls are up: so all calls are at the others. */
  readonly afterCalls?: readonly PartName[];
  /** So many short calls of every spare pair are over before: the parts that came last have been at work, as in a group in service. */
  readonly earlierCalls?: number;
  /** Networks of some parts; removed with the scene. */
  readonly cables?: Cables;
}

/** One leg after a fault. */
export interface Leg extends LegGap {
  readonly dn: string;
  readonly up: boolean;
  /** Changes of its media that the phone was asked for since the fault. */
  readonly offers: number;
}

/** A call as `GET /api/v1/calls` shows it, as far as the faults need it. */
interface CallView {
  readonly connId: string;
  readonly parties: readonly { readonly dn: string }[];
  readonly recording: { readonly state: string; readonly id: string | null };
}

/** First phones' RTP and SIP ports, below the runner's ephemeral ports and above the product's. */
const PHONE_SIP = 33_000;
const PHONE_RTP = 34_000;
const DOMAIN = "sidetone.local";

/** Agent of pair `n`. */
export const agentOf = (n: number): string => String(7201 + n);
/** Customer of pair `n`. */
export const customerOf = (n: number): string => String(7301 + n);

/** Wall clock, µs. */
export function now(): number {
  return systemClock.wallMicros();
}

/** Waits until this many ms after an instant have passed. */
export async function untilAfter(micros: number, ms: number): Promise<void> {
  await talk(Math.max(0, ms - (now() - micros) / 1000));
}

export class Scene {
  readonly topology: Topology;
  readonly load: PhoneLoad;
  readonly desktop: Desktop;
  readonly calls: number;
  readonly #cables: Cables | undefined;
  /** Recording id → pair. */
  readonly recordingIds = new Map<string, number>();
  /** Recordings of calls that were over before; not judged. */
  readonly #earlier = new Set<string>();
  readonly #pairs: number;

  private constructor(topology: Topology, load: PhoneLoad, desktop: Desktop, o: SceneOptions) {
    this.topology = topology;
    this.load = load;
    this.desktop = desktop;
    this.calls = o.calls;
    this.#cables = o.cables;
    this.#pairs = o.calls + (o.spare ?? 0);
  }

  /** Starts everything, makes the calls, and is over when all are up, recorded, and heard on both sides. */
  static async open(o: SceneOptions): Promise<Scene> {
    const pairs = o.calls + (o.spare ?? 0);
    const phones = [agentOf, customerOf].flatMap((of) => Array.from({ length: pairs }, (_, n) => of(n)));
    const own: ConfigTree = {
      dns: Object.fromEntries(
        phones.map((dn) => [dn, { type: "extension", password: `demo-${dn}`, record: dn.startsWith("72") }]),
      ),
      ...(o.cables === undefined ? {} : { "plain-ws": true }),
      applications: {
        desk: { password: "demo-desk", grants: [{ dns: "7*", rights: ["monitor", "control", "userdata", "record"] }] },
      },
    };
    const given = o.config ?? {};
    const { cables } = o;
    const networks =
      cables === undefined
        ? {}
        : {
            hostOf: (name: PartName) => cables.hostOf(name),
            wrap: (name: PartName) => [...cables.wrap(name), ...(o.wrap?.(name) ?? [])],
          };
    const topology = await startTopology({
      console: false,
      ...o,
      ...networks,
      config: { ...given, "sip-server": { ...own, ...given["sip-server"] } },
      later: [...(o.later ?? []), ...(o.afterCalls ?? [])],
    });
    let load: PhoneLoad | undefined;
    let desktop: Desktop | undefined;
    try {
      load = await PhoneLoad.open({
        host: topology.local ? "127.0.0.1" : HOME,
        sipPort: PHONE_SIP,
        rtpPort: PHONE_RTP,
        server: topology.sip,
        domain: DOMAIN,
        phones: phones.map((dn) => ({ dn, password: topology.passwordOf(dn) })),
      });
      assert.deepEqual(await load.register(), [], "phones that could not register");
      desktop = await Desktop.open(
        topology,
        Array.from({ length: pairs }, (_, n) => agentOf(n)),
      );
      const scene = new Scene(topology, load, desktop, o);
      for (let n = 0; n < o.calls; n += 1) await scene.dial(n);
      await scene.recorded(Array.from({ length: o.calls }, (_, n) => n));
      for (const name of o.afterCalls ?? []) await topology.start([name]);
      for (let round = 0; round < (o.earlierCalls ?? 0); round += 1) await scene.#callEarlier();
      await scene.hearsAll();
      await talk(1000); // what is judged begins half a second before a fault: by then all must have been well
      return scene;
    } catch (error) {
      desktop?.close();
      await load?.close();
      topology.dispose();
      cables?.remove();
      throw error;
    }
  }

  /** One short recorded call of every spare pair. */
  async #callEarlier(): Promise<void> {
    const pairs = Array.from({ length: this.#pairs - this.calls }, (_, n) => this.calls + n);
    for (const n of pairs) await this.dial(n);
    await this.recorded(pairs);
    for (const [id, n] of this.recordingIds) {
      if (n < this.calls) continue;
      this.recordingIds.delete(id);
      this.#earlier.add(id);
    }
    for (const n of pairs) await this.load.bye(customerOf(n));
    await until(async () => (await this.views()).length === this.calls, 5000);
  }

  /** Everything ends; the topology's output stays readable. */
  async close(): Promise<void> {
    this.desktop.close();
    await this.load.close();
    this.topology.dispose();
    this.#cables?.remove(); // last: connections over a network that is gone never end
  }

  /** The last warnings of all parts, for a failed test's message. */
  get warnings(): string {
    const lines = this.topology.output().split("\n");
    const found = lines.filter((line) => line.startsWith("{") && !line.startsWith('{"level":"info"'));
    // Of the same message one is enough.
    const kinds = Map.groupBy(
      found,
      (line) => /"role":"[^"]*"/.exec(line)?.[0] + (/"msg":"[^"]*"/.exec(line)?.[0] ?? ""),
    );
    return Array.from(kinds.values(), (same) => `${same.length} × ${same[0] ?? ""}`).join("\n");
  }

  /** Number by which a phone's voice is known. */
  speaker(dn: string): number {
    const n = Number(dn) % 100;
    return dn.startsWith("72") ? n - 1 : this.#pairs + n - 1;
  }

  /** Phones of calls `0` to `calls - 1`, agents and customers. */
  get legs(): string[] {
    return Array.from({ length: this.calls }, (_, n) => [agentOf(n), customerOf(n)]).flat();
  }

  /** The other party of a phone. */
  partner(dn: string): string {
    return dn.startsWith("72") ? dn.replace("72", "73") : dn.replace("73", "72");
  }

  /** Customer `n` calls agent `n`. */
  async dial(n: number, patienceMs = 10_000): Promise<void> {
    const status = await this.load.call(customerOf(n), agentOf(n), patienceMs);
    assert.equal(status, 200, `call of ${customerOf(n)} to ${agentOf(n)}`);
  }

  /** Waits until the calls of these pairs say that they are recorded, and notes their ids. */
  async recorded(pairs: readonly number[], timeoutMs = 15_000): Promise<void> {
    let missing: string[] = [];
    const all = await until(async () => {
      const views = await this.views();
      missing = [];
      for (const n of pairs) {
        const view = views.find(({ parties }) => parties.some(({ dn }) => dn === agentOf(n)));
        const id = view?.recording.id ?? null;
        if (view?.recording.state === "On" && id !== null) this.recordingIds.set(id, n);
        else missing.push(`${agentOf(n)} ${view?.recording.state ?? "no call"}`);
      }
      return missing.length === 0;
    }, timeoutMs);
    assert.ok(all, `not recorded: ${missing.join(", ")}`);
  }

  /** Waits until every phone of the calls has heard its partner for half a second. */
  async hearsAll(legs: readonly string[] = this.legs, timeoutMs = 10_000): Promise<void> {
    let deaf: string[] = [];
    const all = await until(async () => {
      const since = now() - 600_000;
      deaf = [];
      for (const dn of legs) {
        const { speaker } = await this.load.arrivals(dn, since);
        const wanted = this.speaker(this.partner(dn));
        if (speaker.filter((who) => who === wanted).length < 20) deaf.push(dn);
      }
      return deaf.length === 0;
    }, timeoutMs);
    assert.ok(all, `phones that do not hear their partner: ${deaf.join(", ")}`);
  }

  /** Calls that SIP Server has. */
  async views(): Promise<readonly CallView[]> {
    return ((await this.topology.json("sip-server", "/api/v1/calls")) as { calls: CallView[] }).calls;
  }

  /** How every leg came through what happened at `fault`, until `until` (wall clock, µs). */
  async judge(fault: number, until: number, legs: readonly string[] = this.legs): Promise<Leg[]> {
    const states = new Map((await this.load.states()).map((state) => [state.dn, state]));
    const sentAt = await this.load.sentAt();
    const out: Leg[] = [];
    for (const dn of legs) {
      const heard: Arrivals = await this.load.arrivals(dn, fault - 1e6);
      const state = states.get(dn);
      out.push({
        dn,
        ...legGap(heard, this.speaker(this.partner(dn)), fault, until, sentAt),
        up: state?.up ?? false,
        offers: (state?.notes ?? []).filter(({ what, atMicros }) => what === "offer" && atMicros >= fault).length,
      });
    }
    return out;
  }

  /** A call of pair `n` that works: up, heard on both sides, recorded. Fails where one of it is not so in time. */
  async newCall(n: number): Promise<void> {
    await this.dial(n);
    await this.hearsAll([agentOf(n), customerOf(n)]);
    await this.recorded([n]);
  }

  /** Hangs up all calls that are up, and waits until every recorder that runs has closed its recordings. */
  async hangUp(timeoutMs = 15_000): Promise<void> {
    for (const { dn, up } of await this.load.states()) if (up && dn.startsWith("73")) await this.load.bye(dn);
    await talk(500);
    // Agents of a conference are left with each other.
    for (const { dn, up } of await this.load.states()) if (up) await this.load.bye(dn);
    let open: string[] = [];
    const closed = await until(async () => {
      open = (await this.topology.recordings())
        .filter(({ state }) => state === "recording")
        .map(({ at, id }) => `${id} at ${at}`);
      return open.length === 0;
    }, timeoutMs);
    assert.ok(closed, `recordings that are not closed: ${open.join(", ")}`);
  }

  /** What is stored of every call, by what is in the audio. */
  async stored(): Promise<StoredCall[]> {
    const all = await storedCalls(this.topology, (id) => {
      const n = this.recordingIds.get(id);
      if (n === undefined) return undefined;
      return { customer: this.speaker(customerOf(n)), agent: this.speaker(agentOf(n)) };
    });
    return all.filter(({ id }) => !this.#earlier.has(id));
  }

  /** Number of the first frame that was spoken at or after an instant. */
  async frameAt(micros: number): Promise<number> {
    const sentAt = await this.load.sentAt();
    const found = sentAt.findIndex((at) => at >= micros);
    return found < 0 ? sentAt.length : found;
  }

  /** The Media Server at which a phone's voice arrives, by its RTP port; undefined where it is none's. */
  async mediaServerOf(dn: string): Promise<PartName | undefined> {
    const state = (await this.load.states()).find((one) => one.dn === dn);
    const port = state?.farPort ?? 0;
    return this.topology.places.find(
      ({ role, rtp }) => role === "media-server" && rtp !== undefined && port >= rtp[0] && port <= rtp[1],
    )?.name;
  }
}
