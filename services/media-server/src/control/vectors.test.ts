import assert from "node:assert/strict";
import { test } from "node:test";
import { dialogOf, type MsmlOperation, type MsmlResult, readMsml } from "@sidetone/msml";
import { loadVectors } from "../../../../packages/msml/vectors/load.ts";
import { contextOf, execute, storeOf } from "../../test-support/executor.ts";
import type { ControlStore } from "../server/control-store.ts";
import { promptOf } from "./index.ts";

/** Resources of the vectors that want there to be too few. */
const few = { conferences: 100, dialogs: 100, taps: 100 };

/** A document as the server takes it: read as a whole, then executed. */
function take(store: ControlStore, body: Uint8Array, dialog: string): MsmlResult {
  const read = readMsml(body);
  const nothing = { confIds: [], dialogIds: [], recorderIds: [] };
  if (!read.ok) return { ...nothing, response: read.error.response, description: read.error.description };
  if (read.value.kind !== "request") return { ...nothing, response: 400, description: "no request" };
  const { operations } = read.value;
  const context = contextOf({
    dialog,
    free: few,
    // As the server: what a dialog of the client runs is known when it has begun.
    running: () => ({ primitive: "record", runsNow: () => true }),
    refusedSource: (uri) => (uri.startsWith("file:") && promptOf(uri) === undefined ? "no prompt" : undefined),
  });
  const { result } = execute(store, operations, context);
  ended(store, operations);
  return result;
}

/** A dialog that was told to end has ended by the next document. */
function ended(store: ControlStore, operations: readonly MsmlOperation[]): void {
  for (const operation of operations) {
    if (operation.op !== "dialogend") continue;
    for (const object of [...store.connections(), ...store.conferences()]) {
      const root = "tag" in object ? (`conn:${object.tag}` as const) : (`conf:${object.name}` as const);
      for (const name of object.dialogs.keys()) if (dialogOf(root, name) === operation.id) store.endDialog(root, name);
    }
  }
}

/** The other groups are about reading: their objects need not be there. */
const executed = [
  ...loadVectors(["execution", "recorder", "response-codes"]),
  ...loadVectors(["lenient", "rfc5707"]).filter(({ expect }) => expect.response !== 200),
].filter(({ kind }) => kind === "request");

for (const vector of executed) {
  const { expect } = vector;
  test(`vector ${vector.id}: ${expect.title}`, () => {
    const tags = expect.connections ?? [];
    const store = storeOf(...tags);
    const dialog = tags[0] ?? "control";
    const before = vector.before.map((body) => take(store, body, dialog).response);
    assert.deepEqual(
      before,
      vector.before.map((_, index) => expect.beforeResponses?.[index] ?? 200),
      "what goes before",
    );
    const result = take(store, vector.body, dialog);
    assert.equal(result.response, expect.response, result.description);
    assert.equal(result.mark, expect.mark, "mark");
    if (expect.confIds !== undefined) assert.equal(result.confIds.length, expect.confIds);
    if (expect.dialogIds !== undefined) assert.equal(result.dialogIds.length, expect.dialogIds);
    if (expect.recorderIds !== undefined) assert.equal(result.recorderIds.length, expect.recorderIds);
  });
}
