import type { Tone } from "../../parts/badge.tsx";
import { clockText } from "../../time.ts";
import type { LiveCall, LiveParty, LiveServer } from "./live-types.ts";

const partyStates: Readonly<Record<string, string>> = {
  dialing: "dials",
  ringing: "rings",
  queued: "waits",
  connected: "talks",
  held: "is on hold",
};

/** What a party does, for people. */
export function partyState({ state }: Pick<LiveParty, "state">): string {
  return partyStates[state] ?? state;
}

/** What people call a party: number, with the agent on it. */
export function partyName({ number, dn, agentId }: Pick<LiveParty, "number" | "dn" | "agentId">): string {
  const name = number === "" ? dn : number;
  return agentId === null ? name : `${name} (agent ${agentId})`;
}

/** Both sides in words, for labels. */
export function partiesText(call: LiveCall): string {
  return call.parties
    .filter(({ dn, kind }) => dn !== call.queue?.dn || kind === "external")
    .map(partyName)
    .join(" and ");
}

/** What the call as a whole does. */
export function callState({ parties, queue }: LiveCall): string {
  if (parties.some(({ state }) => state === "held")) return "on hold";
  if (parties.filter(({ state }) => state === "connected").length > 1) return "talking";
  if (parties.some(({ state }) => state === "ringing")) return "ringing";
  if (queue?.waiting === true) return "in queue";
  return "being set up";
}

const offReasons: Readonly<Record<string, string>> = {
  stopped: "stopped",
  "end-of-call": "the call has ended",
  "party-left": "the recorded party has left",
  "recorder-failed": "the recorder failed",
  "no-recorder": "no recorder takes it",
  "media-server-failed": "the Media Server failed",
};

/** State of a recording, with its cause in words. */
export interface RecordingWords {
  readonly state: "On" | "Paused" | "Off" | "absent";
  readonly text: string;
  readonly cause: string;
  readonly tone: Tone;
}

/** What is recorded of a call, and why. */
export function recordingWords({ recording, parties }: Pick<LiveCall, "recording" | "parties">): RecordingWords {
  const { state, cause, since, by } = recording;
  const at = since === null ? "" : ` ${clockText(since)}`;
  const who = by === null ? "" : ` by ${by.replace(/^user:/, "")}`;
  const configured = parties.filter((party) => party.recorded).map(({ dn }) => dn);
  switch (state) {
    case "On": {
      if (cause === "resumed") return { state, text: "Recording", cause: `resumed${who}${at}`, tone: "live" };
      const why =
        by !== null
          ? `started${who}${at}`
          : configured.length > 0
            ? `configured on ${configured.join(", ")}`
            : `since${at}`;
      return { state, text: "Recording", cause: cause === "recovered" ? `${why}; recovered${at}` : why, tone: "live" };
    }
    case "Paused":
      return { state, text: "Paused", cause: `paused${who}${at}`, tone: "warn" };
    case "Off": {
      const why = cause === null ? "stopped" : (offReasons[cause] ?? cause);
      return {
        state,
        text: "Not recorded any more",
        cause: `${why}${who}${at}`,
        tone: by === null && configured.length > 0 ? "bad" : "plain",
      };
    }
    default:
      return configured.length > 0
        ? { state: "absent", text: "Not recorded yet", cause: `configured on ${configured.join(", ")}`, tone: "plain" }
        : { state: "absent", text: "Not recorded", cause: "no DN of it is configured for recording", tone: "plain" };
  }
}

/** What can be asked of a recording. */
export type RecordingCommand = "start" | "pause" | "resume" | "stop";

/** What makes sense now; the first one is what is most often wanted. Nothing for a call without two parties that talk. */
export function commandsFor({
  recording,
  answeredTime,
}: Pick<LiveCall, "recording" | "answeredTime">): readonly RecordingCommand[] {
  if (recording.state === "On") return ["pause", "stop"];
  if (recording.state === "Paused") return ["resume", "stop"];
  return answeredTime === null ? [] : ["start"];
}

/** What a command is called on its button. */
export const commandWords: Readonly<Record<RecordingCommand, string>> = {
  start: "Record",
  pause: "Pause",
  resume: "Resume",
  stop: "Stop",
};

/** Names of the two sides as the recording has them: left the customer, right the agent. */
export function sideNames({ parties }: Pick<LiveCall, "parties">): readonly [customer: string, agent: string] {
  const agent =
    parties.find(({ recorded }) => recorded) ?? parties.findLast(({ kind }) => kind === "internal") ?? parties.at(-1);
  const customer = parties.find((party) => party !== agent);
  return [customer === undefined ? "Customer" : partyName(customer), agent === undefined ? "Agent" : partyName(agent)];
}

/** Which calls are shown. */
export interface CallFilter {
  /** Part of a DN, number, agent, queue or ConnID. */
  readonly text: string;
  readonly state: "all" | "recording" | "paused" | "not-recorded" | "talking" | "ringing" | "on hold" | "in queue";
}

/** Choices of the filter, with their words. */
export const filterStates: readonly (readonly [CallFilter["state"], string])[] = [
  ["all", "All calls"],
  ["talking", "Talking"],
  ["ringing", "Ringing"],
  ["on hold", "On hold"],
  ["in queue", "In a queue"],
  ["recording", "Recording"],
  ["paused", "Recording paused"],
  ["not-recorded", "Not recorded"],
];

/** Whether a call is shown. */
export function matches(call: LiveCall, { text, state }: CallFilter): boolean {
  const wanted = text.trim().toLowerCase();
  if (wanted !== "") {
    const named = call.parties.flatMap(({ dn, number, agentId }) => [dn, number, agentId ?? ""]);
    const all = [...named, call.ani, call.dnis, call.connId, call.queue?.dn ?? "", call.recording.fileName ?? ""];
    if (!all.some((one) => one.toLowerCase().includes(wanted))) return false;
  }
  switch (state) {
    case "all":
      return true;
    case "recording":
      return call.recording.state === "On";
    case "paused":
      return call.recording.state === "Paused";
    case "not-recorded":
      return call.recording.state !== "On" && call.recording.state !== "Paused";
    case "talking":
    case "ringing":
    case "on hold":
    case "in queue":
      return callState(call) === state;
  }
}

/** What a part of the system is called. */
export const serverKinds: Readonly<Record<LiveServer["kind"], string>> = {
  "media-server": "Media Server",
  recorder: "Recorder",
  "resource-manager": "Resource Manager",
  "sip-server": "SIP Server",
  other: "Resource",
};

/** Bytes for people. */
export function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ""}`;
}
