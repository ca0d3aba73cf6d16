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
  readSnapshotRequest,
  salvageParts,
  writeSnapshotRequest,
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
  const { metadata } = read(`<recording><participant participant_id="p"/><stream stream_id="a"><label>1</label></stream>
    <stream stream_id="b"><label>1</label></stream><stream stream_id="c"><label>9</label></stream></recording>`);
  assert.deepEqual(
    checkLabels(metadata, ["1", "2"]).map((warning) => `${warning.code} ${warning.about}`),
    ["duplicate-label 1", "unknown-label 9", "unclaimed-label 2"],
  );
  assert.deepEqual(
    checkLabels(read("<recording/>").metadata, ["1", "1"]).map((warning) => `${warning.code} ${warning.about}`),
    ["no-participants ", "duplicate-label 1", "unclaimed-label 1"],
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
  const metadataType = "application/rs-metadata;charset=utf-8";
  const picked = { sdp: sdp.body, metadata: metadata.body, metadataType };
  assert.deepEqual(pickRecordingParts([metadata, other, sdp]), picked);
  assert.deepEqual(pickRecordingParts([sdp]), { sdp: sdp.body, metadata: undefined });
  assert.ok(isMetadataContentType("Application/RS-Metadata+XML"));
});

test("a part without a usable type is the metadata where its disposition or its text says so", () => {
  const sdp = { contentType: "application/sdp", body: Buffer.from("v=0") };
  const stripped = { contentType: "application/ +xml", disposition: "recording-session", body: Buffer.from("?") };
  const untyped = { contentType: "text/plain", body: Buffer.from('<?xml version="1.0"?>\n<tns:recording a="b"/>') };
  assert.equal(pickRecordingParts([sdp, stripped]).metadata, stripped.body);
  assert.equal(pickRecordingParts([untyped, sdp]).metadata, untyped.body);
  assert.equal(pickRecordingParts([{ contentType: "text/plain", body: Buffer.from("<html>") }]).metadata, undefined);
});

test("a body whose boundary is another than it says still gives its SDP and its metadata, in either order", () => {
  const sdp = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\n\r\nm=audio 4000 RTP/AVP 0\r\n";
  const xml = '<?xml version="1.0"?>\r\n<recording><x/></recording>';
  for (const body of [
    `--q\r\nContent-Type: application/sdp\r\n\r\n${sdp}--q\r\nodd line\r\n\r\n${xml}\r\n--q--\r\n`,
    `--q\r\nodd line\r\n\r\n${xml}\r\n--q\r\nContent-Type: application/sdp\r\n\r\n${sdp}--q--\r\n`,
  ]) {
    const salvaged = salvageParts(Buffer.from(body));
    assert.equal(salvaged.sdp?.toString(), sdp);
    assert.equal(salvaged.metadata?.toString(), xml);
  }
  assert.deepEqual(salvageParts(Buffer.from("nothing")), { sdp: undefined, metadata: undefined });
});

test("what is not well-formed is mended: bare & and <, values without quotes, other characters, a cut end", () => {
  const names = (text: string | Buffer): [string | undefined, string][] => {
    const result = readMetadata(text);
    assert.ok(result.ok, result.ok ? "" : result.error);
    const { metadata, warnings } = result.value;
    assert.ok(warnings.some(({ code }) => code === "mended-xml" || code === "not-utf8"));
    return metadata.participants.map(({ id, names: [name] }) => [name?.name, id]);
  };
  const one = (name: string): string =>
    `<recording><participant participant_id="p"><nameID aor="sip:a@b"><name>${name}</name></nameID></participant></recording>`;
  assert.deepEqual(names(one("Tom & Jerry &amp; Co")), [["Tom & Jerry & Co", "p"]]);
  assert.deepEqual(names(one("A <sip:a@b> 1<2")), [["A <sip:a@b> 1<2", "p"]]);
  assert.deepEqual(names(one("ok").replace('"p"', "p")), [["ok", "p"]]);
  assert.deepEqual(names(Buffer.from(one("Jos\u00e9"), "latin1")), [["Jos\u00e9", "p"]]);
  assert.deepEqual(names(one("cut").slice(0, -30)), [["cut", "p"]]);
  assert.deepEqual(names(`\u0000${one("noise")}--boundary--\r\n`), [["noise", "p"]]);
  assert.equal(readMetadata(`<!DOCTYPE x>${one("no")}`).ok, false);
});

