import { instanceOf, paramOf, type RecorderCommand } from "@sidetone/msml";
import { isRecordingId } from "@sidetone/siprec";
import { OperationFailed } from "./failure.ts";
import type { Conference, ExecutionContext } from "./state.ts";
import type { WorkingCopy } from "./working-copy.ts";

/**
 * A recorder command of a conference. Pausing what is paused and resuming what records succeed and change nothing but
 * the metadata. Returns the recording's id.
 */
export function executeRecorder(
  copy: WorkingCopy,
  conference: Conference,
  command: RecorderCommand,
  context: ExecutionContext,
): string {
  const id = paramOf(command.params, "id") ?? conference.recorder?.id;
  // R30: of this conference, and of this recording wherever it was met.
  const newest = Math.max(conference.epoch, (id === undefined ? undefined : copy.epochOf(id)) ?? 0);
  const epoch = command.epoch ?? (command.state === "start" ? newest : conference.epoch);
  if (epoch < newest) throw new OperationFailed(410, `epoch ${epoch} is older than ${newest}`);
  checkStreams(copy, command);
  checkTone(command, context);
  const commanded = { ...conference, recorderDialog: context.dialog, epoch };
  if (command.state === "start") return start(copy, commanded, command, context);

  const { recorder } = conference;
  if (recorder === undefined) throw new OperationFailed(430, `conf:${conference.name} has no recorder`);
  if (id !== undefined && id !== recorder.id) {
    throw new OperationFailed(430, `the recorder of conf:${conference.name} is ${recorder.id}, not ${id}`);
  }
  if (command.state === "stop") copy.put({ ...commanded, recorder: undefined });
  else {
    const capture = command.state === "pause" ? "paused" : command.state === "resume" ? "recording" : recorder.capture;
    copy.put({ ...commanded, recorder: { ...recorder, capture, epoch } });
  }
  if (epoch > 0) copy.putEpoch(recorder.id, epoch);
  copy.effects.push({ kind: "recorder", conference: conference.name, id: recorder.id, command });
  return recorder.id;
}

function start(copy: WorkingCopy, conference: Conference, command: RecorderCommand, context: ExecutionContext): string {
  if (conference.recorder !== undefined) {
    throw new OperationFailed(431, `conf:${conference.name} is recorded already, as ${conference.recorder.id}`);
  }
  if (command.streams.length === 0) throw new OperationFailed(403, '<rec:recorder state="start"> needs <rec:stream>');
  const id = paramOf(command.params, "id") ?? context.newName();
  if (!isRecordingId(id)) throw new OperationFailed(410, "id: letters, digits, . _ -, at most 128");
  const capture = command.initial ?? "recording";
  copy.put({ ...conference, recorder: { id, epoch: conference.epoch, capture } });
  if (conference.epoch > 0) copy.putEpoch(id, conference.epoch);
  copy.effects.push({ kind: "recorder", conference: conference.name, id, command });
  return id;
}

function checkStreams(copy: WorkingCopy, command: RecorderCommand): void {
  for (const { conn } of command.streams) {
    if (copy.connection(instanceOf(conn)) === undefined) throw new OperationFailed(430, `${conn} does not exist`);
  }
}

function checkTone({ alertTone }: RecorderCommand, context: ExecutionContext): void {
  if (alertTone === undefined || alertTone === "off" || alertTone.file === undefined) return;
  const why = context.refusedSource(alertTone.file);
  if (why !== undefined) throw new OperationFailed(423, why);
}
