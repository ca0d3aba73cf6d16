import { durationText } from "../../time.ts";
import type { PauseClock } from "./reminder.ts";
import { type AgentCall, othersText, type RecordingShown } from "./workspace-calls.ts";
import type { WorkspaceState } from "./workspace-state.ts";

/** Something to say to who does not see it; urgent: now. */
export interface Announcement {
  readonly text: string;
  readonly urgent: boolean;
}

const stateText: Readonly<Record<string, (who: string) => string>> = {
  Dialing: (who) => `Dialling ${who}.`,
  Connected: (who) => `Talking to ${who}.`,
  Held: (who) => `${who} is on hold.`,
};

/** What has changed and is worth saying; undefined: nothing. */
export function announcement(before: WorkspaceState, after: WorkspaceState): Announcement | undefined {
  const said: string[] = [];
  let urgent = false;
  const say = (text: string, now = false): void => {
    said.push(text);
    urgent ||= now;
  };
  if (after.link.kind !== before.link.kind) {
    if (after.link.kind === "lost") say("The connection is lost. Trying again.", true);
    if (after.link.kind === "up" && before.link.kind === "lost") say("Connected again.");
  }
  for (const call of after.calls.values()) sayCall(before.calls.get(call.connId), call, say);
  if (after.ended !== undefined && after.ended !== before.ended) say(after.ended.text);
  return said.length === 0 ? undefined : { text: said.join(" "), urgent };
}

function sayCall(before: AgentCall | undefined, call: AgentCall, say: (text: string, now?: boolean) => void): void {
  if (before?.state !== call.state) {
    if (call.state === "Alerting") say(`Incoming call from ${othersText(call)}.`, true);
    else {
      const text = stateText[call.state]?.(othersText(call));
      if (text !== undefined) say(text);
    }
  }
  if (before?.recording.state !== call.recording.state && (before !== undefined || call.recording.state !== undefined))
    say(`${recordingText(call.recording)}.`, before !== undefined);
  if (call.recording.failure !== undefined && before?.recording.failure !== call.recording.failure)
    say(`The recording has failed: ${call.recording.failure}.`, true);
}

/** What `GSIP_RECORD` means for people. */
export function recordingText({ state }: RecordingShown): string {
  switch (state) {
    case "On":
      return "Recording on";
    case "Paused":
      return "Recording paused";
    case "Off":
      return "Recording off";
    case undefined:
      return "Not recorded";
    default:
      return `Recording: ${state}`;
  }
}

/** Causes that SIP Server gives; a failure has words of its own. */
const causes: Readonly<Record<string, string>> = {
  started: "started",
  recovered: "goes on after a failure",
  paused: "paused on request",
  resumed: "resumed on request",
  stopped: "stopped on request",
  "party-left": "the recorded party has left",
};

/** Why it is so; undefined where T-Library has not said it. */
export function causeText({ cause, failure }: RecordingShown): string | undefined {
  if (failure !== undefined) return `failed: ${failure}`;
  return cause === undefined ? undefined : (causes[cause] ?? cause);
}

/** The reminder of a pause that is too long. */
export function reminderText(clock: PauseClock): string {
  const least = clock.exact ? "" : "at least ";
  const hold = clock.call.state === "Held" ? " The caller is on hold." : "";
  return `The recording of the call with ${othersText(clock.call)} has been paused for ${least}${durationText(clock.pausedMs)}.${hold}`;
}
