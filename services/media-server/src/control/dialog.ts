import {
  type DialogEnd,
  type DialogStart,
  dialogRef,
  instanceOf,
  isConfRef,
  partsOfDialog,
  type Play,
} from "@sidetone/msml";
import type { ExecutionContext } from "./execute.ts";
import { OperationFailed } from "./failure.ts";
import type { WorkingCopy } from "./working-copy.ts";

const SCHEME = "file:///";

/** RFC 5707 9.6.1: a play on a connection; one at a time. Returns the dialog's id. */
export function executeDialogStart(
  copy: WorkingCopy,
  { target, name, content }: DialogStart,
  context: ExecutionContext,
): string {
  if (isConfRef(target))
    throw new OperationFailed(440, `<dialogstart target="${target}">: a conference cannot be played to`);
  const connection = copy.connection(instanceOf(target));
  if (connection === undefined) throw new OperationFailed(430, `${target} does not exist`);
  const dialog = name ?? context.newName();
  if (connection.dialog === dialog) throw new OperationFailed(431, `${dialogRef(connection.tag, dialog)} exists`);
  if (connection.dialog !== undefined) {
    throw new OperationFailed(
      444,
      `${target} is played something already: ${dialogRef(connection.tag, connection.dialog)}`,
    );
  }
  const [step, second] = content.kind === "inline" ? content.script : [];
  if (step?.kind !== "play" || second !== undefined) throw new OperationFailed(402, "<dialogstart> takes one <play>");
  const { barge, initial, offsetMs, onExit } = step;
  if (barge || initial === "suspend" || offsetMs !== undefined) {
    throw new OperationFailed(407, "<play> with barge, offset or initial is not served");
  }
  if (onExit.length > 0) throw new OperationFailed(402, "<playexit> is not served");
  const files = filesOf(step);
  copy.putConnection({ ...connection, dialog });
  copy.effects.push({ kind: "play", tag: connection.tag, dialog, files, play: step });
  return dialogRef(connection.tag, dialog);
}

/** RFC 5707 9.6.2. */
export function executeDialogEnd(copy: WorkingCopy, { id }: DialogEnd): void {
  const parts = partsOfDialog(id);
  const connection = parts === undefined ? undefined : copy.connection(parts.tag);
  if (connection?.dialog === undefined || connection.dialog !== parts?.name) {
    throw new OperationFailed(430, `${id} does not exist`);
  }
  copy.putConnection({ ...connection, dialog: undefined });
  copy.effects.push({ kind: "end-play", tag: connection.tag, dialog: connection.dialog });
}

function filesOf({ media }: Play): string[] {
  return media.map((clip) => {
    if (clip.kind !== "audio") throw new OperationFailed(402, `<${clip.kind}> is not served`);
    return fileOf(clip.uri);
  });
}

/**
 * The file of a URI: one in the folder of prompts itself. Whatever could lead elsewhere (a path, a host, an escape) is no name of a file
 * there.
 */
function fileOf(uri: string): string {
  const name = uri.startsWith(SCHEME) ? uri.slice(SCHEME.length) : "";
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(name)) {
    throw new OperationFailed(
      410,
      `<audio uri="${uri.slice(0, 128)}">: expected file:///NAME of a file among the prompts`,
    );
  }
  return name;
}
