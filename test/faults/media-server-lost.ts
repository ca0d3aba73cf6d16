// Issue: what becomes of the calls of a Media Server that dies, hangs or is cut off (R30). Used by test and benchmark.
import type { Topology } from "@sidetone/testing";
import { type RecordingOutcome, recordingOutcomes } from "./outcome.ts";
import { agentOf, type Leg, now, type Scene, untilAfter } from "./scene.ts";

/** How a part is lost. */
export type Loss = "kill" | "freeze" | "cut";

/** Within what a call has two-way audio and is recording again, ms. */
export const RECOVERY_MS: Readonly<Record<Loss, number>> = { kill: 1000, freeze: 4000, cut: 4000 };

/** What happened. */
export interface LossOutcome {
  readonly legs: readonly Leg[];
  readonly recordings: readonly RecordingOutcome[];
  /** Legs in the seconds after a frozen or cut off server was back; empty after a kill. */
  readonly afterReturn: readonly Leg[];
  /** What desktops should have been told and were not. */
  readonly untold: readonly string[];
}

/** Takes a part away, and brings it back where it is not dead. `at` is the instant, wall clock µs. */
export interface Fault {
  readonly loss: Loss;
  readonly begin: (topology: Topology) => Promise<void> | void;
  readonly end?: (topology: Topology) => Promise<void> | void;
}

/** The fault of a part by signals; a cut is made by the caller's cables. */
export function faultOf(name: string, loss: "kill" | "freeze"): Fault {
  if (loss === "kill") return { loss, begin: (topology) => topology.kill(name) };
  return { loss, begin: (topology) => topology.freeze(name), end: (topology) => topology.thaw(name) };
}

/** What the agents' desktops should know at the end and do not: an EventPrivateInfo about the break, and `GSIP_RECORD` On. */
async function untold(scene: Scene, fault: number): Promise<string[]> {
  const views = await scene.views();
  return Array.from({ length: scene.calls }, (_, n) => agentOf(n)).flatMap((dn) => {
    const found: string[] = [];
    const told = scene.desktop.privateInfo(dn, fault);
    if (!told.some((extensions) => "result" in extensions && "reason" in extensions))
      found.push(`${dn}: no EventPrivateInfo 3013 with result and reason, but ${JSON.stringify(told)}`);
    const last = scene.desktop.indications(dn).at(-1);
    if (last !== "On") found.push(`${dn}: the last GSIP_RECORD told is ${last}`);
    const state = views.find(({ parties }) => parties.some((party) => party.dn === dn))?.recording.state;
    if (state !== "On") found.push(`${dn}: the call says ${state ?? "nothing: there is none"}`);
    return found;
  });
}

/**
 * All calls of the scene are at the Media Server that is lost. The legs are judged for the recovery's limit and 4 s more; a server that
 * was not killed comes back then, and must do no harm for 3 s.
 */
export async function mediaServerLost(scene: Scene, fault: Fault): Promise<LossOutcome> {
  const at = now();
  await fault.begin(scene.topology);
  await untilAfter(at, RECOVERY_MS[fault.loss] + 4000);
  const until = now() - 200_000; // what is on its way is not missing
  const legs = await scene.judge(at, until);
  let afterReturn: Leg[] = [];
  if (fault.end !== undefined) {
    const back = now();
    await fault.end(scene.topology);
    await untilAfter(back, 3000);
    afterReturn = await scene.judge(back, now() - 200_000);
  }
  const missed = await untold(scene, at);
  const end = now();
  await untilAfter(end, 500);
  await scene.hangUp();
  const recordings = await recordingOutcomes(scene, at, end - 200_000);
  return { legs, recordings, afterReturn, untold: missed };
}

/** Recordings that are not as R30 wants them: one entry, going on in time, its gap told to the millisecond that is measured. */
export function recordingProblems(recordings: readonly RecordingOutcome[], calls: number, limitMs: number): string[] {
  const found: string[] = [];
  if (recordings.length !== calls) found.push(`${recordings.length} recordings of ${calls} calls`);
  for (const { id, rows, customer, agent, strange, gaps } of recordings) {
    if (rows.length > 1) found.push(`${id} is more than one entry: ${rows.join(", ")}`);
    if (rows.some((row) => row.endsWith("failed"))) found.push(`${id}: ${rows.join(", ")}`);
    if (strange > 0) found.push(`${id}: ${strange} blocks of voices that do not belong there`);
    for (const [side, channel] of Object.entries({ customer, agent })) {
      if (channel.backAfterMs > limitMs)
        found.push(`${id}, ${side}: recorded again only ${Math.round(channel.backAfterMs)} ms after the fault`);
      if (Math.abs(channel.shiftMs) > 40) found.push(`${id}, ${side}: the time line is off by ${channel.shiftMs} ms`);
    }
    // A gap ends with the first voice that is back; the other one may be back later.
    const [least, most] = [Math.min(customer.holeMs, agent.holeMs), Math.max(customer.holeMs, agent.holeMs)];
    if (most > 100 && !gaps.some((ms) => ms >= least - 100 && ms <= most + 100))
      found.push(`${id}: holes of ${least} and ${most} ms are stored, told are gaps of ${gaps.join(", ") || "none"}`);
  }
  return found;
}
