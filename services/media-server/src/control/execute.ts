import { confRef, type AuditResult, type ConfRef, type MsmlOperation, type MsmlResult } from "@sidetone/msml";
import { executeAudit } from "./audit.ts";
import { executeCreate, executeDestroy, executeModify } from "./conference.ts";
import { executeDialogEnd, executeDialogStart, executeSend } from "./dialog.ts";
import { OperationFailed } from "./failure.ts";
import { executeJoin, executeModifyStream, executeMonitor, executeUnjoin } from "./join.ts";
import { missingResource } from "./resources.ts";
import type { ControlChanges, ControlEffect, ControlView, ExecutionContext } from "./state.ts";
import { WorkingCopy } from "./working-copy.ts";

/** What one operation tells the client. */
export interface OperationResult {
  readonly confId?: ConfRef;
  readonly dialogId?: string;
  readonly recorderId?: string;
  readonly audits?: readonly AuditResult[];
}

/** What came of one operation. A failed one has neither changes nor effects (RFC 5707 8.4: all or none). */
export interface ExecutedOperation {
  readonly changes: ControlChanges;
  readonly effects: readonly ControlEffect[];
  readonly outcome:
    | { readonly ok: true; readonly value: OperationResult }
    | { readonly ok: false; readonly response: MsmlResult["response"]; readonly description: string };
}

/** Executes one operation on what `view` shows, which stays as it is. */
export function executeOperation(
  view: ControlView,
  operation: MsmlOperation,
  context: ExecutionContext,
): ExecutedOperation {
  const copy = new WorkingCopy(view);
  try {
    const value = executeOne(copy, operation, context);
    return { changes: copy.changes, effects: copy.effects, outcome: { ok: true, value } };
  } catch (error) {
    if (!(error instanceof OperationFailed)) throw error;
    const { response, message: description } = error;
    return { changes: nothing, effects: [], outcome: { ok: false, response, description } };
  }
}

const nothing: ControlChanges = { connections: new Map(), conferences: new Map(), epochs: new Map() };

/** RFC 5707 section 5: 520 where there is no room for all of a document; then nothing of it runs. */
export function checkResources(
  view: ControlView,
  operations: readonly MsmlOperation[],
  context: ExecutionContext,
): { readonly response: 520; readonly description: string } | undefined {
  const missing = missingResource(view, operations, context.free);
  return missing === undefined ? undefined : { response: 520, description: `there is no room for ${missing}` };
}

/**
 * The result of a document while it is executed: operations run in document order, the first that fails stops the rest,
 * those before it are not undone, and the result carries the mark of the last that succeeded and had one (RFC 5707 section 5).
 */
export class ResultInProgress {
  readonly #confIds: ConfRef[] = [];
  readonly #dialogIds: string[] = [];
  readonly #recorderIds: string[] = [];
  readonly #audits: AuditResult[] = [];
  #mark: string | undefined;

  succeeded(operation: MsmlOperation, { confId, dialogId, recorderId, audits }: OperationResult): void {
    if (confId !== undefined) this.#confIds.push(confId);
    if (dialogId !== undefined) this.#dialogIds.push(dialogId);
    if (recorderId !== undefined) this.#recorderIds.push(recorderId);
    this.#audits.push(...(audits ?? []));
    this.#mark = operation.mark ?? this.#mark;
  }

  get done(): MsmlResult {
    return { response: 200, ...this.#ids() };
  }

  failed(response: MsmlResult["response"], description: string): MsmlResult {
    const marked = this.#mark === undefined ? {} : { mark: this.#mark };
    return { response, description, ...marked, ...this.#ids() };
  }

  #ids(): Pick<MsmlResult, "confIds" | "dialogIds" | "recorderIds" | "audits"> {
    const audits = this.#audits.length === 0 ? {} : { audits: this.#audits };
    return { confIds: this.#confIds, dialogIds: this.#dialogIds, recorderIds: this.#recorderIds, ...audits };
  }
}

function executeOne(copy: WorkingCopy, operation: MsmlOperation, context: ExecutionContext): OperationResult {
  switch (operation.op) {
    case "createconference": {
      const chosen = executeCreate(copy, operation, context);
      return chosen === undefined ? {} : { confId: confRef(chosen) };
    }
    case "destroyconference":
      executeDestroy(copy, operation);
      return {};
    case "modifyconference": {
      const started = executeModify(copy, operation, context);
      return started === undefined ? {} : { recorderId: started };
    }
    case "join":
      executeJoin(copy, operation, context);
      return {};
    case "modifystream":
      executeModifyStream(copy, operation);
      return {};
    case "unjoin":
      executeUnjoin(copy, operation);
      return {};
    case "monitor":
      executeMonitor(copy, operation, context);
      return {};
    case "dialogstart":
      // RFC 5707's examples have it also where the client chose the name.
      return { dialogId: executeDialogStart(copy, operation, context).id };
    case "dialogend":
      executeDialogEnd(copy, operation);
      return {};
    case "send":
      executeSend(copy, operation, context);
      return {};
    case "audit":
      return { audits: executeAudit(copy, operation, context) };
  }
}
