// The losses that are measured and published, each from a fresh system to what was heard and stored.
import { faultOf, type Fault, mediaServerLost, RECOVERY_MS, recordingProblems } from "./media-server-lost.ts";
import { legProblems, type RecordingOutcome, recordingOutcomes } from "./outcome.ts";
import { type Leg, now, Scene, type SceneOptions, untilAfter } from "./scene.ts";

export const lossNames = [
  "media-server-kill",
  "media-server-kill-fresh",
  "media-server-freeze",
  "recorder-kill",
  "recorder-freeze",
  "resource-manager-kill",
  "resource-manager-freeze",
  "sip-server-kill",
] as const;
export type LossName = (typeof lossNames)[number];

/** What one run gives. */
export interface Measured {
  readonly title: string;
  readonly legs: readonly Leg[];
  readonly recordings: readonly RecordingOutcome[];
  /** What the rules forbid. */
  readonly problems: readonly string[];
}

interface Plan {
  readonly title: string;
  readonly part: string;
  readonly options: Omit<SceneOptions, "calls">;
}

/** All calls are at the first one; the second one has had 30 others before, as one that shares the load has. */
const inService = { afterCalls: ["media-server-2"], spare: 10, earlierCalls: 3 } as const;

const plans: Readonly<Record<LossName, Plan>> = {
  "media-server-kill": {
    title: "Media Server, `kill -9`",
    part: "media-server-1",
    options: inService,
  },
  "media-server-kill-fresh": {
    title: "Media Server, `kill -9`; the other one has just started and had no call yet",
    part: "media-server-1",
    options: { afterCalls: ["media-server-2"] },
  },
  "media-server-freeze": {
    title: "Media Server, frozen",
    part: "media-server-1",
    options: inService,
  },
  "recorder-kill": {
    title: "Recorder, `kill -9`, another one in its group",
    part: "recorder-1",
    options: { mediaServers: 1, afterCalls: ["recorder-2"] },
  },
  "recorder-freeze": {
    title: "Recorder, frozen for 8 s",
    part: "recorder-1",
    options: { mediaServers: 1, afterCalls: ["recorder-2"] },
  },
  "resource-manager-kill": { title: "Resource Manager, `kill -9`", part: "resource-manager-1", options: {} },
  "resource-manager-freeze": { title: "Resource Manager, frozen for 8 s", part: "resource-manager-1", options: {} },
  "sip-server-kill": { title: "SIP Server, `kill -9`, started again", part: "sip-server", options: {} },
};

/** Runs one loss with this many calls. */
export async function lossesOf(name: LossName, calls: number): Promise<Measured> {
  const { title, part, options } = plans[name];
  const scene = await Scene.open({ calls, ...options });
  try {
    const fault = faultOf(part, name.endsWith("freeze") ? "freeze" : "kill");
    return {
      title,
      ...(part === "media-server-1" ? await ofMediaServer(scene, fault) : await ofAnother(scene, part, fault)),
    };
  } finally {
    await scene.close();
  }
}

async function ofMediaServer(scene: Scene, fault: Fault): Promise<Omit<Measured, "title">> {
  const { legs, recordings, afterReturn, untold } = await mediaServerLost(scene, fault);
  const limit = RECOVERY_MS[fault.loss];
  const problems = [
    ...legProblems(legs, limit),
    ...recordingProblems(recordings, scene.calls, limit),
    ...legProblems(afterReturn, 0),
    ...untold,
  ];
  return { legs, recordings, problems };
}

/** What no phone may notice: the part is lost for 8 s, or started again at once where it is the only one. */
async function ofAnother(scene: Scene, part: string, fault: Fault): Promise<Omit<Measured, "title">> {
  const at = now();
  await fault.begin(scene.topology);
  if (part === "sip-server") await scene.topology.restart(part);
  await untilAfter(at, 8000);
  if (fault.end !== undefined) await fault.end(scene.topology);
  else if (part !== "sip-server") await scene.topology.restart(part);
  await untilAfter(now(), 2000);
  const until = now() - 300_000;
  const legs = await scene.judge(at, until);
  await scene.hangUp();
  const recordings = await recordingOutcomes(scene, at, until);
  const missing = recordings.flatMap(({ id, customer, agent, rows, events }) =>
    customer.holeMs + agent.holeMs > 0
      ? [
          `${id}: ${customer.holeMs} and ${agent.holeMs} ms are missing, there again ${Math.round(Math.max(customer.backAfterMs, agent.backAfterMs))} ms after the fault; ${rows.join(", ")}; ${events.join(", ")}`,
        ]
      : [],
  );
  return { legs, recordings, problems: [...legProblems(legs, 0), ...missing] };
}
