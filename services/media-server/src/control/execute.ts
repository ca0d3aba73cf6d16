import { confRef, type ConfRef, type MsmlOperation, type MsmlResult } from "@sidetone/msml";
import { executeDialogEnd, executeDialogStart } from "./dialog.ts";
import { OperationFailed } from "./failure.ts";
import { executeJoin, executeUnjoin } from "./join.ts";
import { executeRecorder } from "./recorder-command.ts";
import type { ControlChanges, ControlEffect, ControlView } from "./state.ts";
import { WorkingCopy } from "./working-copy.ts";

/** Where a request came from, and names for what it leaves unnamed. */
export interface ExecutionContext {
  /** Tag of the dialog that carried it. */
  readonly dialog: string;
  /** A conference name or recording id that nothing else has. */
  newName(): string;
}

/** What came of a request. */
export interface Execution {
  readonly changes: ControlChanges;
  readonly effects: readonly ControlEffect[];
  readonly result: MsmlResult;
}

/**
 * Executes a request on what `view` shows, which stays as it is. RFC 5707 section 5: operations run in document order;
 * the first that fails stops the rest, those before it are not undone, and the result carries the mark of the last
 * that succeeded and had one.
 */
export function executeMsml(
  view: ControlView,
  operations: readonly MsmlOperation[],
  context: ExecutionContext,
): Execution {
  const copy = new WorkingCopy(view);
  const confIds: ConfRef[] = [];
  const recorderIds: string[] = [];
  const dialogIds: string[] = [];
  let mark: string | undefined;
  for (const operation of operations) {
    try {
      executeOne(copy, operation, context, { confIds, dialogIds, recorderIds });
    } catch (error) {
      if (!(error instanceof OperationFailed)) throw error;
      const { response, message: description } = error;
      const marked = mark === undefined ? {} : { mark };
      const result = { response, description, ...marked, confIds, dialogIds, recorderIds };
      return { changes: copy.changes, effects: copy.effects, result };
    }
    mark = operation.mark ?? mark;
  }
  const result: MsmlResult = { response: 200, confIds, dialogIds, recorderIds };
  return { changes: copy.changes, effects: copy.effects, result };
}

function executeOne(
  copy: WorkingCopy,
  operation: MsmlOperation,
  context: ExecutionContext,
  ids: { readonly confIds: ConfRef[]; readonly dialogIds: string[]; readonly recorderIds: string[] },
): void {
  switch (operation.op) {
    case "createconference": {
      const name = operation.name ?? context.newName();
      if (copy.conference(name) !== undefined) throw new OperationFailed(432, `conf:${name} exists`);
      copy.put({
        name,
        deleteWhen: operation.deleteWhen,
        term: operation.term,
        members: [],
        controlledBy: context.dialog,
        recorderDialog: undefined,
        recorder: undefined,
        epoch: 0,
      });
      if (operation.name === undefined) ids.confIds.push(confRef(name));
      return;
    }
    case "destroyconference": {
      const conference = copy.conference(operation.id.slice(5));
      if (conference === undefined) throw new OperationFailed(430, `${operation.id} does not exist`);
      if (operation.audiomix !== undefined)
        throw new OperationFailed(402, "<audiomix> in <destroyconference> is not served");
      copy.destroy(conference, "destroyconference");
      return;
    }
    case "modifyconference": {
      const conference = copy.conference(operation.id.slice(5));
      if (conference === undefined) throw new OperationFailed(430, `${operation.id} does not exist`);
      if (operation.recorder !== undefined) {
        const id = executeRecorder(copy, conference, operation.recorder, context);
        if (operation.recorder.state === "start") ids.recorderIds.push(id);
      }
      return;
    }
    case "join":
      executeJoin(copy, operation);
      return;
    case "unjoin":
      executeUnjoin(copy, operation);
      return;
    case "dialogstart":
      ids.dialogIds.push(executeDialogStart(copy, operation, context));
      return;
    case "dialogend":
      executeDialogEnd(copy, operation);
      return;
    case "send":
    case "modifystream":
    case "monitor":
    case "audit":
      throw new OperationFailed(402, `<${operation.op}> is not served`);
  }
}
