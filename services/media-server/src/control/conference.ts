import {
  type AudioMix,
  type CreateConference,
  DEFAULT_SAMPLE_RATE,
  type DestroyConference,
  instanceOf,
  type ModifyConference,
} from "@sidetone/msml";
import { MAX_MEMBERS } from "../limits.ts";
import { OperationFailed } from "./failure.ts";
import { executeRecorder } from "./recorder-command.ts";
import type { Conference, ExecutionContext } from "./state.ts";
import type { WorkingCopy } from "./working-copy.ts";

/** RFC 5707 8.3. Without a mixer it has an audio mixer. Returns the name where the server chose it. */
export function executeCreate(
  copy: WorkingCopy,
  operation: CreateConference,
  context: ExecutionContext,
): string | undefined {
  const name = operation.name ?? context.newName();
  if (copy.conference(name) !== undefined) throw new OperationFailed(432, `conf:${name} exists`);
  const { audiomix } = operation;
  if (audiomix !== undefined) checkMix(audiomix);
  copy.put({
    name,
    deleteWhen: operation.deleteWhen,
    term: operation.term,
    audiomix: audiomix ?? {},
    members: [],
    links: new Map(),
    dialogs: new Map(),
    controlledBy: context.dialog,
    speakersTo: audiomix?.asn === undefined ? undefined : context.dialog,
    recorderDialog: undefined,
    recorder: undefined,
    epoch: 0,
  });
  if (audiomix !== undefined && saysMore(audiomix)) copy.effects.push({ kind: "mix", conference: name, audiomix });
  return operation.name === undefined ? name : undefined;
}

/** RFC 5707 8.4: what is not said stays. Returns the id of a recording that it starts. */
export function executeModify(
  copy: WorkingCopy,
  { id, audiomix, recorder }: ModifyConference,
  context: ExecutionContext,
): string | undefined {
  const conference = existing(copy, id);
  if (audiomix !== undefined) {
    checkMix(audiomix);
    const mixed: Conference = {
      ...conference,
      audiomix: { ...conference.audiomix, ...audiomix },
      speakersTo: audiomix.asn === undefined ? conference.speakersTo : context.dialog,
    };
    copy.put(mixed);
    copy.effects.push({ kind: "mix", conference: mixed.name, audiomix: mixed.audiomix });
  }
  if (recorder === undefined) return undefined;
  const started = executeRecorder(copy, existing(copy, id), recorder, context);
  return recorder.state === "start" ? started : undefined;
}

/** RFC 5707 8.5. Of a conference that has one mixer, removing the mixer ends it (8.1). */
export function executeDestroy(copy: WorkingCopy, { id, audiomix }: DestroyConference): void {
  const conference = existing(copy, id);
  if (audiomix?.id !== undefined && audiomix.id !== conference.audiomix.id) {
    throw new OperationFailed(430, `${id} has no mixer ${audiomix.id}`);
  }
  copy.destroy(conference, "destroyconference");
}

function existing(copy: WorkingCopy, id: ModifyConference["id"]): Conference {
  const conference = copy.conference(instanceOf(id));
  if (conference === undefined) throw new OperationFailed(430, `${id} does not exist`);
  return conference;
}

function checkMix({ sampleRate, nLoudest }: AudioMix): void {
  if (sampleRate !== undefined && sampleRate !== DEFAULT_SAMPLE_RATE) {
    throw new OperationFailed(
      450,
      `<audiomix samplerate="${sampleRate}">: everything is mixed at ${DEFAULT_SAMPLE_RATE}`,
    );
  }
  if (nLoudest !== undefined && nLoudest > MAX_MEMBERS) {
    throw new OperationFailed(521, `<n-loudest n="${nLoudest}">: a conference has at most ${MAX_MEMBERS} members`);
  }
}

/** False where it says what holds without it. */
function saysMore({ nLoudest, asn }: AudioMix): boolean {
  return nLoudest !== undefined || (asn !== undefined && asn.intervalMs > 0);
}
