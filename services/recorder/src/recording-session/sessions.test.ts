import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { delay, systemClock } from "@sidetone/foundation";
import type { RecordingDocument } from "../index/recording-row.ts";
import { runRecorder } from "../testing-src.ts";
import { VendorClient, type VendorMessage, audioOf, vendorMessage } from "../testing-vendor.ts";
import { type SnapshotNeed, needAfter, requestDue, wholeMetadata } from "./snapshot-need.ts";

const src = "Contact: <sip:src@127.0.0.1:9;transport=tcp>;+sip.src";
const allow = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE";
const NOTHING: VendorMessage = { headers: [], body: "" };

function sdpOf(version: number, lines: readonly string[]): string {
  const head = `v=0\r\no=src 1 ${version} IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n`;
  return head + lines.map((line) => `${line.replaceAll("\n", "\r\n")}\r\n`).join("");
}

const stream = (label: string, formats = "0 101", port = 40_000): string =>
  `m=audio ${port} RTP/AVP ${formats}\na=rtpmap:101 telephone-event/8000\na=sendonly\na=label:${label}`;

function sdpMessage(version: number, lines: readonly string[]): VendorMessage {
  return { headers: [src, allow, "Content-Type: application/sdp"], body: sdpOf(version, lines) };
}

function multipart(sdp: string, xml: string, type = "application/rs-metadata"): VendorMessage {
  const part = (headers: string, body: string): string => `--x\r\n${headers}\r\n\r\n${body}\r\n`;
  const body = part("Content-Type: application/sdp", sdp) + part(`Content-Type: ${type}`, xml);
  return {
    headers: [src, allow, "Require: siprec", "Content-Type: multipart/mixed;boundary=x"],
    body: `${body}--x--\r\n`,
  };
}

function metadataMessage(xml: string): VendorMessage {
  return {
    headers: [src, "Content-Type: application/rs-metadata", "Content-Disposition: recording-session"],
    body: xml,
  };
}

const party = (id: string, stream: string): string =>
  `<participant participant_id="${id}"><nameID aor="sip:${id}@example"/></participant>
   <participantstreamassoc participant_id="${id}"><send>${stream}</send></participantstreamassoc>`;
const streams = `<stream stream_id="s1"><label>1</label></stream><stream stream_id="s2"><label>2</label></stream>`;
const document = (mode: string, inside: string): string =>
  `<recording xmlns="urn:ietf:params:xml:ns:recording:1"><datamode>${mode}</datamode>${inside}</recording>`;

let recorder: Awaited<ReturnType<typeof runRecorder>>;
const clients: VendorClient[] = [];

async function client(name: string): Promise<VendorClient> {
  const one = await VendorClient.open(recorder.sip, name);
  clients.push(one);
  return one;
}

async function ok(response: Promise<string>): Promise<string> {
  const text = await response;
  assert.match(text, /^SIP\/2\.0 200 /);
  return text;
}

async function recordingOf(query: string): Promise<RecordingDocument> {
  for (let i = 0; i < 100; i++) {
    const answer = await fetch(`${recorder.url}/api/v1/recordings?q=${encodeURIComponent(query)}&state=complete`);
    const [found] = ((await answer.json()) as { recordings: RecordingDocument[] }).recordings;
    if (found !== undefined) return found;
    await delay(systemClock, 50);
  }
  throw new Error(`no recording of ${query}`);
}

async function channels(id: string): Promise<[Buffer, Buffer]> {
  const wav = Buffer.from(await (await fetch(`${recorder.url}/api/v1/recordings/${id}/audio`)).arrayBuffer());
  const side = (n: number): Buffer => Buffer.from(wav.subarray(58).filter((_, i) => i % 2 === n));
  return [side(0), side(1)];
}

const codesOf = (d: RecordingDocument): string[] => Array.from(new Set(d.warnings.map((w) => w.code))).sort();
const partiesOf = (d: RecordingDocument): string[] =>
  d.participants.map((p) => `${p.aor?.split("@")[0]} ${p.channel ?? "-"}`).sort();

