import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { SidetoneError } from "@sidetone/foundation";
import type { CounterObjects, CounterStart } from "./counter-worker.fixture.ts";
import { openObjects, type WorkerObjects } from "./open-objects.ts";
import { serveObjects } from "./serve-objects.ts";

async function counter(t: TestContext, from = 0): Promise<WorkerObjects<CounterObjects> & { file: string }> {
  const folder = mkdtempSync(join(tmpdir(), "sidetone-worker-calls-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "end");
  const worker = new URL("./counter-worker.fixture.ts", import.meta.url);
  const opened = await openObjects<CounterObjects>({ worker, data: { from, file } satisfies CounterStart, name: "n" });
  t.after(() => opened.close());
  return { ...opened, file };
}

test("methods of several objects are called in their thread", async (t) => {
  const { objects } = await counter(t, 5);
  assert.equal(await objects.counter.add(2), 7);
  assert.equal(await objects.other.name(), "other");
});

test("calls are carried out in their order, also where one takes longer than the next", async (t) => {
  const { objects } = await counter(t);
  const { counter: c } = objects;
  assert.deepEqual(await Promise.all([c.addLater(1), c.add(10), c.addLater(100)]), [1, 11, 111]);
});

test("a SidetoneError comes over whole, another error with its message and code", async (t) => {
  const { objects } = await counter(t);
  await assert.rejects(objects.counter.refuse(), (error) => {
    assert(error instanceof SidetoneError);
    assert.deepEqual(
      [error.code, error.message, error.http, error.remedy, error.exit],
      ["refused", "not this one", 409, "Take another.", undefined],
    );
    return true;
  });
  await assert.rejects(objects.counter.fail(), { name: "Error", message: "disk full", code: "ENOSPC" });
});

test("what cannot be cloned is an error of that call alone", async (t) => {
  const { objects } = await counter(t);
  await assert.rejects(objects.counter.notClonable(), /could not be cloned/);
  await assert.rejects(objects.counter.add((() => 1) as unknown as number), /could not be cloned/);
  assert.equal(await objects.counter.add(1), 1);
});

test("objects that cannot be made: opening rejects with the reason, and no thread is left", async (t) => {
  const before = process.getActiveResourcesInfo().filter((r) => r === "MessagePort").length;
  await assert.rejects(counter(t, -1), { code: "storage-unusable", exit: 1, remedy: "Begin at 0." });
  assert.equal(process.getActiveResourcesInfo().filter((r) => r === "MessagePort").length, before);
});

test("a thread that dies rejects who waits and who comes later", async (t) => {
  const { objects, close } = await counter(t);
  const gone = { code: "worker-ended", http: 503 };
  const died = assert.rejects(objects.counter.die(), gone);
  const behind = assert.rejects(objects.counter.add(1), gone);
  await Promise.all([died, behind]);
  await assert.rejects(objects.counter.add(1), gone);
  await close();
});

test("close waits for what was asked for, lets the objects end, and may be called twice", async (t) => {
  const { objects, close, file } = await counter(t);
  const last = objects.counter.addLater(4);
  await Promise.all([close(), close()]);
  assert.equal(await last, 4);
  assert.equal(readFileSync(file, "utf8"), "closed at 4");
  await assert.rejects(objects.counter.add(1), { code: "worker-ended" });
});

test("a method that is not there is an error, not silence", async (t) => {
  const { objects } = await counter(t);
  const wrong = objects as unknown as { counter: { nothing(): Promise<void> }; nobody: { add(): Promise<void> } };
  await assert.rejects(wrong.counter.nothing(), /no method counter\.nothing/);
  await assert.rejects(wrong.nobody.add(), /no method nobody\.add/);
});

test("objects are served in a worker thread only", () => {
  assert.throws(() => serveObjects(() => ({})), { code: "not-a-worker" });
});
