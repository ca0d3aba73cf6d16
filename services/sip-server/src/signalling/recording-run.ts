import { recordingFilename } from "../identity/index.ts";
import { presentParties } from "../call-model/call.ts";
import { alertToneOf } from "../recording/alert-tone.ts";
import type { RecordingWish } from "../recording/policy.ts";
import type { RecordingMachineState, RecordingParameters } from "../recording/states.ts";
import type { RunSnapshot } from "../restore/call-snapshot.ts";
import type { CallRecordingOptions } from "./call-recording.ts";
import { LedgerLines } from "./ledger-lines.ts";
import { RecordingControl } from "./recording-control.ts";

/** R30: so long a recorder waits for the audio of other calls, ms: well below what a Media Server keeps. */
const RECORDER_WAITS_MS = 1200;

/** One recording of a call, from its start to its end. After a STOP the next START makes another. */
export interface RecordingRun {
  readonly cause: RecordingWish["cause"];
  readonly control: RecordingControl;
  readonly lines: LedgerLines;
  /** Ids of the parties it was started for (R6). */
  readonly flagged: Set<string>;
  readonly facts: RunFacts;
}

/** What tells one recording of a call from another. */
export interface RunFacts {
  readonly cause: RecordingWish["cause"];
  readonly lines: LedgerLines;
  readonly recordingId: string;
  readonly fileName: string;
  readonly recordDn: string;
  readonly flagged: readonly string[];
  readonly dest?: string | undefined;
  readonly dest2?: string | undefined;
  /** Epoch of the recording before it: the conference knows no older one (R30). */
  readonly epoch: number;
  /** How often a silent Media Server is tried again when the media have to be moved there. */
  readonly attempts: number;
  /** R7: of a selective recording, from its start on. */
  readonly parameters?: RecordingParameters | undefined;
  /** R33: how it stood before the restart. */
  readonly before?: RecordingMachineState | undefined;
}

/** A recording of this call, not started yet. */
export function newRun(o: CallRecordingOptions, facts: RunFacts): RecordingRun {
  const { context, log, call, path, apply } = o;
  const { recordingId: id, fileName, lines, epoch } = facts;
  const flagged = new Set(facts.flagged);
  const recordDn = (): string => presentParties(call()).find((party) => flagged.has(party.id))?.dn ?? facts.recordDn;
  const { recorderGroup, secondRecorderGroup } = context.config.options;
  const { dest = groupUri(recorderGroup), dest2 = groupUri(secondRecorderGroup) } = facts;
  const control: RecordingControl = new RecordingControl({
    clock: context.clock,
    log,
    recordingId: id,
    fileName,
    recordDn,
    dest,
    dest2,
    alertTone: () => {
      const dns = presentParties(call()).filter(({ id: party }) => flagged.has(party));
      const wishes = dns.map(({ dn }) => context.config.dns.get(dn)?.alertTone);
      return alertToneOf(context.config.options.recordingAlertTone, wishes);
    },
    epoch,
    call,
    anchor: () => path().anchorForRecording(control.state.accepted ? 1 : facts.attempts),
    anchorNow: () => path().anchor,
    audioFirst: () => context.recoveries.quiet(context.clock, RECORDER_WAITS_MS),
    indicate: (state, cause) => apply({ kind: "recording", state, cause, id, fileName }),
    ledger: (outcome, reason) => lines.resolve(outcome, reason, id),
    alarm: (reason) => context.onAlarm(call(), reason),
    failure: (reason) => apply({ kind: "recording-failed", reason, recordDn: recordDn() }),
    changed: o.changed,
    before: facts.before,
    recovered: (reason, gapMs) => apply({ kind: "recording-recovered", reason, gapMs, recordDn: recordDn() }),
  });
  if (facts.parameters !== undefined) control.input({ kind: "parameters", parameters: facts.parameters });
  return { cause: facts.cause, control, lines, flagged, facts };
}

/** R33: the run as a restarted server needs it. */
export function snapshotOfRun({ cause, control, lines, flagged, facts }: RecordingRun): RunSnapshot {
  const { parameters, ...state } = control.state;
  const { recordDn, dest, dest2 } = facts;
  return {
    cause,
    state,
    parameters: Array.from(parameters),
    flagged: Array.from(flagged),
    recordDn,
    dest,
    dest2,
    lines: lines.snapshot(),
  };
}

/** R33: the run of before the restart; its control is to be resumed. */
export function restoredRun(o: CallRecordingOptions, { state, parameters, ...run }: RunSnapshot): RecordingRun {
  return newRun(o, {
    ...run,
    lines: new LedgerLines(o.context.ledger, o.log, run.lines),
    recordingId: state.id,
    fileName: state.fileName,
    epoch: state.epoch,
    attempts: 1,
    before: { ...state, parameters: new Map(parameters) },
  });
}

/** Whether it runs, or is about to, or waits for a retry. */
export function isLive(run: RecordingRun): boolean {
  return run.control.state.phase !== "stopped";
}

/** R10: how `dest` names a group of the Resource Manager: its name in place of a host. A name that is none means all groups. */
function groupUri(group: string | undefined): string | undefined {
  return group === undefined ? undefined : `sip:${group}`;
}

/** R9: what the template makes of this call now, not yet unique. */
export function nameOf(o: CallRecordingOptions): string {
  const { context, callId, call } = o;
  const { callUuid, connId, ani, dnis, parties } = call();
  return recordingFilename(context.config.options.recordingFilename, {
    uuid: callUuid,
    connId,
    startMicros: context.clock.wallMicros(),
    ani,
    dnis,
    agentDn: parties.find(({ kind }) => kind === "internal")?.dn,
    callId,
  });
}