describe("sessions in their course", () => {
  before(async () => {
    recorder = await runRecorder();
  });

  after(async () => {
    for (const one of clients) one.close();
    await recorder.role.close();
    rmSync(recorder.folder, { recursive: true });
  });

  test("Cisco built-in bridge: the near and the far end's calls, without offers, are one recording; the next call with the reference is another", {
    timeout: 30_000,
  }, async () => {
    const answer = (port: number): string => sdpOf(1, [stream("x", "0 101", port).replace("\na=label:x", "")]);
    const both = async (name: string): Promise<void> => {
      const [near, far] = [await client(`${name}-near`), await client(`${name}-far`)];
      await ok(near.invite(vendorMessage("cisco-bib-near"), answer(41_000)));
      await ok(far.invite(vendorMessage("cisco-bib-far"), answer(41_002)));
      // The one m-line of both looks the same: the far end is told from the near end by an m-line that is not there.
      far.ports = [0, ...far.ports];
      await Promise.all([near.talk(15), far.talk(15)]);
      await ok(near.ask("BYE", NOTHING));
      await ok(far.ask("BYE", NOTHING));
    };
    await both("bib");
    const found = await recordingOf("case-bib-near-end");
    assert.deepEqual(partiesOf(found), ["+15550100 left", "7001 right"]);
    assert.deepEqual(codesOf(found), ["no-metadata"]);
    const [left, right] = await channels(found.id);
    assert.ok(right.includes(audioOf(0)) && !right.includes(audioOf(1)), "the near end is the agent");
    assert.ok(left.includes(audioOf(1)) && !left.includes(audioOf(0)), "the far end is the customer");
    await both("bib2");
    assert.notEqual((await recordingOf("case-bib2-near-end")).id, found.id);
  });

  test("RFC 7866 9.2: a partial document without a snapshot before it is asked for, in the client's own media type; the snapshot makes all known", {
    timeout: 30_000,
  }, async () => {
    const c = await client("snapshot");
    await ok(c.invite(multipart(sdpOf(1, [stream("1"), stream("2")]), document("partial", party("a", "s1")))));
    await c.talk(10);
    const [request, ...more] = c.requests;
    assert.match(request ?? "", /^UPDATE [^]*^Require: siprec\r$/m);
    assert.match(request ?? "", /^Content-Type: application\/rs-metadata\r$/m);
    assert.match(request ?? "", /^Content-Disposition: recording-session\r$/m);
    assert.match(request ?? "", /^Contact: .*\+sip\.srs/m);
    assert.match(request ?? "", /<requestsnapshot [^]*<requestreason>a partial document before/);
    assert.deepEqual(more, []);
    await ok(c.ask("UPDATE", metadataMessage(document("complete", party("a", "s1") + party("b", "s2") + streams))));
    await c.talk(5);
    await ok(c.ask("BYE", NOTHING));
    const found = await recordingOf("case-snapshot-end");
    assert.deepEqual(partiesOf(found), ["sip:a left", "sip:b right"]);
    assert.ok(codesOf(found).includes("metadata-partial-without-snapshot"));
  });

  test("RFC 7866 9.2: snapshot requests are few, and end with a refusal; an unreadable document is asked for once", () => {
    let need: SnapshotNeed = needAfter(wholeMetadata, { kind: "document", mode: "partial", dangling: true }, false);
    const asked: number[] = [];
    for (let now = 0; now < 20_000; now += 500) {
      const due = requestDue(need, now);
      if (due === undefined) continue;
      asked.push(now);
      need = due.need;
    }
    assert.deepEqual(asked, [0, 2000, 4000]);
    assert.equal(requestDue(needAfter(need, { kind: "refused" }, false), 60_000), undefined);
    const whole = needAfter(need, { kind: "document", mode: "complete", dangling: false }, false);
    assert.equal(requestDue(whole, 60_000), undefined);
    assert.ok(requestDue(needAfter(whole, { kind: "document", mode: "partial", dangling: true }, false), 60_000));
    const bad = requestDue(
      needAfter(wholeMetadata, { kind: "document", mode: "unreadable", dangling: false }, true),
      0,
    );
    assert.equal(requestDue(bad?.need ?? wholeMetadata, 60_000), undefined);
    const fine = needAfter(wholeMetadata, { kind: "document", mode: "partial", dangling: false }, false);
    assert.equal(requestDue(fine, 0), undefined);
  });

  test("re-INVITEs: another codec, a stream that is added, one that ends and comes back under another label, none at all; every 200 has its SDP", {
    timeout: 30_000,
  }, async () => {
    const c = await client("changes");
    const people = party("a", "s1") + party("b", "s2");
    await ok(c.invite(multipart(sdpOf(1, [stream("1"), stream("2")]), document("complete", people + streams))));
    await c.talk(10);
    const codec = await ok(c.ask("INVITE", sdpMessage(2, [stream("1", "8 101"), stream("2", "8 101")])));
    assert.equal(codec.match(/m=audio \d+ RTP\/AVP 8 101\r\n/g)?.length, 2);
    await c.talk(10);
    // A third one joins; who it is comes in an UPDATE later.
    await ok(c.ask("INVITE", sdpMessage(3, [stream("1", "8"), stream("2", "8"), stream("3", "8")])));
    const third = `<stream stream_id="s3"><label>3</label></stream>`;
    await c.talk(10);
    await ok(c.ask("UPDATE", metadataMessage(document("partial", party("c", "s3") + third))));
    // The first one ends; its m-line comes back with what the third one sends, which is on the other channel.
    await ok(c.ask("INVITE", sdpMessage(4, [stream("1", "8", 0), stream("2", "8"), stream("3", "8", 0)])));
    assert.deepEqual(
      c.ports.map((port) => port > 0),
      [false, true, false],
    );
    const quiet = stream("2", "8").replace("sendonly", "inactive");
    const back = await ok(c.ask("INVITE", sdpMessage(5, [stream("3", "8"), quiet, stream("3", "8", 0)])));
    assert.match(back, /m=audio [1-9][^]*a=label:3[^]*m=audio [1-9][^]*a=inactive[^]*m=audio 0 /);
    await c.talk(10);
    const ours = await ok(c.ask("INVITE", NOTHING, ""));
    assert.match(ours, /m=audio [1-9][^]*m=audio [1-9][^]*m=audio 0/, "a re-INVITE without offer gets ours");
    await ok(c.ask("BYE", NOTHING));
    const found = await recordingOf("case-changes-end");
    assert.deepEqual(partiesOf(found), ["sip:a left", "sip:b right", "sip:c right"]);
    const [left, right] = await channels(found.id);
    for (const [side, line] of [
      [left, 0],
      [right, 1],
    ] as const) {
      const first = side.indexOf(audioOf(line));
      assert.ok(first >= 0 && first < 800, "what came first");
      const after = side.subarray(first + 10 * 160 + 800, first + 20 * 160);
      assert.ok(
        after.some((byte) => byte !== 0xff && byte !== audioOf(line)[0]),
        "after the change of codec, converted",
      );
    }
    // The file keeps the law of its beginning: a byte of A-law is another one of u-law.
    const last = right.subarray(-1600);
    assert.ok(
      last.some((byte) => byte !== 0xff),
      "the third one goes on in the first m-line",
    );
    assert.ok(left.subarray(-1600).every((byte) => byte === 0xff));
    assert.deepEqual(
      c.requests.filter((r) => r.startsWith("UPDATE ")),
      [],
      "nothing was missing",
    );
  });

  test("two m-lines without any mark of SIPREC, a broken boundary, odd SDP lines, metadata that are no XML: recorded, and said", {
    timeout: 30_000,
  }, async () => {
    const c = await client("broken");
    const odd = multipart(sdpOf(1, [stream("1"), stream("2")]).replace("s=-", "garbage\r\ns=-"), "not xml at all");
    const headers = odd.headers.map((h) => h.replace("boundary=x", "boundary=y"));
    await ok(c.invite({ headers, body: odd.body }));
    await c.talk(10);
    await ok(c.ask("BYE", NOTHING));
    const found = await recordingOf("case-broken-end");
    for (const code of ["bad-multipart", "bad-sdp"]) assert.ok(codesOf(found).includes(code), codesOf(found).join());
    const [left, right] = await channels(found.id);
    assert.ok(left.includes(audioOf(0)) && right.includes(audioOf(1)));
  });

  test("drachtio's samples of one SDP per stream: each is a session of one stream", { timeout: 30_000 }, async () => {
    const { body } = vendorMessage("drachtio/sample-sdps", []);
    for (const [i, sdp] of body.split("__split_here__\r\n").entries()) {
      const c = await client(`sample-${i}`);
      await ok(c.invite({ headers: [src, "Content-Type: application/sdp"], body: sdp }));
      await c.talk(10);
      await ok(c.ask("BYE", NOTHING));
      const channel = (await channels((await recordingOf(`case-sample-${i}-end`)).id))[i];
      assert.ok(channel?.includes(audioOf(0)), `label ${i + 1}`);
    }
  });
});
