import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type FilenameVariables, filenameTemplateMistake, recordingFilename } from "./recording-filename.ts";

const call: FilenameVariables = {
  uuid: "JBNIHE6GIL09DCQ7KUREMIUHVC000001",
  connId: "0110031f8ab2c001",
  startMicros: 1_795_166_115_250_000,
  ani: "+15550100",
  dnis: "8000",
  agentId: "1001",
  agentDn: "7001",
  callId: "a84b4c76e66710@pc33.atlanta.example.com",
};

const table: [template: string, name: string][] = [
  ["$UUID$_$DATE$_$TIME$", "JBNIHE6GIL09DCQ7KUREMIUHVC000001_20261120_091515"],
  ["$ANI$-$DNIS$", "_15550100-8000"],
  ["$CONNID$", "0110031f8ab2c001"],
  ["$AGENTID$_$AGENTDN$", "1001_7001"],
  ["$CALLID$", "a84b4c76e66710_pc33_atlanta_example_com"],
  ["fixed", "fixed"],
  ["../../etc/$DNIS$.wav", "______etc_8000_wav"],
  ["$DNIS$$DNIS$", "80008000"],
];
for (const [template, name] of table) {
  test(`R9: ${template} gives ${name}`, () => {
    assert.equal(recordingFilename(template, call), name);
  });
}

test("R9: a variable that the call does not have gives nothing, and a name is never empty", () => {
  const bare = { uuid: "", connId: "", startMicros: 0 };
  assert.equal(recordingFilename("a$ANI$b", bare), "ab");
  assert.equal(recordingFilename("$ANI$", bare), "_");
});

test("R9: a wrong template is a mistake of the configuration", () => {
  assert.equal(filenameTemplateMistake("$UUID$_$DATE$_$TIME$"), undefined);
  assert.match(filenameTemplateMistake("$NAME$") ?? "", /unknown variable \$NAME\$.*\$CALLID\$/);
  assert.match(filenameTemplateMistake("$uuid$") ?? "", /unknown variable/);
  assert.match(filenameTemplateMistake("a$UUID") ?? "", /without its partner at character 2/);
  assert.match(filenameTemplateMistake("$$") ?? "", /unknown variable/);
  assert.match(filenameTemplateMistake("") ?? "", /empty/);
  assert.throws(() => recordingFilename("$NAME$", call), { code: "recording-filename-template" });
});

test("R8: whatever the call says, the name is safe and at most 128 characters long", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ maxLength: 400 }), (ani, callId) => {
      assert.match(recordingFilename("$ANI$_$CALLID$_$UUID$", { ...call, ani, callId }), /^[A-Za-z0-9_-]{1,128}$/);
    }),
  );
});
