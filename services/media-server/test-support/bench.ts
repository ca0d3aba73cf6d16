import assert from "node:assert/strict";
import { ManualClock, silentLogger } from "@sidetone/foundation";
import { type MsmlEvent, type MsmlResult, readMsml } from "@sidetone/msml";
import { readMetadata } from "@sidetone/siprec";
import { nameAddr, parseMultipart, parseUri } from "@sidetone/sip";
import { promptFolder, PromptLibrary, shippedPrompts } from "../src/prompts/index.ts";
import type { RecorderOptions } from "../src/recording-session/index.ts";
import { MediaServer } from "../src/server/media-server.ts";
import { FakeEngine } from "./fake-engine.ts";
import { answerSdp, type FakeSession, FakeSip, response, settled, transaction } from "./fake-sip.ts";

const own = parseUri("sip:media-server@127.0.0.1");
assert.ok(own.ok);
const from = nameAddr(own.value);
/** Content type of MSML in INFO. */
export const msmlType = "application/msml+xml";

/** A Media Server with a fake engine and a fake SIP endpoint. */
export class Bench {
  readonly clock = new ManualClock();
  readonly engine = new FakeEngine();
  readonly sip = new FakeSip();
  readonly server: MediaServer;

  constructor(
    resourceManagers: readonly string[] = ["sip:127.0.0.1:5070;transport=tcp"],
    capacity = 100,
    recorderProfiles: RecorderOptions["profiles"] = new Map(),
  ) {
    let count = 0;
    this.server = new MediaServer({
      clock: this.clock,
      log: silentLogger,
      random: (bytes) => Buffer.alloc(bytes, ++count),
      sip: this.sip,
      engine: this.engine,
      resourceManagers,
      recorderProfiles,
      from,
      capacity,
      rtpTimeoutMs: 90_000,
      prompts: new PromptLibrary(promptFolder(shippedPrompts)),
    });
  }

  async leg(
    dn: string,
    direction = "sendrecv",
    codec = "0",
    headers: readonly (readonly [string, string])[] = [],
  ): Promise<FakeSession> {
    const body = `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP ${codec}\r\na=${direction}\r\n`;
    const tx = transaction("INVITE", `sip:msml=c1@127.0.0.1;dn=${dn};record`, body);
    for (const [name, value] of headers) tx.request.headers.append(name, value);
    this.server.onRequest(tx);
    await settled();
    const session = this.sip.accepted.at(-1);
    assert.ok(session !== undefined);
    session.onSent = () => response(200);
    return session;
  }

  /** A call with its recorder asked for, not yet accepted. */
  async call(more = ""): Promise<{ a: FakeSession; b: FakeSession; result: MsmlResult }> {
    const [a, b] = [await this.leg("pstn"), await this.leg("7001", "inactive")];
    const result = await msml(a, setUp(a, b, more));
    await settled();
    return { a, b, result };
  }

  recorder(index = 0): {
    session: FakeSession;
    uri: string;
    body: string;
    headers: readonly (readonly [string, string])[];
  } {
    const invited = this.sip.invited[index];
    assert.ok(invited !== undefined, `recording INVITE ${index}`);
    const { session, options, body } = invited;
    return { session, uri: options.uri, body, headers: options.headers ?? [] };
  }

  async acceptRecorder(index = 0): Promise<FakeSession> {
    const { session, body } = this.recorder(index);
    session.accepted(answerSdp(body) ?? "");
    await settled();
    return session;
  }
}

/** MSML: the conference, both joins, the recorder. */
export function setUp(a: FakeSession, b: FakeSession, more = ""): string {
  return `<createconference name="c1" deletewhen="nomedia" term="false"/>
    <join id1="conn:${a.localTag}" id2="conf:c1" mark="a"/><join id1="conn:${b.localTag}" id2="conf:c1" mark="b"/>${start(a, b, more)}`;
}

/** MSML: `start` of the recorder. */
export function start(a: FakeSession, b: FakeSession, more = "", attributes = 'backfill-ms="35" epoch="1"'): string {
  return `<modifyconference id="conf:c1" mark="rec"><rec:recorder state="start" ${attributes}>
    <rec:param name="id" value="r1"/><rec:param name="calluuid" value="UUID1"/><rec:param name="recordDN" value="7001"/>${more}
    <rec:stream label="1" side="customer" conn="conn:${a.localTag}" aor="sip:+1555@example"/>
    <rec:stream label="2" side="agent" conn="conn:${b.localTag}" aor="sip:7001@example" dn="7001"/>
  </rec:recorder></modifyconference>`;
}

/** MSML: another recorder command. */
export function recorder(state: string, more = ""): string {
  return `<modifyconference id="conf:c1"><rec:recorder state="${state}"><rec:param name="id" value="r1"/>${more}</rec:recorder></modifyconference>`;
}

/** Sends MSML on a leg; its result. */
export async function msml(session: FakeSession, inner: string): Promise<MsmlResult> {
  const body = `<msml version="1.1" xmlns:rec="urn:sidetone:msml:recorder:1">${inner}</msml>`;
  const answer = await session.incoming("INFO", body, msmlType);
  assert.equal(answer.status, 200);
  const read = readMsml(answer.body);
  assert.ok(read.ok && read.value.kind === "result");
  return read.value.result;
}

/** Events that were sent on a dialog, as `name key=value ...`. */
export function events(session: FakeSession): string[] {
  return session.sent
    .filter(({ method }) => method === "INFO")
    .map(({ body }) => readMsml(body))
    .map((read) => (read.ok && read.value.kind === "event" ? read.value.event : undefined))
    .filter((event): event is MsmlEvent => event !== undefined)
    .map(({ name, values }) => [name, ...values.map(([key, value]) => `${key}=${value}`)].join(" "));
}

/** SDP and metadata of a recording body. */
export function metadataIn(body: string) {
  const parts = parseMultipart(`multipart/mixed;boundary="${body.slice(2, body.indexOf("\r\n"))}"`, Buffer.from(body));
  assert.ok(parts.ok);
  assert.equal(parts.value[1]?.headers.get("Content-Disposition"), "recording-session");
  const read = readMetadata(parts.value[1]?.body ?? "");
  assert.ok(read.ok);
  assert.deepEqual(read.value.warnings, []);
  return { sdp: parts.value[0]?.body.toString() ?? "", metadata: read.value.metadata };
}
