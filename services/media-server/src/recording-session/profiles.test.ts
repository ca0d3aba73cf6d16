// Contract, "The recording session": what a recorder profile makes of INVITE, re-INVITE and BYE.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readRecordingUri } from "@sidetone/siprec";
import { agentOf, callOfTwo, directionsIn, type Heard, RecorderScene } from "../../test-support/recorder-scene.ts";
import type { SessionProfile } from "./profile.ts";

function scene(profile: Partial<SessionProfile>): RecorderScene {
  return new RecorderScene(new Map([["*", profile]]));
}

function labelsIn({ sdp }: Heard): string[] {
  return Array.from(sdp.matchAll(/a=label:(\S+)/g), ([, label]) => label ?? "");
}

function named({ request }: Heard): (string | undefined)[] {
  const uri = readRecordingUri(request.uri);
  assert.ok(uri.ok);
  const { dn, otherDn, copy, epoch } = uri.value;
  return [dn, otherDn, String(copy), String(epoch)];
}

/** `X-` headers, ours about the call left out. */
function words({ request }: Heard): string[] {
  return Array.from(request.headers.entries())
    .filter(([name]) => /^x-(?!genesys|resource)/i.test(name))
    .map(([name, value]) => `${name}: ${value}`);
}

test("protocol: request-uri: no Require, no +sip.src, plain SDP; parameters in the Request-URI, changes as X- headers of re-INVITE and BYE", async () => {
  const s = await scene({ protocol: "request-uri" }).start({}, { userParams: new Map([["name1", "a value"]]) });
  const [invite] = s.srs.heard;
  assert.ok(invite !== undefined);
  assert.equal(invite.request.headers.get("Content-Type"), "application/sdp");
  assert.ok(!invite.request.headers.has("Require"));
  assert.doesNotMatch(invite.request.headers.get("Contact") ?? "", /sip\.src/);
  assert.match(
    invite.request.uri,
    /;calluuid=UUID1;dn=7001;otherdn=\+1555;recorddn=7001;copy=1;epoch=1;name1=a%20value$/,
  );
  assert.deepEqual([labelsIn(invite), words(invite)], [["1", "2"], []]);

  await s.command("pause", { userParams: { by: "agent\r\nVia: x", "bad name": "1", "Resource-Token": "t" } });
  assert.deepEqual(
    [directionsIn(s.srs.last.sdp), words(s.srs.last)],
    [["inactive", "inactive"], ["X-by: agent  Via: x"]],
  );
  await s.command("resume");
  await s.command("update", {
    params: { recordDN: "7002" },
    streams: [...callOfTwo.slice(0, 1), agentOf("c", "7002")],
  });
  assert.deepEqual(words(s.srs.last), ["X-dn: 7002", "X-recorddn: 7002"], "only what has changed since");
  await s.command("stop", { params: { id: "r1" }, userParams: { outcome: "sold" } });
  assert.deepEqual([s.srs.last.method, words(s.srs.last)], ["BYE", ["X-outcome: sold"]]);
  assert.ok(
    s.srs.heard.every(({ raw }) => raw === ""),
    "no metadata anywhere",
  );
  assert.deepEqual(s.names, ["started", "paused", "resumed", "stopped"]);
});

test("a recorder that is not told of a change is told with the next one (request-uri)", async () => {
  const s = await scene({ protocol: "request-uri" }).start();
  s.srs.onReinvite = (respond, _, n) => respond(n === 1 ? 500 : 200, {});
  await s.command("update", { userParams: { a: "1" } });
  await s.command("update", { userParams: { b: "2" } });
  assert.deepEqual(words(s.srs.last), ["X-a: 1", "X-b: 2"]);
});

test("layout: session-per-party: a session for each stream with its own dn, one recorder, one start; a newcomer keeps the session of its side", async () => {
  const s = scene({ layout: "session-per-party" });
  const waiting: (() => void)[] = [];
  const { onInvite } = s.srs;
  s.srs.onInvite = (respond, heard, n) => {
    if (n === 1)
      waiting.push(() =>
        respond(200, { body: heard.sdp.replaceAll("sendonly", "recvonly"), headers: [["X-Resource-Token", "tok"]] }),
      );
    else onInvite(respond, heard, n);
  };
  await s.start();
  assert.equal(s.srs.heard.length, 1, "the second follows the first to its recorder");
  waiting[0]?.();
  await s.after(50);
  const [first, second] = s.srs.heard;
  assert.ok(first !== undefined && second !== undefined);
  assert.deepEqual([labelsIn(first), labelsIn(second)], [["1"], ["2"]]);
  assert.deepEqual(
    [named(first), named(second)],
    [
      ["+1555", "7001", "1", "1"],
      ["7001", "+1555", "1", "1"],
    ],
  );
  assert.equal(second.request.headers.get("X-Resource-Token"), "tok");
  assert.deepEqual(
    [first, second].map(({ metadata }) => [metadata?.participants.length, metadata?.streams.map(({ label }) => label)]),
    [
      [2, ["1"]],
      [2, ["2"]],
    ],
  );
  assert.deepEqual(s.names, ["started"]);
  assert.deepEqual(
    s.engine.calls.filter((call) => call.startsWith("openTap")).map((call) => call.split(" ")[3]),
    ["1", "2"],
  );
  await s.command("update", { streams: [...callOfTwo.slice(0, 1), agentOf("c", "7002")] });
  assert.equal(s.srs.heard.length, 4, "both are told, no session is new");
  await s.command("stop", { params: { id: "r1" } });
  await s.after(2_000);
  assert.deepEqual(s.srs.story.slice(4), ["BYE", "BYE"]);
  assert.deepEqual(s.names, ["started", "stopped"]);
  assert.equal(s.engine.taps.size, 0);
});

