import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, test } from "node:test";
import { delay, systemClock } from "@sidetone/foundation";
import type { RecordingDocument } from "../index/recording-row.ts";
import { runRecorder } from "../testing-src.ts";
import { VendorClient, type VendorMessage, audioOf, vendorMessage } from "../testing-vendor.ts";

/** One vendor's client, and what its recording must say. */
interface Quirk {
  readonly name: string;
  /** B.6: what is odd about it. */
  readonly why: string;
  readonly invite: VendorMessage;
  /** Requests after it; audio is sent after each. */
  readonly then?: readonly (readonly ["INVITE" | "UPDATE", VendorMessage])[];
  readonly bye?: VendorMessage;
  /** `address channel`, sorted. */
  readonly parties: readonly string[];
  /** Channel of each m-line's audio, `-` where it is not recorded. */
  readonly lines: readonly ("left" | "right" | "-")[];
  /** Codes, sorted, each once. */
  readonly warnings: readonly string[];
  readonly parameters?: Readonly<Record<string, string>>;
  readonly also?: (document: RecordingDocument, client: VendorClient) => void;
}

const multipart = (boundary: string): string => `Content-Type: multipart/mixed;boundary=${boundary}`;
const src = "Contact: <sip:src@192.0.2.1:5060;transport=tcp>;+sip.src";
const NOTHING: VendorMessage = { headers: [], body: "" };

function events(document: RecordingDocument): string[] {
  return document.events.map((e) => e.event).filter((e) => e !== "session" && e !== "gap");
}

