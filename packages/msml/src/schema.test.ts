import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { loadVectors } from "../vectors/load.ts";
import { anyDocument } from "./documents.fixture.ts";
import { readMsml, writeMsml } from "./index.ts";

const folder = fileURLToPath(new URL("../schema/", import.meta.url));
const ours = `${folder}msml.xsd`;
const theirs = `${folder}rfc5707/msml.xsd`;
const skip = spawnSync("xmllint", ["--version"]).error === undefined ? false : "xmllint is not installed";
const scratch = mkdtempSync(join(tmpdir(), "msml-schema-"));
after(() => {
  rmSync(scratch, { recursive: true });
});

/** The files that a schema refuses, with the first reason. */
function refused(schema: string, files: readonly string[]): Map<string, string> {
  const { stderr, status } = spawnSync("xmllint", ["--nonet", "--noout", "--schema", schema, ...files], {
    encoding: "utf8",
    maxBuffer: 16_777_216,
  });
  assert.notEqual(status, 5, stderr.slice(0, 500)); // the schema itself does not compile
  const lines = stderr.split("\n");
  return new Map(
    files.flatMap((file) => {
      const reason = lines.find((line) => line.startsWith(`${file}:`));
      return lines.includes(`${file} validates`) ? [] : [[file, reason ?? "not read"] as const];
    }),
  );
}

const vectors = loadVectors();
const positive = vectors.filter(
  ({ expect, body }) => expect.strict === undefined && readMsml(body, { mode: "strict" }).ok,
);

test("every vector that strict reading takes is valid in our schema", { skip }, () => {
  assert.ok(positive.length > 60, String(positive.length));
  const reasons = refused(
    ours,
    positive.map(({ file }) => file),
  );
  assert.deepEqual(Array.from(reasons), []);
});

test("the RFC's own schema refuses the RFC's examples where DEFECTS.md says, and takes the others", { skip }, () => {
  const examples = positive.filter(({ id }) => id.startsWith("rfc5707/"));
  const reasons = refused(
    theirs,
    examples.map(({ file }) => file),
  );
  for (const { id, file, expect } of examples) {
    assert.equal(reasons.has(file), expect.defects !== undefined, `${id} ${reasons.get(file) ?? "valid"}`);
  }
});

test("the RFC's own schema refuses what the RFC published and a vector repairs", { skip }, () => {
  const originals = vectors.flatMap(({ id, published, expect }) =>
    published === undefined ? [] : [{ id, file: published.file, defects: expect.published?.defects ?? [] }],
  );
  const reasons = refused(
    theirs,
    originals.map(({ file }) => file),
  );
  for (const { id, file, defects } of originals) assert.equal(reasons.has(file), defects.length > 0, id);
});

test("any document that is written is valid in our schema", { skip }, () => {
  const files = fc.sample(anyDocument, { numRuns: 200, seed: 5707 }).map((document, index) => {
    const file = join(scratch, `any-${index}.xml`);
    writeFileSync(file, writeMsml(document));
    return file;
  });
  assert.deepEqual(Array.from(refused(ours, files)), []);
});

/** What the text of RFC 5707 allows and its schema refuses, by the number in DEFECTS.md. */
const allowed: readonly [defect: string, document: string][] = [
  ["D2", `<send event="pause" target="conn:a"/>`],
  ["D2", `<send event="pause" target="conn:a/dialog:b"/>`],
  ["D2", `<send event="pause" target="conf:a/dialog:b/record"/>`],
  ["D3", `<event name="done" id="conf:a"><name>record.recordid</name><value>file:///a b.wav</value></event>`],
  ["D4", `<event name="msml.conf.nomedia" id="conf:a"/>`],
  ["D5", `<event name="done" id="conn:a"><name>a</name><value>b</value></event>`],
  ["D6", `<modifystream id1="conn:a" id2="conf:b"><stream media="audio"><gain amt="mute"/></stream></modifystream>`],
  ["D7", dialog(`<record format="audio/wav" maxtime="1s">${play()}<recordexit><exit/></recordexit></record>`)],
  ["D9", `<dialogstart target="conn:a" type="application/vnd.radisys.moml+xml" src="http://host/a"/>`],
  ["D10", `<result response="430"><description>no</description><confid>conf:a</confid></result>`],
  ["D11", `<unjoin id1="conn:*" id2="conf:a"/>`],
  ["D11", `<modifystream id1="conf:a" id2="conn:*"><stream media="audio"/></modifystream>`],
  ["D12", `<createconference><reserve><resource n="2" type="shared"/></reserve></createconference>`],
  ["D13", `<modifystream id1="conn:a" id2="conf:b"><stream media="audio"><clamp tone="true"/></stream></modifystream>`],
  ["D14", `<result response="200"><auditresult targetid="conn:a"/></result>`],
  ["D16", dialog(`<collect>${play()}<pattern digits="1"><exit/></pattern></collect>`)],
  ["D17", dialog(`<send target="source" event="done"/>${play()}`)],
  ["D17", dialog(`<moml version="1.0" id="m">${play()}</moml>`)],
  ["D18", dialog(`<tonegen><tone duration="100ms"><tone1 freq="400" atten="-10"/></tone></tonegen>`)],
  [
    "D19",
    dialog(
      `<tonegen><tone duration="1s"><tone1 freq="1" atten="0"/><tone2 freq="2" atten="0"/></tone><silence duration="1s"/><tone duration="1s"><tone1 freq="1" atten="0"/><tone2 freq="2" atten="0"/></tone></tonegen>`,
    ),
  ],
  ["D20", dialog(`<dtmfgen digits="12a#"/>`)],
  ["D21", dialog(`<play><audio uri="file:///a.wav" audiosamplerate="11.025"/></play>`)],
  [
    "D22",
    `<result response="200"><auditresult targetid="conn:a"><dialog name="d" type="application/moml+xml"><duration>0</duration></dialog></auditresult></result>`,
  ],
];

function dialog(inside: string): string {
  return `<dialogstart target="conn:a" type="application/moml+xml">${inside}</dialogstart>`;
}

function play(): string {
  return `<play barge="false" cleardb="false"><audio uri="file:///a.wav"/></play>`;
}

test("what the text allows and the RFC's schema refuses is valid in ours, and read strictly", { skip }, () => {
  const files = allowed.map(([defect, inside], index) => {
    const file = join(scratch, `${index}-${defect}.xml`);
    const body = `<msml version="1.1">${inside}</msml>`;
    writeFileSync(file, body);
    const read = readMsml(body, { mode: "strict" });
    assert.ok(read.ok, read.ok ? "" : `${defect} ${read.error.description}`);
    return file;
  });
  assert.deepEqual(Array.from(refused(ours, files)), []);
  const theirsRefuses = refused(theirs, files);
  for (const file of files) assert.ok(theirsRefuses.has(file), readFileSync(file, "utf8"));
});

test("DEFECTS.md describes each defect that a vector or a test names", () => {
  const text = readFileSync(`${folder}DEFECTS.md`, "utf8");
  const named = vectors.flatMap(({ expect }) => [...(expect.defects ?? []), ...(expect.published?.defects ?? [])]);
  for (const defect of new Set([...named, ...allowed.map(([id]) => id)])) {
    assert.ok(text.includes(`| ${defect} `), defect);
  }
});