test("R31, session-per-party: a session that moves keeps its dn; one that ends alone degrades", async () => {
  const s = await scene({ layout: "session-per-party" }).start();
  await s.command("update", { streams: [...callOfTwo.slice(0, 1), agentOf("c", "7002")] });
  await s.after(6_000);
  void s.srs.session.bye();
  await s.after(100);
  assert.deepEqual(named(s.srs.last), ["7001", "+1555", "1", "2"]);
  assert.match(s.events.at(-1) ?? "", /^switched .*dn=7001/);
  void s.srs.session.bye({ headers: [["Reason", "SIP;cause=200"]] });
  await s.after(100);
  assert.match(s.events.at(-1) ?? "", /^degraded .*dn=7001/);
  assert.equal(s.lost, 0);
});

test("session-per-party: no recorder for the first, none for the others: one failure that is told", async () => {
  const s = scene({ layout: "session-per-party" });
  s.srs.onInvite = (respond) => respond(486);
  await s.start();
  await s.after(5_000);
  assert.deepEqual([s.srs.heard.length, s.lost], [1, 1]);
  assert.deepEqual(s.names, ["degraded", "failed"]);
});

test("session-per-party and per-participant: who comes in gets a session, without what was said before", async () => {
  const s = await scene({ layout: "session-per-party", streams: "per-participant" }).start();
  await s.after(1_000);
  await s.command("update", { streams: [...callOfTwo, agentOf("c", "7002")] });
  await s.after(50);
  const { last } = s.srs;
  assert.deepEqual([last.method, labelsIn(last), named(last).slice(0, 2)], ["INVITE", ["3"], ["7002", "+1555"]]);
  assert.deepEqual(s.names, ["started"]);
});

test("codecs: what is offered, in this order; without them the party's own first", async () => {
  const formats = ({ sdp }: Heard): string[] => Array.from(sdp.matchAll(/RTP\/AVP (.*)\r/g), ([, list]) => list ?? "");
  assert.deepEqual(formats((await new RecorderScene().start()).srs.last), ["0 8 101", "0 8 101"]);
  const alaw = await scene({ codecs: ["PCMA"] }).start();
  assert.deepEqual(formats(alaw.srs.last), ["8 101", "8 101"]);
  assert.match(alaw.engine.calls.at(-1) ?? "", /^send .* PCMA$/);
});

test("transport: of a destination that names none; a group's name is left as it is", async () => {
  const start = async (dest: string): Promise<string> => {
    const s = await scene({ transport: "tcp" }).start({ dest });
    return s.srs.last.request.uri.split(";calluuid")[0] ?? "";
  };
  assert.equal(await start("sip:10.0.0.5:5070"), "sip:record=r1@10.0.0.5:5070;transport=tcp");
  assert.equal(await start("sip:10.0.0.5;transport=udp"), "sip:record=r1@10.0.0.5;transport=udp");
  assert.equal(await start("sip:vendor"), "sip:record=r1@vendor");
});

test("R10: each copy by the profile of its own destination, with its own machine: one ends, the other goes on", async () => {
  const s = await new RecorderScene(
    new Map<string, Partial<SessionProfile>>([
      ["10.0.0.5", { protocol: "request-uri" }],
      ["vendor", { codecs: ["PCMA"] }],
    ]),
  ).start({ dest: "sip:10.0.0.5:5070", dest2: "sip:vendor" });
  const [one, two] = s.srs.heard;
  assert.ok(one !== undefined && two !== undefined);
  assert.deepEqual([one.raw === "", named(one)[2], two.raw === "", named(two)[2]], [true, "1", false, "2"]);
  assert.equal(one.request.headers.get("X-Resource-Sibling"), "sip:vendor");
  assert.equal(two.request.headers.get("X-Resource-Sibling"), "sip:10.0.0.5:5070");
  assert.deepEqual(s.events.toSorted(), ["started copy=1", "started copy=2"]);
  s.srs.onReinvite = (respond, heard, n) =>
    respond(heard.raw === "" && n < 9 ? 488 : 200, { body: heard.sdp.replaceAll("sendonly", "recvonly") });
  await s.command("update", { userParams: { a: "1" } });
  assert.match(s.events.at(-1) ?? "", /^degraded copy=1 .*488/);
  void s.srs.sessions[0]?.bye({ headers: [["Reason", "SIP;cause=200"]] });
  await s.after(100);
  assert.match(s.events.at(-1) ?? "", /^degraded copy=1/);
  await s.command("stop", { params: { id: "r1" } });
  await s.after(100);
  assert.match(s.events.at(-1) ?? "", /^stopped copy=2/);
  assert.equal(s.engine.taps.size, 0);
});
