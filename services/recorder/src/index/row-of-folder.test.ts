import assert from "node:assert/strict";
import { test } from "node:test";
import { formatLine, readManifest, type StartLine } from "@sidetone/recording-file";
import { callMetadata } from "../testing-src.ts";
import { rowOfFolder, storedMetadata } from "./row-of-folder.ts";

const start: StartLine = {
  type: "start",
  version: 1,
  id: "r1",
  fileName: "r1",
  callUuid: "JBNIHE6GIL09DCQ7KUREMIUHVC000001",
  connId: undefined,
  copy: 1,
  epoch: 1,
  at: "2026-11-20T09:15:15.000000Z",
  parameters: { listed: "one", only: "uri" },
};

/** The metadata line of a session whose parameters are these now. */
function metadata(userParams: [string, string][]): string {
  const document = storedMetadata(callMetadata({ id: "r1", startMicros: 0, userParams }));
  return formatLine({ type: "metadata", atMs: 0, contentType: "application/rs-metadata+xml", raw: "", document });
}

function parametersOf(...lines: string[]): Readonly<Record<string, string>> {
  const manifest = readManifest(formatLine(start) + lines.join(""));
  const found = rowOfFolder({ path: "", manifest, segments: [], frames: 0 }, "r1")?.document.parameters ?? {};
  return Object.fromEntries(Object.entries(found).filter(([name]) => ["listed", "only", "result"].includes(name)));
}

test("R18: a parameter that PAUSE, RESUME or STOP changed has its last value, whatever the Request-URI said", () => {
  const first = metadata([["listed", "one"]]);
  assert.deepEqual(parametersOf(first), { ...start.parameters });
  const last = metadata([
    ["listed", "two"],
    ["result", "sold"],
  ]);
  assert.deepEqual(parametersOf(first, last), { listed: "two", only: "uri", result: "sold" });
  const header = formatLine({ type: "parameters", atMs: 5, values: { only: "header" } });
  assert.deepEqual(parametersOf(header), { listed: "one", only: "header" });
});