test("BroadWorks: addresses and references in elements of their own, extensions under the root", () => {
  const { metadata } = read(`<recording_metadata xmlns="urn:ietf:params:xml:ns:siprec"><dataMode>complete</dataMode>
    <recording id="urn:uuid:r"><type>selective</type></recording>
    <session id="urn:uuid:s"/><participant id="urn:uuid:a" session="urn:uuid:s"><aor>sip:+15550100@x;user=phone</aor>
    <send><id>urn:uuid:t</id></send></participant><participant id="urn:uuid:b" session="urn:uuid:s"><aor>user@x</aor>
    <send><id>urn:uuid:t</id></send></participant><stream id="urn:uuid:t" session="urn:uuid:s"><label>1</label>
    <mode>mixed</mode></stream><extensiondata id="e"><broadWorksRecordingMetadata xmlns="urn:b"><extTrackingID>7:1</extTrackingID>
    <callType><origCall><callingPartyNumber>sip:+15550100@x</callingPartyNumber></origCall></callType>
    </broadWorksRecordingMetadata></extensiondata></recording_metadata>`);
  assert.deepEqual(
    metadata.participants.map(({ names: [name] }) => name?.aor),
    ["sip:+15550100@x;user=phone", "user@x"],
  );
  assert.deepEqual(
    metadata.participantStreams.map(({ send }) => send),
    [["urn:uuid:t"], ["urn:uuid:t"]],
  );
  assert.equal(metadata.streams[0]?.mixed, true);
  assert.deepEqual(metadata.foreign, [
    ["extTrackingID", "7:1"],
    ["callingPartyNumber", "sip:+15550100@x"],
  ]);
});

test("nobody sends anything: the order of the document is taken, with a warning; the wrong way round is turned", () => {
  const streams = `<stream stream_id="s1"><label>1</label></stream><stream stream_id="s2"><label>2</label></stream>`;
  const people = `<participant participant_id="a"><nameID aor="8500@x"/></participant>
    <participant participant_id="b"><nameID aor="8012@y"/></participant>`;
  const assumed = read(`<recording>${people}${streams}</recording>`);
  assert.deepEqual(
    assumed.metadata.participantStreams.map(({ participantId, send }) => [participantId, send]),
    [
      ["a", ["s1"]],
      ["b", ["s2"]],
    ],
  );
  assert.ok(codes(assumed).includes("assumed-sender"));
  const turned =
    read(`<recording><group group_id="g"><callData xmlns="urn:c"><fromhdr>"A" &lt;sip:8500@x&gt;;tag=1</fromhdr>
    </callData></group>${people}${streams}
    <participantstreamassoc participant_id="a"><send>s2</send><recv>s1</recv></participantstreamassoc>
    <participantstreamassoc participant_id="b"><send>s1</send><recv>s2</recv></participantstreamassoc></recording>`);
  assert.deepEqual(turned.metadata.participantStreams[0], { participantId: "a", send: ["s1"], recv: ["s2"] });
  assert.ok(codes(turned).includes("swapped-streams"));
});

test("a clock that was never set gives no time; a stream without id is known by its label; who called is read", () => {
  const value = read(`<recording><session session_id="${S}"><start-time>1970-05-13T03:29:05Z</start-time></session>
    <participant participant_id="a"><extensiondata xmlns:apkt="urn:a"><apkt:callingParty>true</apkt:callingParty></extensiondata></participant>
    <stream stream_id="" session_id="${S}"><label>10</label></stream></recording>`);
  assert.equal(value.metadata.sessions[0]?.startTime, undefined);
  assert.ok(codes(value).includes("bad-time"));
  assert.equal(value.metadata.streams[0]?.id, "label:10");
  assert.equal(value.metadata.participants[0]?.calling, true);
});

test("RFC 7865 9: a snapshot request is read back, and is no metadata; other documents are no request", () => {
  assert.equal(readSnapshotRequest(writeSnapshotRequest("lost <state>")), "lost <state>");
  assert.equal(readSnapshotRequest("<requestsnapshot/>"), "");
  assert.equal(readSnapshotRequest("<recording/>"), undefined);
  assert.equal(readSnapshotRequest("no xml"), undefined);
});

test("mending is linear: a document of nothing but tags that are none is done at once", () => {
  const begun = performance.now();
  assert.equal(readMetadata(`<recording>${"<a b= ".repeat(40_000)}!`).ok, true);
  assert.ok(performance.now() - begun < 2000);
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
      salvageParts(Buffer.from(pieces.join("\r\n") + text));
    }),
    { numRuns: 300 },
  );
});
