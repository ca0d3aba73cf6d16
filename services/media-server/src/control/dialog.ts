import {
  type DialogEnd,
  type DialogRecord,
  type DialogStart,
  dialogOf,
  type DialogRef,
  instanceOf,
  isConfRef,
  type Play,
  type Send,
  splitDialog,
} from "@sidetone/msml";
import { needsOf } from "../dialogs/index.ts";
import { MAX_DIALOGS_OF_ONE } from "../limits.ts";
import { OperationFailed } from "./failure.ts";
import type { ControlDialog, ExecutionContext } from "./state.ts";
import type { WorkingCopy } from "./working-copy.ts";

/**
 * RFC 5707 9.6.1: a dialog on a connection or a conference. It begins when the operation is done; what cannot be known before is told by its
 * exit. Returns its id where the server chose its name.
 */
export function executeDialogStart(
  copy: WorkingCopy,
  { target, name: given, content }: DialogStart,
  context: ExecutionContext,
): { readonly id: DialogRef; readonly chosen: boolean } {
  const object = copy.object(target);
  if (object === undefined) throw new OperationFailed(430, `${target} does not exist`);
  const name = given ?? context.newName();
  const id = dialogOf(target, name);
  if (object.dialogs.has(name)) throw new OperationFailed(431, `${id} exists`);
  if (object.dialogs.size >= MAX_DIALOGS_OF_ONE) {
    throw new OperationFailed(444, `${target} has ${MAX_DIALOGS_OF_ONE} dialogs already`);
  }
  if (content.kind === "external") refuse(423, context.refusedSource(content.src));
  else {
    const { plays, records, primitives } = needsOf(content.script);
    for (const play of plays) checkPlay(play, context);
    for (const record of records) checkRecord(record, context);
    if (isConfRef(target)) checkConference(copy, target, records, primitives);
  }
  const dialog: ControlDialog = {
    name,
    startedBy: context.dialog,
    startedAt: context.now,
    ...(content.kind === "external" ? { src: content.src } : {}),
  };
  copy.putDialog(target, dialog, name);
  copy.effects.push({ kind: "start-dialog", root: target, name, content, startedBy: context.dialog });
  return { id, chosen: given === undefined };
}

/** RFC 5707 9.6.2. The dialog is there until its exit is told. */
export function executeDialogEnd(copy: WorkingCopy, { id }: DialogEnd): void {
  const parts = splitDialog(id);
  if (parts === undefined || copy.object(parts.root)?.dialogs.has(parts.name) !== true) {
    throw new OperationFailed(430, `${id} does not exist`);
  }
  copy.effects.push({ kind: "end-dialog", id });
}

/** RFC 5707 7.2. An object itself knows no events; a dialog and what runs in it do. */
export function executeSend(copy: WorkingCopy, { event, target }: Send, context: ExecutionContext): void {
  const { root, dialog, primitive } = target;
  const object = copy.object(root);
  if (object === undefined) throw new OperationFailed(430, `${root} does not exist`);
  if (dialog === undefined) throw new OperationFailed(430, `${root}: an event is for a dialog of it`);
  const id = dialogOf(root, dialog);
  if (!object.dialogs.has(dialog)) throw new OperationFailed(430, `${id} does not exist`);
  const running = context.running(id);
  // RFC 5707 9.8: a primitive must be executing in order to receive an event. One of this very document has not begun yet.
  if (primitive !== undefined && running !== undefined && !running.runsNow(primitive)) {
    throw new OperationFailed(430, `nothing called ${primitive} runs in ${id}`);
  }
  copy.effects.push({ kind: "send", id, event, primitive });
}

function checkPlay({ media }: Play, context: ExecutionContext): void {
  for (const one of media) {
    if (one.kind === "var") {
      if (one.type !== "silence") throw new OperationFailed(402, `<var type="${one.type}"> is not served`);
      continue;
    }
    if (isFile(one.uri) ? promptOf(one.uri) === undefined : !isHttp(one.uri)) {
      throw new OperationFailed(
        410,
        `<audio uri="${one.uri.slice(0, 128)}">: expected file:///NAME of a file among the prompts, or http`,
      );
    }
    refuse(423, context.refusedSource(one.uri));
  }
}

function checkRecord({ dest, audioDest, append }: DialogRecord, context: ExecutionContext): void {
  const to = dest ?? audioDest;
  if (dest !== undefined && audioDest !== undefined && dest !== audioDest) {
    throw new OperationFailed(409, "<record> goes to one place: dest or audiodest");
  }
  // Without one the recorders of the Resource Manager take it.
  if (to !== undefined) refuse(410, context.refusedDestination(to));
  if (append && (to === undefined || !isFile(to))) {
    throw new OperationFailed(410, "<record append> is for files");
  }
}

/** RFC 5707 9.7.2, 9.7.4: a conference has no phone to send keys to, and one recorder. */
function checkConference(
  copy: WorkingCopy,
  target: `conf:${string}`,
  records: readonly DialogRecord[],
  primitives: ReturnType<typeof needsOf>["primitives"],
): void {
  if (primitives.some(({ kind }) => kind === "dtmfgen")) {
    throw new OperationFailed(440, `${target}: keys are sent to a connection`);
  }
  const sessions = records.filter(({ dest, audioDest }) => !isFile(dest ?? audioDest ?? ""));
  const known = copy.conference(instanceOf(target))?.recorder;
  if (sessions.length > 0 && known !== undefined) {
    throw new OperationFailed(431, `${target} is recorded already, as ${known.id}`);
  }
}

function refuse(response: 410 | 423, why: string | undefined): void {
  if (why !== undefined) throw new OperationFailed(response, why);
}

/** True for `file:`. */
export function isFile(uri: string): boolean {
  return uri.slice(0, 5).toLowerCase() === "file:";
}

function isHttp(uri: string): boolean {
  return /^https?:\/\//i.test(uri);
}

/**
 * The file that a `file:` URI names, below the folder that it is taken from; undefined where it could be anything else. `file://NAME`, as the
 * examples of RFC 5707 have it, is the same as `file:///NAME`. Dots at the beginning and escapes are in no name here.
 */
export function promptOf(uri: string): string | undefined {
  const rest = uri.slice(5);
  const named = rest.startsWith("//") && !rest.includes("/", 2) ? rest.slice(2) : undefined;
  const path = rest.startsWith("///") ? rest.slice(3) : named;
  const parts = path?.split("/") ?? [];
  if (parts.length === 0 || parts.length > 8) return undefined;
  return parts.every((part) => /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(part)) ? path : undefined;
}
