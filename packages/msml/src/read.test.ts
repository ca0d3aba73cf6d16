import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type DialogContent,
  isMsmlContentType,
  type MsmlDocument,
  type MsmlOperation,
  paramOf,
  type Play,
  playOf,
  readMsml,
} from "./index.ts";
import { MAX_OPERATIONS, MAX_PARAMS, MAX_STREAMS } from "./limits.ts";

/** The document of `contract/media-control.md`. */
const callSetup = `<msml version="1.1" xmlns:rec="urn:sidetone:msml:recorder:1">
  <createconference name="55c29460000054b3" deletewhen="nomedia" term="false"/>
  <join id1="conn:TAG-A" id2="conf:55c29460000054b3" mark="a"/>
  <join id1="conn:TAG-B" id2="conf:55c29460000054b3" mark="b"/>
  <modifyconference id="conf:55c29460000054b3" mark="rec">
    <rec:recorder state="start" initial="recording" backfill-ms="35" epoch="1">
      <rec:param name="id" value="32980asdf320990ad"/>
      <rec:param name="recordDN" value="7001"/>
      <rec:param name="ani" value="+15550100"/> <rec:param name="dnis" value="8000"/>
      <rec:user-param name="name1" value="value1"/>
      <rec:stream label="1" side="customer" conn="conn:TAG-A" aor="sip:+15550100@example"/>
      <rec:stream label="2" side="agent" conn="conn:TAG-B" aor="sip:7001@example" dn="7001"/>
    </rec:recorder>
  </modifyconference>
</msml>`;

function document(text: string): MsmlDocument {
  const read = readMsml(text);
  assert.ok(read.ok, read.ok ? "" : read.error.description);
  return read.value;
}

function operations(text: string): readonly MsmlOperation[] {
  const doc = document(text);
  assert.equal(doc.kind, "request");
  return doc.kind === "request" ? doc.operations : [];
}

function codeOf(inner: string, head = '<msml version="1.1" xmlns:rec="urn:sidetone:msml:recorder:1">'): number {
  const read = readMsml(`${head}${inner}</msml>`);
  return read.ok ? 200 : read.error.response;
}

function recorder(attributes: string, children = ""): string {
  return `<modifyconference id="conf:c"><rec:recorder ${attributes}>${children}</rec:recorder></modifyconference>`;
}

test("the document that sets up a recorded call is read in document order", () => {
  const [create, a, b, modify] = operations(callSetup);
  assert.deepEqual(create, { op: "createconference", name: "55c29460000054b3", deleteWhen: "nomedia", term: false });
  assert.deepEqual(a, { op: "join", id1: "conn:TAG-A", id2: "conf:55c29460000054b3", streams: [], mark: "a" });
  assert.equal(b?.mark, "b");
  assert.ok(modify?.op === "modifyconference" && modify.recorder !== undefined);
  const { recorder: command } = modify;
  assert.deepEqual([command.state, command.initial, command.backfillMs, command.epoch], ["start", "recording", 35, 1]);
  assert.equal(paramOf(command.params, "recorddn"), "7001");
  assert.equal(paramOf(command.params, "absent"), undefined);
  assert.deepEqual(Array.from(command.userParams), [["name1", "value1"]]);
  assert.deepEqual(command.streams[1], {
    label: "2",
    side: "agent",
    conn: "conn:TAG-B",
    aor: "sip:7001@example",
    dn: "7001",
  });
});

test("RFC 5707 8.3: deletewhen defaults to nomedia and term to true", () => {
  assert.deepEqual(operations("<msml><createconference/></msml>"), [
    { op: "createconference", deleteWhen: "nomedia", term: true },
  ]);
});

