// What third-party recorders do, and what becomes of the recording: a scripted recorder over a memory network, by the manual clock.
import assert from "node:assert/strict";
import { test } from "node:test";
import { writeSnapshotRequest } from "@sidetone/siprec";
import { answerSdp } from "../../test-support/fake-sip.ts";
import { type Answering, directionsIn, RecorderScene } from "../../test-support/recorder-scene.ts";

const ok: Answering = (respond, heard) => respond(200, { body: answerSdp(heard.sdp) ?? "" });

/** `first` answers the first n requests, then they are taken. */
function at(n: number, first: Answering): Answering {
  return (respond, heard, count) => (count <= n ? first(respond, heard, count) : ok(respond, heard, count));
}

function status(code: number, headers: readonly (readonly [string, string])[] = []): Answering {
  return (respond) => respond(code, { headers });
}

/** Answers with this edit of a proper answer. */
function answer(edit: (sdp: string) => string): Answering {
  return (respond, heard) => respond(200, { body: edit(answerSdp(heard.sdp) ?? "") });
}

const onlySecondLine = (edit: (line: string) => string) => (sdp: string) => {
  const [head, first, second] = sdp.split("m=audio ");
  return `${head}m=audio ${first}m=audio ${edit(second ?? "")}`;
};

interface Row {
  readonly name: string;
  readonly does: (scene: RecorderScene) => void;
  /** What happens beside; default: nothing, for 300 ms. */
  readonly follows?: (scene: RecorderScene) => Promise<void>;
  /** What the recorder heard. */
  readonly story: readonly string[];
  /** Recorder events. */
  readonly events: readonly RegExp[];
}

const INVITE = "INVITE sendonly sendonly";
const REINVITE = "re-INVITE sendonly sendonly";
const PAUSED = "re-INVITE inactive inactive";

