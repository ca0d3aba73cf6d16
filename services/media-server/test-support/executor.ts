import type { MsmlOperation, MsmlResult } from "@sidetone/msml";
import {
  checkResources,
  type ControlEffect,
  executeOperation,
  type ExecutionContext,
  ResultInProgress,
  type RunningDialog,
} from "../src/control/index.ts";
import { ControlStore } from "../src/server/control-store.ts";

/** What came of a request. */
export interface Executed {
  readonly result: MsmlResult;
  readonly effects: readonly ControlEffect[];
}

/** A control store with connections of these tags. */
export function storeOf(...tags: string[]): ControlStore {
  const made = new ControlStore();
  for (const tag of tags) made.add(tag);
  return made;
}

/** A context in which everything is free and allowed; names are `made1`, `made2` ... */
export function contextOf(more: Partial<ExecutionContext> = {}): ExecutionContext {
  let names = 0;
  return {
    dialog: "a",
    now: 0,
    free: { conferences: 100, dialogs: 100, taps: 100 },
    newName: () => `made${++names}`,
    codecOf: () => "PCMU",
    running: (): RunningDialog | undefined => undefined,
    sipOf: () => undefined,
    refusedSource: () => undefined,
    refusedDestination: () => undefined,
    ...more,
  };
}

/** Executes a request as the server does, with nothing to carry out; the store follows. */
export function execute(on: ControlStore, operations: readonly MsmlOperation[], context = contextOf()): Executed {
  const missing = checkResources(on, operations, context);
  const progress = new ResultInProgress();
  if (missing !== undefined) return { result: progress.failed(missing.response, missing.description), effects: [] };
  const effects: ControlEffect[] = [];
  for (const operation of operations) {
    const done = executeOperation(on, operation, context);
    if (!done.outcome.ok) {
      return { result: progress.failed(done.outcome.response, done.outcome.description), effects };
    }
    on.apply(done.changes);
    effects.push(...done.effects);
    progress.succeeded(operation, done.outcome.value);
  }
  return { result: progress.done, effects };
}
