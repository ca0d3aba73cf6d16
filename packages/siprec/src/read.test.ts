import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  checkLabels,
  isMetadataContentType,
  mergeMetadata,
  pickRecordingParts,
  readMetadata,
  type ReadMetadata,
} from "./index.ts";
import { MAX_WARNINGS } from "./limits.ts";

function read(text: string): ReadMetadata {
  const result = readMetadata(text);
  assert.ok(result.ok, result.ok ? "" : result.error);
  return result.value;
}

const codes = (value: ReadMetadata): string[] => value.warnings.map((warning) => warning.code);
const S = "AAAAAAAAAAAAAAAAAAAAAA==";
const P = "AQAAAAAAAAAAAAAAAAAAAA==";
const T = "AgAAAAAAAAAAAAAAAAAAAA==";

test("RFC 7865 9: a document in the RFC's shape is read without a warning", () => {
  const value = read(`<recording xmlns="urn:ietf:params:xml:ns:recording:1"><datamode>complete</datamode>
    <session session_id="${S}"><sipSessionID>a;remote=b</sipSessionID><start-time>2026-11-20T09:15:15Z</start-time></session>
    <participant participant_id="${P}"><nameID aor="sip:a@example"><name xml:lang="it">Anna</name></nameID></participant>
    <stream stream_id="${T}" session_id="${S}"><label>1</label></stream>
    <participantsessionassoc participant_id="${P}" session_id="${S}"><associate-time>2026-11-20T09:15:15.5+01:00</associate-time>
      <param pname="sip.automata" pval="true"/></participantsessionassoc>
    <participantstreamassoc participant_id="${P}"><send>${T}</send></participantstreamassoc></recording>`);
  assert.deepEqual(value.warnings, []);
  const { metadata } = value;
  assert.equal(metadata.sessions[0]?.startTime, 1_795_166_115_000_000);
  assert.equal(metadata.participantSessions[0]?.associateTime, 1_795_162_515_500_000);
  assert.deepEqual(metadata.participants[0]?.names, [{ aor: "sip:a@example", name: "Anna", lang: "it" }]);
  assert.deepEqual(metadata.participantStreams[0]?.send, [T]);
  assert.equal(metadata.call, undefined);
});

test("older drafts: other root and namespace, ids under other names, streams inside the participant", () => {
  const value = read(`<recording_metadata xmlns="urn:ietf:params:xml:ns:siprec"><dataMode>complete</dataMode>
    <session id="urn:uuid:1"/><participant id="p1" session="urn:uuid:1"><nameID aor="tel:+1"/><send>s1</send></participant>
    <stream id="s1" session="urn:uuid:1"><label>1</label></stream></recording_metadata>`);
  assert.deepEqual(value.metadata.participantStreams, [{ participantId: "p1", send: ["s1"], recv: [] }]);
  assert.deepEqual(value.metadata.participantSessions, [{ participantId: "p1", sessionId: "urn:uuid:1", params: [] }]);
  for (const code of ["foreign-root", "foreign-namespace", "legacy-attribute", "non-uuid-id"])
    assert.ok(codes(value).includes(code), code);
});

test("partial: as an element, and as an attribute of the root", () => {
  assert.equal(read("<recording><datamode>partial</datamode></recording>").metadata.dataMode, "partial");
  assert.equal(read('<recording dataMode="Partial"/>').metadata.dataMode, "partial");
  assert.equal(read("<recording/>").metadata.dataMode, "complete");
});

test("times: a zone without colon and a missing zone are read, nonsense is a warning", () => {
  const time = (text: string) =>
    read(`<recording><session session_id="${S}"><start-time>${text}</start-time></session></recording>`);
  assert.equal(time("2026-11-20T09:15:15+0000").metadata.sessions[0]?.startTime, 1_795_166_115_000_000);
  const zoneless = time("2026-11-20T09:15:15");
  assert.equal(zoneless.metadata.sessions[0]?.startTime, 1_795_166_115_000_000);
  assert.ok(codes(zoneless).includes("time-without-zone"));
  assert.ok(codes(time("yesterday")).includes("bad-time"));
});

test("warnings: unknown participants and streams, two senders of one stream", () => {
  const value = read(`<recording><participant participant_id="${P}"/><stream stream_id="${T}"/>
    <participantstreamassoc participant_id="${P}"><send>${T}</send></participantstreamassoc>
    <participantstreamassoc participant_id="${S}"><send>${T}</send><recv>x</recv></participantstreamassoc></recording>`);
  for (const code of ["participant-mismatch", "stream-mismatch", "ambiguous-sender"])
    assert.ok(codes(value).includes(code), code);
});

test("limits: warnings end with a last one", () => {
  const streams = Array.from({ length: 200 }, (_, i) => `<stream stream_id="odd${i}"/>`).join("");
  const value = read(`<recording xmlns="urn:ietf:params:xml:ns:recording:1">${streams}</recording>`);
  assert.equal(value.warnings.length, MAX_WARNINGS + 1);
  assert.equal(value.warnings.at(-1)?.code, "too-many-warnings");
});

test("labels are compared with the SDP", () => {
  const { metadata } = read(`<recording><stream stream_id="a"><label>1</label></stream>
    <stream stream_id="b"><label>1</label></stream><stream stream_id="c"><label>9</label></stream></recording>`);
  assert.deepEqual(
    checkLabels(metadata, ["1", "2"]).map((warning) => `${warning.code} ${warning.about}`),
    ["duplicate-label 1", "unknown-label 9", "unclaimed-label 2"],
  );
});

test("RFC 7866 9.1: a partial document adds and overwrites, a complete one replaces", () => {
  const first = read(
    `<recording><stream stream_id="a"><label>1</label></stream><stream stream_id="b"><label>2</label></stream></recording>`,
  );
  const partial = read(`<recording dataMode="partial"><stream stream_id="b"><label>3</label></stream></recording>`);
  const merged = mergeMetadata(first.metadata, partial.metadata);
  assert.deepEqual(
    merged.streams.map(({ id, label }) => [id, label]),
    [
      ["a", "1"],
      ["b", "3"],
    ],
  );
  assert.equal(mergeMetadata(merged, read("<recording/>").metadata).streams.length, 0);
});

test("bodies: SDP and metadata in either order, either media type, other parts passed over", () => {
  const sdp = { contentType: "application/sdp", body: Buffer.from("v=0") };
  const metadata = { contentType: "application/rs-metadata;charset=utf-8", body: Buffer.from("<recording/>") };
  const other = { contentType: "application/gtd", body: Buffer.from("x") };
  assert.deepEqual(pickRecordingParts([metadata, other, sdp]), { sdp: sdp.body, metadata: metadata.body });
  assert.deepEqual(pickRecordingParts([sdp]), { sdp: sdp.body, metadata: undefined });
  assert.ok(isMetadataContentType("Application/RS-Metadata+XML"));
});

test("wire input never throws", () => {
  const piece = fc.constantFrom(
    "<recording>",
    "</recording>",
    "<participant/>",
    "<stream stream_id='a'/>",
    "<session><start-time>x</start-time></session>",
    "<call xmlns='urn:sidetone:siprec:1' recording='x'/>",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), fc.string(), (pieces, text) => {
      readMetadata(`<recording>${pieces.join("")}</recording>`);
      readMetadata(pieces.join("") + text);
    }),
    { numRuns: 300 },
  );
});