const atTheStart: readonly Row[] = [
  {
    name: "takes it",
    does: () => undefined,
    story: [INVITE],
    events: [/^started/],
  },
  {
    name: "R17: 503 with Retry-After: failed at once, SIP Server decides and tries again",
    does: ({ srs }) => {
      srs.onInvite = status(503, [["Retry-After", "2"]]);
    },
    follows: (scene) => scene.after(10_000),
    story: [INVITE],
    events: [/^failed .*no-recorder \(503/],
  },
  {
    name: "503 without Retry-After: failed",
    does: ({ srs }) => {
      srs.onInvite = status(503);
    },
    story: [INVITE],
    events: [/^failed .*no-recorder \(503/],
  },
  {
    name: "408: nobody answers there",
    does: ({ srs }) => {
      srs.onInvite = status(408);
    },
    story: [INVITE],
    events: [/^failed .*recorder-no-answer \(408/],
  },
  {
    name: "488: failed, with what it says",
    does: ({ srs }) => {
      srs.onInvite = status(488, [["Warning", '304 srs "Media type not available"']]);
    },
    story: [INVITE],
    events: [/^failed .*recorder-refused \(488 .*Media type not available/],
  },
  {
    name: "420: it is no SIPREC recorder, and is not offered less",
    does: ({ srs }) => {
      srs.onInvite = status(420, [["Unsupported", "siprec"]]);
    },
    follows: (scene) => scene.after(5_000),
    story: [INVITE],
    events: [/^failed .*it is no SIPREC recorder/],
  },
  {
    name: "no answer for 2.5 s: CANCEL, failed",
    does: ({ srs }) => {
      srs.onInvite = () => undefined;
    },
    follows: (scene) => scene.after(3_000),
    story: [INVITE],
    events: [/^failed .*recorder-no-answer \(no final answer within 2500 ms/],
  },
  {
    name: "a late answer, after the CANCEL: taken back by BYE that says why",
    does: (scene) => {
      scene.srs.onInvite = (respond, heard) => {
        respond(180);
        scene.clock.after(2_500, () => respond(200, { body: answerSdp(heard.sdp) ?? "" }));
      };
    },
    follows: (scene) => scene.after(3_000),
    story: [INVITE, "BYE"],
    events: [/^failed .*recorder-no-answer/],
  },
  {
    name: "an answer within the time is no late one",
    does: (scene) => {
      scene.srs.onInvite = (respond, heard) => {
        respond(180);
        scene.clock.after(2_000, () => respond(200, { body: answerSdp(heard.sdp) ?? "" }));
      };
    },
    follows: (scene) => scene.after(2_500),
    story: [INVITE],
    events: [/^started/],
  },
  {
    name: "answers without SDP: refused, and told",
    does: ({ srs }) => {
      srs.onInvite = (respond) => respond(200);
    },
    story: [INVITE, "BYE"],
    events: [/^failed .*without readable SDP/],
  },
  {
    name: "port 0 for both: refused, and told",
    does: ({ srs }) => {
      srs.onInvite = answer((sdp) => sdp.replaceAll(/m=audio \d+/g, "m=audio 0"));
    },
    story: [INVITE, "BYE"],
    events: [/^failed .*refused every stream/],
  },
  {
    name: "port 0 for the second stream: the first is recorded, degraded after 5 s",
    does: ({ srs }) => {
      srs.onInvite = answer(onlySecondLine((line) => line.replace(/^\d+/, "0")));
    },
    follows: (scene) => scene.after(5_500),
    story: [INVITE],
    events: [/^started/, /^degraded .*takes no audio side=agent/],
  },
  {
    name: "one m-line for two: the first is recorded, degraded after 5 s",
    does: ({ srs }) => {
      srs.onInvite = answer((sdp) => sdp.slice(0, sdp.lastIndexOf("m=audio ")));
    },
    follows: (scene) => scene.after(5_500),
    story: [INVITE],
    events: [/^started/, /^degraded .*takes no audio side=agent/],
  },
  {
    name: "inactive, and recvonly by its own re-INVITE a second later: nothing is amiss",
    does: ({ srs }) => {
      srs.onInvite = answer((sdp) => sdp.replaceAll("a=recvonly", "a=inactive"));
    },
    follows: async (scene) => {
      await scene.after(1_000);
      await reinvited(scene);
      await scene.after(6_000);
    },
    story: [INVITE],
    events: [/^started/],
  },
  {
    name: "inactive for ever: degraded after 5 s",
    does: ({ srs }) => {
      srs.onInvite = answer((sdp) => sdp.replaceAll("a=recvonly", "a=inactive"));
    },
    follows: (scene) => scene.after(5_500),
    story: [INVITE],
    events: [/^started/, /^degraded .*takes no audio side=customer side=agent/],
  },
  {
    name: "gives our sendonly back: it means yes",
    does: ({ srs }) => {
      srs.onInvite = answer((sdp) => sdp.replaceAll("a=recvonly", "a=sendonly"));
    },
    follows: (scene) => scene.after(6_000),
    story: [INVITE],
    events: [/^started/],
  },
  {
    name: "says no direction at all: sendrecv, which takes audio",
    does: ({ srs }) => {
      srs.onInvite = answer((sdp) => sdp.replaceAll("a=recvonly\r\n", ""));
    },
    follows: (scene) => scene.after(6_000),
    story: [INVITE],
    events: [/^started/],
  },
  {
    name: "the old hold, c=0.0.0.0: it takes nothing",
    does: ({ srs }) => {
      srs.onInvite = answer((sdp) => sdp.replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0"));
    },
    follows: (scene) => scene.after(5_500),
    story: [INVITE],
    events: [/^started/, /^degraded .*takes no audio/],
  },
];

const later: readonly Row[] = [
  {
    name: "491 to a re-INVITE: again after 2.1 s (the Call-ID is ours, the random number 0), as it is then",
    does: ({ srs }) => {
      srs.onReinvite = at(1, status(491));
    },
    follows: async (scene) => {
      await scene.command("pause");
      await scene.after(2_000);
      assert.equal(scene.srs.heard.length, 2);
      await scene.command("update", { userParams: { late: "1" } });
      await scene.after(200);
      assert.equal(scene.srs.last.metadata?.call?.userParams.get("late"), "1");
    },
    story: [INVITE, PAUSED, PAUSED],
    events: [/^started/, /^paused/],
  },
  {
    name: "491 to everything: given up after six, told",
    does: ({ srs }) => {
      srs.onReinvite = status(491);
    },
    follows: async (scene) => {
      await scene.command("update", { userParams: { a: "1" } });
      await scene.after(30_000);
    },
    story: [INVITE, ...Array.from({ length: 6 }, () => REINVITE)],
    events: [/^started/, /^degraded .*491/],
  },
  {
    name: "491 to the last words of STOP (R18): BYE waits for the second one",
    does: ({ srs }) => {
      srs.onReinvite = at(1, status(491));
    },
    follows: async (scene) => {
      await scene.command("stop", { params: { id: "r1" }, userParams: { outcome: "sold" } });
      await scene.after(2_500);
      assert.equal(scene.srs.heard[2]?.metadata?.call?.userParams.get("outcome"), "sold");
    },
    story: [INVITE, REINVITE, REINVITE, "BYE"],
    events: [/^started/, /^stopped/],
  },
  {
    name: "503 with Retry-After to a re-INVITE: busy, not gone",
    does: ({ srs }) => {
      srs.onReinvite = at(1, status(503, [["Retry-After", "3"]]));
    },
    follows: async (scene) => {
      await scene.command("update", { userParams: { a: "1" } });
      await scene.after(3_200);
    },
    story: [INVITE, REINVITE, REINVITE],
    events: [/^started/],
  },
  {
    name: "R31: 481 to a re-INVITE: gone, another session gets all",
    does: ({ srs }) => {
      srs.onReinvite = at(1, status(481));
    },
    follows: async (scene) => {
      await scene.command("update", { userParams: { a: "1" } });
      await scene.after(200);
    },
    story: [INVITE, REINVITE, INVITE],
    events: [/^started/, /^switched/],
  },
  ...[408, 503].map((code): Row => {
    return {
      name: `R31: ${code} to a re-INVITE, without Retry-After: gone, another session gets all, that one BYE`,
      does: ({ srs }) => {
        srs.onReinvite = at(1, status(code));
      },
      follows: async (scene) => {
        await scene.command("update", { userParams: { a: "1" } });
        await scene.after(200);
      },
      story: [INVITE, REINVITE, "BYE", INVITE],
      events: [/^started/, /^switched/],
    };
  }),
  {
    name: "488 to a re-INVITE: told, the session goes on, the next change tries again",
    does: ({ srs }) => {
      srs.onReinvite = at(1, status(488));
    },
    follows: async (scene) => {
      await scene.command("update", { userParams: { a: "1" } });
      await scene.after(6_000);
      await scene.command("update", { userParams: { b: "1" } });
    },
    story: [INVITE, REINVITE, REINVITE],
    events: [/^started/, /^degraded .*488/],
  },
  {
    name: "does not agree to resume, once: asked again after 2 s, nothing is lost",
    does: ({ srs }) => {
      srs.onReinvite = (respond, heard, n) => (n === 2 ? respond(500) : ok(respond, heard, n));
    },
    follows: async (scene) => {
      await scene.command("pause");
      await scene.after(1_000);
      await scene.command("resume");
      await scene.after(2_100);
    },
    story: [INVITE, PAUSED, REINVITE, REINVITE],
    events: [/^started/, /^paused/, /^resumed/, /^degraded .*500/],
  },
  {
    name: "R31: never agrees to resume: left for another while the taps still have all",
    does: ({ srs }) => {
      srs.onReinvite = (respond, heard, n) => (n >= 2 ? respond(500) : ok(respond, heard, n));
    },
    follows: async (scene) => {
      await scene.command("pause");
      await scene.after(1_000);
      await scene.command("resume");
      await scene.after(4_500);
    },
    story: [INVITE, PAUSED, REINVITE, REINVITE, REINVITE, "BYE", INVITE],
    events: [/^started/, /^paused/, /^resumed/, /^degraded .*500/, /^switched/],
  },
  {
    name: "RFC 7866 9.2: asks for a snapshot: 200, then complete metadata with their offer",
    does: () => undefined,
    follows: async (scene) => {
      const body = writeSnapshotRequest("restarted");
      const asked = scene.srs.session.update({ body, contentType: "application/rs-metadata+xml" });
      await scene.after(50);
      assert.equal((await asked).status, 200);
      assert.equal(scene.srs.last.metadata?.dataMode, "complete");
    },
    story: [INVITE, REINVITE],
    events: [/^started/],
  },
  {
    name: "RFC 7866 9.2: asks by UPDATE for what is no snapshot: 415 that says what is known",
    does: () => undefined,
    follows: async (scene) => {
      const asked = scene.srs.session.update({ body: "<other/>", contentType: "application/xml" });
      await scene.after(50);
      const { status: got, headers } = await asked;
      assert.deepEqual([got, headers.get("Accept")?.includes("application/rs-metadata")], [415, true]);
    },
    story: [INVITE],
    events: [/^started/],
  },
  {
    name: "RFC 7866 7.2: a re-INVITE without SDP gets our offer with complete metadata, and its answer moves the media",
    does: () => undefined,
    follows: async (scene) => {
      const response = await reinvited(scene, (sdp) => sdp.replaceAll("m=audio 25", "m=audio 26"));
      assert.match(response, /application\/rs-metadata\+xml[\s\S]*<datamode>complete/);
      assert.match(scene.engine.calls.slice(-2).join(), /send \d+ 127\.0\.0\.1:26000 PCMU,send \d+ 127\.0\.0\.1:26002/);
    },
    story: [INVITE],
    events: [/^started/],
  },
  {
    name: "an UPDATE with an offer, which it should not make: answered with ours, media follow",
    does: () => undefined,
    follows: async (scene) => {
      const body = (answerSdp(scene.srs.last.sdp) ?? "").replaceAll("m=audio 25", "m=audio 27");
      const asked = scene.srs.session.update({ body });
      await scene.after(50);
      const response = await asked;
      assert.deepEqual([response.status, directionsIn(response.body.toString())], [200, ["sendonly", "sendonly"]]);
      assert.match(scene.engine.calls.slice(-2).join(), /:27000 PCMU,send \d+ 127\.0\.0\.1:27002/);
    },
    story: [INVITE],
    events: [/^started/],
  },
  {
    name: "R31: hangs up without a reason, or because it cannot go on: another session, told",
    does: () => undefined,
    follows: async (scene) => {
      await scene.after(6_000);
      void scene.srs.session.bye({ headers: [["Reason", 'SIP;cause=503;text="disk full"']] });
      await scene.after(200);
    },
    story: [INVITE, INVITE],
    events: [/^started/, /^switched .*side|^switched/],
  },
  {
    name: "hangs up with cause 200: it is the end, as it wants",
    does: () => undefined,
    follows: async (scene) => {
      void scene.srs.session.bye({ headers: [["Reason", "SIP;cause=200"]] });
      await scene.after(200);
      assert.equal(scene.lost, 1);
    },
    story: [INVITE],
    events: [/^started/, /^stopped/],
  },
];

/** The recorder's re-INVITE without SDP, and its answer in the ACK; what we answered. */
async function reinvited(scene: RecorderScene, edit: (sdp: string) => string = (sdp) => sdp): Promise<string> {
  const { session } = scene.srs;
  const pending = session.reinvite({ autoAck: false });
  await scene.after(20);
  const { status: got, body } = await pending;
  assert.equal(got, 200);
  session.ack(edit(answerSdp(body.toString()) ?? ""), "application/sdp");
  await scene.after(20);
  return body.toString();
}

for (const row of [...atTheStart, ...later]) {
  test(`a recorder that: ${row.name}`, async () => {
    const scene = new RecorderScene();
    scene.random = (size) => new Uint8Array(size);
    row.does(scene);
    await scene.start();
    await (row.follows ?? ((same) => same.after(300)))(scene);
    assert.deepEqual(scene.srs.story, row.story);
    assert.equal(scene.events.length, row.events.length, scene.events.join("\n"));
    for (const [at, expected] of row.events.entries()) assert.match(scene.events[at] ?? "", expected);
  });
}

test("RFC 3261 8.1.3.4: redirections are followed, the best Contact first, each once, five together; the recording stays what is asked for", async () => {
  const uris = ({ srs }: RecorderScene): string[] =>
    srs.heard.map(({ request }) => request.uri.split(";calluuid")[0] ?? "");
  const scene = new RecorderScene();
  const contacts = [
    ["Contact", "<sip:second@10.0.0.2:5080>;q=0.2, <sip:first@10.0.0.1;transport=tcp?Subject=x>;q=0.9, <tel:+1555>"],
  ] as const;
  scene.srs.onInvite = at(2, (respond, _, n) => respond(n === 1 ? 302 : 486, { headers: n === 1 ? contacts : [] }));
  await scene.start();
  assert.deepEqual(uris(scene), [
    "sip:record=r1@127.0.0.1:5090;transport=udp",
    "sip:record=r1@10.0.0.1;transport=tcp",
    "sip:record=r1@10.0.0.2:5080",
  ]);
  assert.deepEqual(scene.names, ["started"]);

  const loop = new RecorderScene();
  loop.srs.onInvite = (respond, _, n) => respond(301, { headers: [["Contact", `<sip:next@10.0.0.${n}>`]] });
  await loop.start();
  assert.equal(loop.srs.heard.length, 6);
  assert.match(loop.events.join(), /^failed .*recorder-refused \(301/);

  const circle = new RecorderScene();
  circle.srs.onInvite = status(302, [["Contact", "<sip:same@10.0.0.1>"]]);
  await circle.start();
  assert.equal(circle.srs.heard.length, 2);

  const other = new RecorderScene();
  other.srs.onInvite = status(305, [["Contact", "<sip:proxy@10.0.0.1>"]]);
  await other.start();
  assert.deepEqual([other.srs.heard.length, other.names], [1, ["failed"]]);
});

test("RFC 7866 6.1.1: Require, +sip.src and what may come in are said in INVITE and re-INVITE; the 2xx of ours has +sip.src", async () => {
  const scene = await new RecorderScene().start();
  await scene.command("update", { userParams: { a: "1" } });
  for (const { request } of scene.srs.heard) {
    assert.equal(request.headers.get("Require"), "siprec");
    assert.match(request.headers.get("Contact") ?? "", /;\+sip\.src/);
    assert.match(request.headers.get("Accept") ?? "", /application\/rs-metadata\+xml/);
  }
  const pending = scene.srs.session.update({ body: writeSnapshotRequest(""), contentType: "application/rs-metadata" });
  await scene.after(50);
  assert.match((await pending).headers.get("Contact") ?? "", /;\+sip\.src/);
});
