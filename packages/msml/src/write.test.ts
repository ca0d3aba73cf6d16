import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { type MsmlDocument, playOf, readMsml, writeMsml } from "./index.ts";

const schema = fileURLToPath(new URL("../schema/msml.xsd", import.meta.url));
const xmllint = spawnSync("xmllint", ["--version"]).error === undefined;

const documents: readonly MsmlDocument[] = [
  {
    kind: "request",
    operations: [
      {
        op: "createconference",
        name: "c1",
        deleteWhen: "never",
        term: true,
        audiomix: { id: "m", sampleRate: 8000, nLoudest: 3 },
      },
      { op: "join", id1: "conn:a", id2: "conf:c1", streams: [], mark: "one" },
      { op: "join", id1: "conn:b", id2: "conf:c1", streams: [{ media: "audio", dir: "from-id1" }] },
      { op: "unjoin", id1: "conn:*", id2: "conf:c1", streams: [] },
      {
        op: "modifyconference",
        id: "conf:c1",
        recorder: {
          state: "start",
          initial: "paused",
          backfillMs: 35,
          epoch: 2,
          params: new Map([["id", "r<1>"]]),
          userParams: new Map([["über", 'a "quoted" & odd\nvalue']]),
          streams: [{ label: "1", side: "customer", conn: "conn:a", aor: "sip:a@example", dn: "7", name: "Zoë" }],
        },
      },
      {
        op: "modifyconference",
        id: "conf:c1",
        recorder: { state: "stop", params: new Map(), userParams: new Map(), streams: [] },
      },
      {
        op: "dialogstart",
        target: "conn:a",
        name: "moh",
        content: {
          kind: "inline",
          script: [
            playOf(["file:///a.wav", "file:///b.wav"], {
              iterate: -1,
              intervalMs: 20,
              maxTimeMs: 90_000,
              capture: true,
            }),
          ],
        },
        mark: "play",
      },
      {
        op: "dialogstart",
        target: "conn:b",
        content: { kind: "inline", script: [playOf(["file:///a.wav"], { iterate: 2 })] },
      },
      { op: "dialogend", id: "conn:a/dialog:moh" },
      { op: "destroyconference", id: "conf:c1", mark: "end" },
    ],
  },
  { kind: "result", result: { response: 200, confIds: ["conf:c1"], dialogIds: [], recorderIds: ["r1"] } },
  {
    kind: "result",
    result: {
      response: 430,
      mark: "one",
      description: "conn:x <is> unknown",
      confIds: [],
      dialogIds: [],
      recorderIds: [],
    },
  },
  {
    kind: "event",
    event: {
      name: "recorder.failed",
      id: "conf:c1",
      values: [
        ["id", "r1"],
        ["reason", "486 Busy Here"],
      ],
    },
  },
  { kind: "event", event: { name: "msml.conf.nomedia", id: "conf:c1", values: [] } },
];

test("what is written is read back the same", () => {
  for (const doc of documents) {
    const read = readMsml(writeMsml(doc));
    assert.ok(read.ok, read.ok ? "" : read.error.description);
    assert.deepEqual(read.value, doc);
  }
});

test("what is written is valid against our schema", { skip: xmllint ? false : "xmllint is not installed" }, () => {
  for (const doc of documents) {
    const text = writeMsml(doc);
    const run = spawnSync("xmllint", ["--noout", "--nonet", "--schema", schema, "-"], {
      input: text,
      encoding: "utf8",
    });
    assert.equal(run.status, 0, `${text}\n${run.stderr}`);
  }
});

test("the schema refuses what the reader refuses", { skip: xmllint ? false : "xmllint is not installed" }, () => {
  const head = '<msml version="1.1" xmlns:rec="urn:sidetone:msml:recorder:1">';
  for (const inner of [
    "<frob/>",
    "<join id1='conn:a'/>",
    "<join id1='conn:*' id2='conf:b'/>",
    "<modifyconference id='conf:a'><rec:recorder state='begin'/></modifyconference>",
    "<createconference deletewhen='later'/>",
  ]) {
    const text = `${head}${inner}</msml>`;
    assert.equal(readMsml(text).ok, false, inner);
    const run = spawnSync("xmllint", ["--noout", "--nonet", "--schema", schema, "-"], {
      input: text,
      encoding: "utf8",
    });
    assert.notEqual(run.status, 0, inner);
  }
});