const quirks: readonly Quirk[] = [
  {
    name: "cisco-cube",
    why: "a third MIME part, a lost comma in Require, elements out of order",
    invite: vendorMessage("drachtio/cisco-siprec-offer", [src, "Require: 100relsiprec", multipart("uniqueBoundary")]),
    parties: ["sip:7300 right", "sip:7301 left"],
    lines: ["left", "right"],
    warnings: [],
  },
  {
    name: "cisco-cube-inactive",
    why: "inactive until its re-INVITE; comfort noise as 19; associations without a stream",
    invite: vendorMessage("cisco-cube-inactive"),
    then: [["INVITE", vendorMessage("cisco-cube-active")]],
    parties: ["sip:+15550100 left", "sip:7001 right"],
    lines: ["left", "right"],
    warnings: ["metadata-assumed-sender"],
  },
  {
    name: "cisco-network-based",
    why: "no metadata, no labels: the parties of two m-lines by headers",
    invite: vendorMessage("cisco-network-based"),
    parties: ["sip:+15550100 left", "sip:7001 right"],
    lines: ["left", "right"],
    warnings: ["no-metadata"],
  },
  {
    name: "webex",
    why: "as BroadWorks; Opus first; internal ids as addresses, the real number in From and in the extension",
    invite: vendorMessage("webex"),
    parties: ["k7x left", "m9z right"],
    lines: ["left", "right"],
    warnings: [
      "metadata-foreign-namespace",
      "metadata-foreign-root",
      "metadata-legacy-attribute",
      "metadata-non-uuid-id",
      "no-require-siprec",
      "no-sip-src",
    ],
    parameters: { ani: "+15550100", from: "+15550199", extTrackingID: "152463:1" },
  },
  {
    name: "broadworks-stripped",
    why: "metadata of an unusable type, whose markup is gone: recorded, the document kept",
    invite: vendorMessage("drachtio/broadworks-offer", [
      "From: <sip:+15550100@as.example;user=phone>",
      "Contact: <sip:as.example:5060;transport=tcp>;src",
      "Content-Type:multipart/mixed;boundary=UniqueBroadWorksBoundary",
    ]),
    parties: ["sip:+15550100 -"],
    lines: ["left"],
    warnings: [
      "metadata-foreign-namespace",
      "metadata-foreign-root",
      "metadata-no-participants",
      "metadata-unclaimed-label",
      "no-require-siprec",
      "no-sip-src",
    ],
  },
  {
    name: "broadworks",
    why: "no Require, ;src, metadata before SDP, one mixed stream; pause by an SDP-only re-INVITE, a third party on the same stream",
    invite: vendorMessage("broadworks"),
    then: [
      ["INVITE", vendorMessage("broadworks-pause")],
      ["INVITE", vendorMessage("broadworks-conference")],
    ],
    parties: ["agent left", "sip:+15550100 left", "sip:7002 left"],
    lines: ["left"],
    warnings: [
      "metadata-foreign-namespace",
      "metadata-foreign-root",
      "metadata-legacy-attribute",
      "metadata-non-uuid-id",
      "no-require-siprec",
      "no-sip-src",
    ],
    parameters: { ani: "+15550100", dnis: "8000", queueID: "queue1" },
    also: (document) => assert.deepEqual(events(document), ["pause", "resume"]),
  },
  {
    name: "oracle",
    why: "namespace and attributes of a draft, labels that are large numbers, times without zone",
    invite: vendorMessage("drachtio/acme-siprec-offer", [src, "Require: siprec", multipart("unique-boundary-1")]),
    parties: ["sip:1002 right", "sip:9000 left"],
    lines: ["left", "right"],
    warnings: ["metadata-foreign-namespace", "metadata-legacy-attribute", "metadata-time-without-zone"],
    parameters: { ani: "9000", dnis: "1002" },
  },
  {
    name: "oracle-called-first",
    why: "the one who called is left whatever the order; an attribute without quotes",
    invite: vendorMessage("oracle-called-first"),
    parties: ["sip:+15550100 left", "sip:7001 right"],
    lines: ["right", "left"],
    warnings: [
      "metadata-foreign-namespace",
      "metadata-legacy-attribute",
      "metadata-mended-xml",
      "metadata-time-without-zone",
    ],
    parameters: { ani: "+15550100", realm: "core", "Call-ID": "77@192.0.2.42" },
  },
  {
    name: "oracle-one-stream",
    why: "one m-line for two streams of the metadata",
    invite: vendorMessage("oracle-one-stream"),
    parties: ["sip:+15550100 left", "sip:7001 -"],
    lines: ["left"],
    warnings: [
      "metadata-foreign-namespace",
      "metadata-legacy-attribute",
      "metadata-mended-xml",
      "metadata-time-without-zone",
      "metadata-unknown-label",
    ],
  },
  {
    name: "avaya-sbce",
    why: "a dummy participant, then an UPDATE with metadata alone; labels 10 and 20",
    invite: vendorMessage("avaya-sbce"),
    then: [["UPDATE", vendorMessage("avaya-sbce-update")]],
    parties: ["sip:+15550100 left", "sip:7001 right"],
    lines: ["left", "right"],
    warnings: ["metadata-non-uuid-id", "metadata-time-without-zone"],
  },
  {
    name: "avaya-sbce-one-line",
    why: "one m-line while the metadata speak of two",
    invite: vendorMessage("avaya-sbce-one-line"),
    parties: ["sip:+15550100 left", "sip:7001 -"],
    lines: ["left"],
    warnings: ["metadata-non-uuid-id", "metadata-time-without-zone", "metadata-unknown-label"],
  },
  {
    name: "avaya-sm-three",
    why: "caller, callee and a mix of both, in another order, the mix without an id",
    invite: vendorMessage("avaya-sm-three"),
    parties: ["sip:+15550100 left", "sip:7001 right"],
    lines: ["-", "right", "left"],
    warnings: ["metadata-missing-id", "metadata-non-uuid-id", "metadata-time-without-zone", "mixed-stream"],
  },
  {
    name: "ribbon",
    why: "prefixed names, addresses without scheme, times of 1970, send and recv the wrong way round, callData",
    invite: vendorMessage("ribbon"),
    parties: ["+15550100 left", "7001 right"],
    lines: ["left", "right"],
    warnings: ["metadata-bad-time", "metadata-foreign-namespace", "metadata-swapped-streams"],
    parameters: { ani: "+15550100", dnis: "7001", gcid: "241205267" },
  },
  {
    name: "audiocodes",
    why: "legacy format, ;src, ids of the SBC, the call's UUID in an extension; hold is both m-lines inactive",
    invite: vendorMessage("audiocodes"),
    then: [["INVITE", vendorMessage("audiocodes-hold")]],
    parties: ["+15550100 left", "7001 right"],
    lines: ["left", "right"],
    warnings: [
      "metadata-foreign-namespace",
      "metadata-legacy-attribute",
      "metadata-non-uuid-id",
      "metadata-time-without-zone",
      "no-sip-src",
    ],
    parameters: { ucid: "FA080019001038F725B3" },
    also: (document) => {
      assert.equal(document.callUuid, "4BOKLLA3VH66JF112M1CC9VHKS14F0KP");
      assert.deepEqual(events(document), ["pause"]);
    },
  },
  {
    name: "metaswitch",
    why: "a Contact whose bracket is not closed, one mixed stream without rtpmap, new ports in mid-call, hold by address",
    invite: vendorMessage("metaswitch"),
    then: [
      ["INVITE", vendorMessage("metaswitch-moved")],
      ["INVITE", vendorMessage("metaswitch-hold")],
    ],
    parties: ["+15550100 left", "7001 left"],
    lines: ["left"],
    warnings: ["metadata-ambiguous-sender", "metadata-foreign-namespace"],
    parameters: { subscriber: "7001" },
    also: (document) => assert.deepEqual(events(document), ["pause"]),
  },
  ...([1, 2, 3] as const).map(
    (n): Quirk => ({
      name: `netsapiens-${n}`,
      why: `session ${n} of a transfer: ids are Call-IDs, the group tells what belongs together, labels come back`,
      invite: vendorMessage(`netsapiens-${n}`),
      parties:
        [
          ["sip:+15550100 left", "sip:7001 right"],
          ["sip:7001 left", "sip:7002 right"],
          ["sip:+15550100 left", "sip:7002 right"],
        ][n - 1] ?? [],
      lines: ["left", "right"],
      warnings: ["metadata-non-uuid-id"],
      parameters: { groupid: n === 2 ? "call-2@pbx" : "call-1@pbx", groupSeq: n === 3 ? "1" : "0" },
      also: (_, client) => assert.match(client.sdp, /a=label:1\r\n[^]*a=label:2\r\n/),
    }),
  ),
  {
    name: "opensips",
    why: "no +sip.src, labels from 0, +0000, names that are not escaped, nobody sends anything, no address in the SDP",
    invite: vendorMessage("opensips"),
    parties: ["sip:+15550100 left", "sip:7001 right"],
    lines: ["left", "right"],
    warnings: ["metadata-assumed-sender", "metadata-mended-xml", "metadata-non-uuid-id", "no-sip-src"],
    parameters: { groupid: "sales & support" },
    also: (document) => assert.ok(document.participants.some((p) => p.name === "Tom & <Jerry>")),
  },
  {
    name: "jambonz",
    why: "no +sip.src, dashed UUIDs, called and calling number exchanged in its extension",
    invite: vendorMessage("jambonz"),
    parties: ["sip:+15550100 left", "sip:7001 right"],
    lines: ["left", "right"],
    warnings: ["metadata-non-uuid-id", "no-sip-src"],
    parameters: { ani: "+15550100", dnis: "7001" },
  },
  {
    name: "sems",
    why: "no datamode, ids of ASCII, partial as an attribute in a multipart re-INVITE, metadata in BYE",
    invite: vendorMessage("sems"),
    then: [["INVITE", vendorMessage("sems-hold")]],
    bye: vendorMessage("sems-bye"),
    parties: ["sip:+15550100 left", "sip:7001 right"],
    lines: ["left", "right"],
    warnings: [],
    also: (document, client) => {
      assert.equal(document.participants.find((p) => p.aor?.includes("7001"))?.to, "2026-11-20T09:16:15.000000Z");
      assert.deepEqual(
        client.requests.filter((r) => r.startsWith("UPDATE ")),
        [],
      );
    },
  },
  {
    name: "frafos",
    why: "labels a_leg and b_leg, a=direction:both, an address that is no URI, application/rs-metadata",
    invite: vendorMessage("frafos"),
    parties: ["Extension-7001 right", "sip:+15550100 left"],
    lines: ["left", "right"],
    warnings: [],
  },
  {
    name: "genesys-cloud",
    why: "agent and conversation in headers",
    invite: vendorMessage("genesys-cloud"),
    parties: ["sip:+15550100 left", "sip:7001 right"],
    lines: ["left", "right"],
    warnings: [],
    parameters: { agentid: "agent-77", GenesysConversationID: "0a1b2c3d-0000-4000-8000-000000000001" },
  },
  {
    name: "intrado",
    why: "one stream that the caller sends and receives, a role, an empty name, Call-Info: (null)",
    invite: vendorMessage("intrado"),
    parties: ["+15550100 left"],
    lines: ["left"],
    warnings: ["metadata-non-uuid-id"],
    parameters: { ani: "+15550100" },
  },
  {
    name: "no-siprec",
    why: "an ordinary call with one stream",
    invite: vendorMessage("drachtio/non-siprec-payload", [
      "From: <sip:+15550100@192.0.2.1>",
      "Contact: <sip:192.0.2.1:5060;transport=tcp>",
      "Content-Type: application/sdp",
    ]),
    parties: ["sip:+15550100 -"],
    lines: ["left"],
    warnings: ["no-metadata"],
  },
];