test("RFC 5707 11: each mistake has its response code", () => {
  const table: [number, string][] = [
    [401, "<frobnicate/>"],
    [401, "<rec:recorder state='start'/>"],
    [401, recorder("state='start'", "<rec:frob/>")],
    [401, "<createconference><frob/></createconference>"],
    [402, "<reset context='all'/>"],
    [402, "<createconference><videolayout/></createconference>"],
    [402, "<join id1='conn:a' id2='conf:b'><stream media='video'><visual/></stream></join>"],
    [403, ""],
    [403, "<modifyconference id='conf:a'/>"],
    [404, "<createconference><join id1='conn:a' id2='conf:b'/></createconference>"],
    [404, recorder("state='start'", "<param name='a' value='b'/>")],
    [404, "<createconference><rec:recorder state='start'/></createconference>"],
    [406, "<join id1='conn:a' id2='conf:b' colour='red'/>"],
    [406, recorder("state='start' colour='red'")],
    [408, "<join id1='conn:a'/>"],
    [408, recorder("")],
    [408, recorder("state='start'", "<rec:param name='id'/>")],
    [408, recorder("state='start'", "<rec:stream label='1' conn='conn:a'/>")],
    [409, recorder("state='pause' initial='paused'")],
    [409, recorder("state='stop' backfill-ms='1'")],
    [409, recorder("state='pause' backfill-ms='1'")],
    [409, recorder("state='resume' initial='paused'")],
    [410, recorder("state='resume' backfill-ms='60001'")],
    [410, "<join id1='a' id2='conf:b'/>"],
    [410, "<join id1='conn:*' id2='conf:b'/>"],
    [410, "<unjoin id1='conn:*' id2='conf:*'/>"],
    [410, "<createconference name='a b'/>"],
    [410, "<createconference deletewhen='later'/>"],
    [410, "<join id1='conn:a' id2='conf:b' mark='a b'/>"],
    [410, recorder("state='begin'")],
    [410, recorder("state='start' backfill-ms='-1'")],
    [410, recorder("state='start' backfill-ms='60001'")],
    [410, recorder("state='start' epoch='x'")],
    [410, recorder("state='start'", "<rec:stream label='1' side='left' conn='conn:a'/>")],
    [410, `<join id1='conn:${"a".repeat(129)}' id2='conf:b'/>`],
    [200, "<unjoin id1='conn:*' id2='conf:a'/>"],
    [200, "<createconference><audiomix><n-loudest n='3'/></audiomix></createconference>"],
  ];
  for (const [code, inner] of table) assert.equal(codeOf(inner), code, inner);
});

const inline = (...script: Play[]): DialogContent => ({ kind: "inline", script });

function play(inner: string, attributes = "", type = "type='application/moml+xml'"): string {
  return `<dialogstart target='conn:a' ${type} ${attributes}>${inner}</dialogstart>`;
}

test("RFC 5707 9.6, 9.7.1: play of sound files to a connection, and its end", () => {
  const text = `<msml version="1.1" xmlns:rec="urn:sidetone:msml:recorder:1">
    <dialogstart target="conn:T" name="moh" type="application/moml+xml"><play iterations="-1" interval="2s" maxtime="90000ms" rec:capture="true">
      <audio uri="file:///please-wait.wav"/><audio uri="file:///music.wav"/></play></dialogstart>
    <dialogstart target="conn:T" type="application/moml+xml"><play barge="false" cleardb="true"><audio uri="file:///a.wav"/></play></dialogstart>
    <dialogend id="conn:T/dialog:moh" mark="m"/></msml>`;
  assert.deepEqual(operations(text), [
    {
      op: "dialogstart",
      target: "conn:T",
      name: "moh",
      content: inline(
        playOf(["file:///please-wait.wav", "file:///music.wav"], {
          iterate: -1,
          intervalMs: 2000,
          maxTimeMs: 90_000,
          capture: true,
        }),
      ),
    },
    {
      op: "dialogstart",
      target: "conn:T",
      content: inline(playOf(["file:///a.wav"], { clearDigits: true })),
    },
    { op: "dialogend", id: "conn:T/dialog:moh", mark: "m" },
  ]);
});

test("RFC 5707 11: each mistake in a dialog has its response code", () => {
  const audio = "<audio uri='file:///a.wav'/>";
  const table: [number, string][] = [
    [200, play(`<play iterate='forever'>${audio}</play>`)],
    [401, play("<frob/>")],
    [401, play("<play><frob/></play>")],
    [402, play("<vad/>")],
    [402, play("<clamp/>")],
    [402, play(`<play>${audio}<tts uri='http://x/y'/></play>`)],
    [404, play(`<play>${audio}<playexit/><playexit/></play>`)],
    [404, play("<moml version='1.0' id='m'><exit/></moml><exit/>")],
    [405, play(`<exit/><play>${audio}</play>`)],
    [403, play("")],
    [403, play("<play/>")],
    [406, play(`<play colour='red'>${audio}</play>`)],
    [407, play("<record format='audio/wav' maxtime='1s' videodest='file:///a'/>")],
    [408, play("<record/>")],
    [408, play("", "src='http://x/y'", "")],
    [408, play("<play><audio/></play>")],
    [409, play(`<play iterate='1' iterations='2'>${audio}</play>`)],
    [410, play(`<play iterate='0'>${audio}</play>`)],
    [410, play(`<play iterations='-2'>${audio}</play>`)],
    [410, play(`<play interval='soon'>${audio}</play>`)],
    [410, play(`<play maxtime='90000s'>${audio}</play>`)],
    [410, play(`<play rec:capture='yes'>${audio}</play>`)],
    [410, play(`<play>${audio}</play>`, "name='a/b'")],
    [410, "<dialogend id='conn:a'/>"],
    [410, "<dialogend id='conn:a/dialog:*'/>"],
    [420, play(`<play>${audio}</play>`, "", "type='application/vxml+xml'")],
    [421, play(`<play>${audio}</play>`, "", "type='text/plain'")],
    [422, play(`<play>${audio}</play>`, "src='http://x/y'")],
    [521, play(`<play>${audio.repeat(17)}</play>`)],
  ];
  for (const [code, inner] of table) assert.equal(codeOf(inner), code, inner);
});