let recorder: Awaited<ReturnType<typeof runRecorder>>;
const clients = new Map<string, VendorClient>();

async function run(quirk: Quirk): Promise<void> {
  const client = await VendorClient.open(recorder.sip, quirk.name);
  clients.set(quirk.name, client);
  const invited = await client.ask("INVITE", quirk.invite);
  assert.match(invited, /^SIP\/2\.0 200 /, `${quirk.name}: ${invited}`);
  const speak = (): Promise<void> => (client.sdp.includes("a=recvonly") ? client.talk(15) : delay(systemClock, 100));
  await speak();
  for (const [method, message] of quirk.then ?? []) {
    assert.match(await client.ask(method, message), /^SIP\/2\.0 200 /, quirk.name);
    await speak();
  }
  assert.match(await client.ask("BYE", quirk.bye ?? NOTHING), /^SIP\/2\.0 200 /, quirk.name);
}

/** The recording of a test case; the newest state of it. */
async function recordingOf(name: string): Promise<RecordingDocument> {
  for (let i = 0; i < 100; i++) {
    const found = (await (await fetch(`${recorder.url}/api/v1/recordings?q=case-${name}-end`)).json()) as {
      recordings: RecordingDocument[];
    };
    const [document] = found.recordings;
    if (document?.state === "complete") return document;
    await delay(systemClock, 50);
  }
  throw new Error(`there is no complete recording of ${name}`);
}

before(async () => {
  recorder = await runRecorder();
  await Promise.all(quirks.map(run));
});

after(async () => {
  for (const client of clients.values()) client.close();
  await recorder.role.close();
  rmSync(recorder.folder, { recursive: true });
});

for (const quirk of quirks) {
  test(`B.6 ${quirk.name}: ${quirk.why}`, async () => {
    const client = clients.get(quirk.name);
    assert.ok(client !== undefined);
    const document = await recordingOf(quirk.name);
    const parties = document.participants.map((p) => `${p.aor?.split("@")[0]} ${p.channel ?? "-"}`);
    assert.deepEqual(parties.sort(), quirk.parties);
    const codes = new Set(document.warnings.map((w) => w.code));
    assert.deepEqual(Array.from(codes).sort(), quirk.warnings);
    for (const [name, value] of Object.entries(quirk.parameters ?? {}))
      assert.equal(document.parameters[name], value, name);
    quirk.also?.(document, client);
    const audio = await fetch(`${recorder.url}/api/v1/recordings/${document.id}/audio`);
    const wav = Buffer.from(await audio.arrayBuffer()).subarray(58);
    quirk.lines.forEach((channel, line) => {
      const heard = (["left", "right"] as const).filter((_, side) => {
        const one = Buffer.from(wav.filter((_byte, i) => i % 2 === side));
        return one.includes(audioOf(line));
      });
      assert.deepEqual(heard, channel === "-" ? [] : [channel], `m-line ${line + 1}`);
    });
  });
}