test("limits: operations, parameters and streams", () => {
  assert.equal(codeOf("<createconference/>".repeat(MAX_OPERATIONS)), 200);
  assert.equal(codeOf("<createconference/>".repeat(MAX_OPERATIONS + 1)), 521);
  const params = (count: number) =>
    Array.from({ length: count }, (_, i) => `<rec:param name="n${i}" value=""/>`).join("");
  assert.equal(codeOf(recorder("state='start'", params(MAX_PARAMS))), 200);
  assert.equal(codeOf(recorder("state='start'", params(MAX_PARAMS + 1))), 521);
  const stream = "<rec:stream label='1' side='agent' conn='conn:a'/>";
  assert.equal(codeOf(recorder("state='start'", stream.repeat(MAX_STREAMS))), 200);
  assert.equal(codeOf(recorder("state='start'", stream.repeat(MAX_STREAMS + 1))), 521);
  assert.equal(codeOf(`<createconference name="${"a".repeat(70_000)}"/>`), 521);
});

test("what is not XML, or not MSML, is a bad request", () => {
  for (const text of ["", "hello", "<msml", "<other/>", '<!DOCTYPE msml><msml version="1.1"/>']) {
    const read = readMsml(text);
    assert.equal(read.ok ? 200 : read.error.response, 400, text);
  }
});

test("lenient: version 1.0 or none, a default namespace, an undeclared rec:, foreign attributes, id for name", () => {
  assert.equal(codeOf("<createconference id='x'/>", '<msml version="1.0">'), 200);
  assert.equal(codeOf("<createconference name='x'/>", '<msml xmlns="urn:ietf:params:xml:ns:msml">'), 200);
  assert.equal(codeOf(recorder("state='start'"), "<msml>"), 200);
  assert.equal(codeOf("<createconference x:y='1'/>", '<msml xmlns:x="urn:x">'), 200);
});

test("results and events are read with what is in them", () => {
  const result = document(`<msml version="1.1" xmlns:rec="urn:sidetone:msml:recorder:1"><result response="430" mark="a">
    <description>no such object</description><confid>conf:x</confid><rec:recorderid>r1</rec:recorderid></result></msml>`);
  assert.deepEqual(result, {
    kind: "result",
    result: {
      response: 430,
      mark: "a",
      description: "no such object",
      confIds: ["conf:x"],
      dialogIds: [],
      recorderIds: ["r1"],
    },
  });
  const event = document(`<msml version="1.1"><event name="recorder.started" id="conf:x">
    <name>id</name><value>r1</value><name>copy</name><value>1</value><name>odd</name></event></msml>`);
  assert.deepEqual(event, {
    kind: "event",
    event: {
      name: "recorder.started",
      id: "conf:x",
      values: [
        ["id", "r1"],
        ["copy", "1"],
        ["odd", ""],
      ],
    },
  });
  assert.equal(codeOf("<result response='299'/>"), 410);
  assert.equal(codeOf("<event name='x'/>"), 408);
});

test("content types: ours, the registered one, plain XML; parameters do not matter", () => {
  assert.ok(isMsmlContentType("application/msml+xml"));
  assert.ok(isMsmlContentType("Application/Vnd.Radisys.MSML+xml; charset=utf-8"));
  assert.ok(isMsmlContentType("application/xml"));
  assert.ok(!isMsmlContentType("application/sdp"));
});

test("wire input never throws", () => {
  const piece = fc.constantFrom(
    "<msml>",
    "</msml>",
    "<join ",
    "id1='conn:a'",
    "/>",
    "<result response='200'/>",
    "<rec:recorder/>",
    " ",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.string(), (pieces, text) => {
      readMsml(pieces.join(""));
      readMsml(`<msml>${text}</msml>`);
    }),
    { numRuns: 300 },
  );
});
