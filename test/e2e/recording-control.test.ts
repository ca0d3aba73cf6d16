// What a T-Library client can do with a recording, and what desktops are told; what recorders hold of it is judged by tone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test, type TestContext } from "node:test";
import {
  CallRefused,
  gaps,
  passwordOf,
  type PhoneCodec,
  type RecordingRow,
  type RunningSystem,
  ScriptedPhone,
  startSystem,
  talk,
  until,
} from "@sidetone/testing";
import {
  CALLEE_HZ,
  CALLER_HZ,
  Desk,
  fileAt,
  finishedAt,
  hasTone,
  OwnRecorder,
  recordingsAt,
  refusal,
  talking,
  userData,
} from "./desk.ts";
import { hearsEachOther, type UpCall } from "./phones.ts";

/** One that the application may name, but that Resource Manager knows nothing of. */
const FOREIGN = "sip:203.0.113.9:5090;transport=tcp";
const everything = ["monitor", "control", "userdata", "record"];

let system: RunningSystem;
/** The second of the group, and one outside of it. */
let second: OwnRecorder;
let outside: OwnRecorder;

before(async () => {
  const numbers = Array.from({ length: 40 }, (_, n) => String(7201 + n));
  system = await startSystem({
    mode: "one-process",
    config: ({ recorder }) => ({
      "sip-server": {
        dns: Object.fromEntries(
          numbers.map((dn) => [dn, { type: "extension", password: passwordOf(dn), record: dn === "7240" }]),
        ),
        applications: {
          desk: {
            password: "demo-desk",
            grants: [{ dns: "72*", rights: everything }],
            destinations: ["127.0.0.1:5091", "127.0.0.1:5092", "203.0.113.9"],
          },
          supervisor: {
            password: "demo-supervisor",
            grants: [
              { dns: "7230", rights: ["monitor", "record"] },
              { dns: "7231", rights: ["record"] },
            ],
          },
        },
      },
      "resource-manager": {
        groups: {
          recorders: {
            resources: [{ address: `sip:127.0.0.1:${recorder};transport=tcp` }, { address: OwnRecorder.uriOf(1) }],
          },
        },
      },
      recorder: { rtp: { ports: "25000-25999" } },
    }),
  });
  second = new OwnRecorder(system, 1);
  outside = new OwnRecorder(system, 2);
  await Promise.all([second.ready(), outside.ready()]);
  const up = await until(async () => {
    const samples = Array.from(await system.metrics("resource-manager"));
    const states = samples.filter(([name]) => name.startsWith("sidetone_resource_up"));
    return states.length === 3 && states.every(([, value]) => value === 1);
  }, 10_000);
  assert.ok(up, "Resource Manager does not see both recorders of its group");
});
after(async () => {
  await Promise.all([second.stop(), outside.stop()]);
  await system.stop().finally(() => system.dispose());
});

interface Watched {
  readonly desk: Desk;
  readonly call: UpCall;
  readonly about: { readonly ThisDN: string; readonly ConnID: string };
}

/** A call that is up, and a desktop of both parties. `about` names the caller. */
async function watched(
  t: TestContext,
  from: string,
  to: string,
  codecs: readonly PhoneCodec[] = ["PCMU"],
): Promise<Watched> {
  const desk = await Desk.open(t, system, "desk", from, to);
  const call = await talking(t, system, from, to, codecs);
  return { desk, call, about: await desk.about(from) };
}

/** Recordings of a DN at all three recorders, the group's first. */
function everywhere(dn: string): Promise<RecordingRow[][]> {
  return Promise.all(
    [system.http("recorder"), second.http, outside.http].map((http) => recordingsAt(http, `?dn=${dn}`)),
  );
}

/** The finished recording of a DN at that recorder of the group which has it. */
async function finishedInGroup(dn: string): Promise<{ readonly row: RecordingRow; readonly http: string }> {
  let http: string | undefined;
  const found = await until(async () => {
    const own = await recordingsAt(system.http("recorder"), `?dn=${dn}`);
    const other = await recordingsAt(second.http, `?dn=${dn}`);
    http = own.length > 0 ? system.http("recorder") : other.length > 0 ? second.http : undefined;
    return http !== undefined;
  }, 3000);
  assert.ok(found && http !== undefined, `no recorder of the group has a recording of ${dn}`);
  return { row: await finishedAt(http, dn), http };
}

/** Caller left, callee right (R15), without a gap that a busy machine does not explain. */
async function isWhole(http: string, row: RecordingRow, leastMs: number): Promise<void> {
  assert.equal(row.state, "complete", JSON.stringify(row));
  assert.ok(row.durationMs >= leastMs, `${row.durationMs} of at least ${Math.round(leastMs)} ms`);
  const { channels } = await fileAt(http, row.id);
  for (const [index, hz] of [CALLER_HZ, CALLEE_HZ].entries()) {
    const samples = channels[index];
    assert.ok(samples !== undefined);
    hasTone(samples, hz);
    assert.deepEqual(gaps(samples, 100), [], `gaps in channel ${index}`);
  }
}

/** The generic parameters as the Request-URI has them (RFC 3261 19.1.4: percent-escaped). */
function inUri(uri: string | undefined, wanted: Readonly<Record<string, string>>): void {
  const pieces = (uri ?? "").split("@")[1]?.split(";") ?? [];
  const found = new Map(pieces.map((piece) => piece.split("=").map(decodeURIComponent) as [string, string]));
  for (const [name, value] of Object.entries(wanted)) assert.equal(found.get(name), value, `${name} in ${uri}`);
}

/** The generic parameters as the metadata have them. */
function inMetadata(text: string | undefined, wanted: Readonly<Record<string, string>>): void {
  const plain = (escaped: string): string =>
    escaped.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
  const all = Array.from((text ?? "").matchAll(/user-param name="([^"]*)" value="([^"]*)"/g));
  const found = new Map(all.map(([, name = "", value = ""]) => [plain(name), plain(value)]));
  for (const [name, value] of Object.entries(wanted)) assert.equal(found.get(name), value, `${name} in\n${text}`);
}

/** The recording INVITEs and re-INVITEs that the Media Server has sent for a recording. */
function recordingInvites(id: string): { readonly uri: string; readonly text: string }[] {
  return readFileSync(system.journal("media-server"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { direction: string; start: string; text: string })
    .filter(({ direction, start }) => direction === "out" && start.startsWith("INVITE "))
    .filter(({ text }) => text.includes(id))
    .map(({ text }) => ({ uri: text.split(" ", 2)[1] ?? "", text: Buffer.from(text, "latin1").toString() }));
}

describe("while all recorders live", { concurrency: true }, () => {
  test("R10: dest sends the recording to the recorder that the client named, and only there", async (t) => {
    const { desk, call, about } = await watched(t, "7201", "7202");
    const start = (dest: string): Promise<string> =>
      refusal(desk.client.recordStart({ ...about, Extensions: { dest } }));
    assert.equal(await start("sip:127.0.0.1:5093;transport=tcp"), "PermissionDenied");
    assert.equal(await start("sip:127.0.0.2:5092;transport=tcp"), "PermissionDenied");
    assert.equal(await start("sip:127.0.0.1:5092;maddr=127.0.0.9"), "InvalidAttribute");
    assert.equal(await start("not an address"), "InvalidAttribute");
    assert.equal(await start(outside.uri), "accepted");
    await desk.says("7201", "On");
    const startedAt = performance.now();
    await talk(2000);
    await call.caller.bye();
    const lengthMs = performance.now() - startedAt;
    await isWhole(outside.http, await finishedAt(outside.http, "7201"), lengthMs - 200);
    const [own, other] = await everywhere("7201");
    assert.deepEqual([own, other], [[], []], "a recorder of the group has it too");
  });

  test("R10, R23: Resource Manager refuses a destination that it does not know, asked by the Media Server or directly", async (t) => {
    const { desk, call, about } = await watched(t, "7203", "7204");
    await desk.client.recordStart({ ...about, Extensions: { dest: FOREIGN } });
    const info = (dn: string): Readonly<Record<string, unknown>> | undefined =>
      desk.told(dn).find(({ message }) => message === "EventPrivateInfo")?.attributes;
    assert.ok(await until(() => info("7203") !== undefined && info("7204") !== undefined, 5000), "no EventPrivateInfo");
    for (const dn of ["7203", "7204"]) {
      const { PrivateMsgID, Extensions } = info(dn) ?? {};
      assert.equal(PrivateMsgID, 3013);
      const { result, reason, recordDN } = Extensions as Readonly<Record<string, string>>;
      assert.deepEqual([result, recordDN], ["failed", "7203"]);
      assert.match(reason ?? "", /403/);
    }
    await hearsEachOther(call, CALLER_HZ, CALLEE_HZ);
    await call.caller.bye();
    const server = { host: "127.0.0.1", port: system.ports.resourceManager };
    const stranger = await ScriptedPhone.open({ user: "stranger", server });
    t.after(() => stranger.close());
    const asked = await stranger.call("sip:record=by-myself@203.0.113.9:5090;copy=1;epoch=1");
    await assert.rejects(asked.answered, (error) => error instanceof CallRefused && error.status === 403);
  });

  for (const [from, to] of [
    ["7205", "7206"],
    ["7207", "7208"],
    ["7209", "7210"],
  ] as const) {
    test(`R10: dest2: two recorders each have the whole call of ${from}, never twice the same`, async (t) => {
      const { desk, call, about } = await watched(t, from, to);
      // One of the group: the first copy must keep out of its way.
      await desk.client.recordStart({ ...about, Extensions: { id: `twice-${from}`, dest2: second.uri } });
      await desk.says(from, "On");
      const startedAt = performance.now();
      await talk(2000);
      await call.callee.bye();
      const lengthMs = performance.now() - startedAt;
      for (const http of [system.http("recorder"), second.http]) {
        await isWhole(http, await finishedAt(http, from), lengthMs - 200);
      }
      const copies = recordingInvites(`twice-${from}`).map(({ uri }) => /;copy=(\d)/.exec(uri)?.[1]);
      assert.deepEqual(new Set(copies), new Set(["1", "2"]));
    });
  }

  test("R5: full-time: START is refused; PAUSE, RESUME and STOP act on it; after STOP a START is accepted", async (t) => {
    const { desk, call, about } = await watched(t, "7240", "7211");
    await desk.says("7240", "On");
    assert.equal(await refusal(desk.client.recordStart(about)), "FullTimeRecording");
    const other = { ThisDN: "7211", ConnID: about.ConnID };
    assert.equal(await refusal(desk.client.recordStart(other)), "FullTimeRecording");
    await talk(800);
    await desk.client.recordPause(about);
    await desk.says("7240", "On", "Paused");
    assert.equal(await refusal(desk.client.recordPause(about)), "InSameState");
    assert.equal(await refusal(desk.client.recordStart(about)), "FullTimeRecording");
    await talk(800);
    await desk.client.recordResume(about);
    assert.equal(await refusal(desk.client.recordResume(about)), "InSameState");
    await talk(800);
    await desk.client.recordStop(about);
    await desk.says("7240", "On", "Paused", "On", "Off");
    assert.equal(await refusal(desk.client.recordStop(about)), "RecordingNotActive");
    const { row, http } = await finishedInGroup("7240");
    const holes = (await fileAt(http, row.id)).channels.map((channel) => gaps(channel, 300).length);
    assert.deepEqual([row.state, holes], ["complete", [1, 1]]);
    await desk.client.recordStart({ ...about, Extensions: { id: "after-the-stop" } });
    await desk.says("7240", "On", "Paused", "On", "Off", "On");
    await talk(500);
    await call.caller.bye();
    const both = await until(async () => (await everywhere("7240")).flat().length === 2, 5000);
    assert.ok(both, "the recording after STOP is nowhere");
    assert.ok((await everywhere("7240")).flat().some(({ id }) => id === "after-the-stop"));
  });

  test("R8: the client's id is used; one that was used is DuplicateRecordingID, a bad one InvalidAttribute", async (t) => {
    const { desk, call, about } = await watched(t, "7212", "7213");
    const start = (id: string | number, ThisDN = "7212"): Promise<string> =>
      refusal(desk.client.recordStart({ ...about, ThisDN, Extensions: { id } }));
    for (const bad of ["", "two words", "../../etc", "a/b", "ä", "x".repeat(129), 17]) {
      assert.equal(await start(bad), "InvalidAttribute", JSON.stringify(bad));
    }
    const id = `Own.id_${"x".repeat(121)}`; // 128 of them
    assert.equal(await start(id), "accepted");
    await desk.says("7212", "On");
    assert.equal(await start("another"), "RecordingAlreadyActive");
    const later = await watched(t, "7214", "7215");
    const again = (of: string): Promise<string> =>
      refusal(later.desk.client.recordStart({ ...later.about, Extensions: { id: of } }));
    assert.equal(await again(id), "DuplicateRecordingID");
    assert.equal(await again("another"), "accepted", "an id that a refused START brought is free");
    await later.desk.says("7214", "On");
    await talk(500);
    await Promise.all([call.caller.bye(), later.call.caller.bye()]);
    assert.equal((await finishedInGroup("7212")).row.id, id);
    assert.equal((await finishedInGroup("7214")).row.id, "another");
  });

  test("R7: params as list, as text and inline reach Request-URI, metadata and index; reserved names are refused", async (t) => {
    const { desk, call, about } = await watched(t, "7216", "7217");
    const { client } = desk;
    for (const name of ["maddr", "transport", "method", "TTL", "user", "dn", "otherDN", "CallUUID", "copy", "epoch"]) {
      const given = [{ [name]: "x" }, { params: { [name]: "x" } }, { params: `a=1;${name}=x` }];
      for (const Extensions of given) {
        assert.equal(await refusal(client.recordStart({ ...about, Extensions })), "InvalidAttribute", name);
      }
    }
    assert.equal(
      await refusal(client.recordStart({ ...about, Extensions: { params: "noequals" } })),
      "InvalidAttribute",
    );
    const sharp = 'Käse & Brot; 50%? @host"<';
    await client.recordStart({
      ...about,
      Extensions: {
        id: "with-list",
        PARAMS: { listed: "one", both: "listed", number: 42 },
        Both: "inline",
        free: sharp,
      },
    });
    await desk.says("7216", "On");
    const started = { listed: "one", Both: "inline", number: "42", free: sharp };
    await client.recordPause({ ...about, Extensions: { params: "why=card;listed=two" } });
    await client.recordResume({ ...about, Extensions: { params: { back: "yes" } } });
    assert.equal(await refusal(client.recordStop({ ...about, Extensions: { params: "epoch=9" } })), "InvalidAttribute");
    await client.recordStop({ ...about, Extensions: { params: "result=sold", note: "inline too" } });
    const changed = { listed: "two", why: "card", back: "yes", result: "sold", note: "inline too" };
    await desk.says("7216", "On", "Paused", "On", "Off");
    await client.recordStart({ ...about, Extensions: { id: "with-text", params: "a=1; b=2;both=text", both: "in" } });
    await desk.says("7216", "On", "Paused", "On", "Off", "On");
    await call.caller.bye();
    await desk.says("7216", "On", "Paused", "On", "Off", "On", "Off");

    const invites = recordingInvites("with-list");
    inUri(invites[0]?.uri, started);
    inMetadata(invites[0]?.text, started);
    // R18: those of STOP travel in the last re-INVITE.
    inMetadata(invites.at(-1)?.text, { ...started, ...changed });
    const text = recordingInvites("with-text")[0];
    inUri(text?.uri, { a: "1", b: "2", both: "in" });
    inMetadata(text?.text, { a: "1", b: "2", both: "in" });
    let rows: RecordingRow[] = [];
    const closed = await until(async () => {
      rows = (await everywhere("7216")).flat();
      return rows.length === 2 && rows.every(({ state }) => state === "complete");
    }, 5000);
    assert.ok(closed, JSON.stringify(rows));
    for (const [id, wanted] of [
      ["with-list", { ...started, ...changed }],
      ["with-text", { a: "1", b: "2", both: "in" }],
    ] as const) {
      const parameters = (rows.find((row) => row.id === id)?.["parameters"] ?? {}) as Record<string, string>;
      for (const [name, value] of Object.entries(wanted)) assert.equal(parameters[name], value, `${name} of ${id}`);
    }
  });

  test("R3: a supervisor outside the call records the agent's side; without right on a party PermissionDenied", async (t) => {
    const supervisor = await Desk.open(t, system, "supervisor", "7230");
    const strangers = await watched(t, "7218", "7219");
    const foreign = { ThisDN: "7230", ConnID: strangers.about.ConnID };
    assert.equal(await refusal(supervisor.client.recordStart(foreign)), "PermissionDenied");
    assert.equal(await refusal(supervisor.client.recordStop(foreign)), "PermissionDenied");
    const { desk, call, about } = await watched(t, "7232", "7231");
    const asked = { ThisDN: "7230", ConnID: about.ConnID };
    assert.equal(await refusal(supervisor.client.recordStart({ ...asked, ThisDN: "7231" })), "NotRegistered");
    assert.equal(await refusal(supervisor.client.recordStart(asked)), "accepted");
    await desk.says("7231", "On");
    assert.equal(await refusal(supervisor.client.recordPause(asked)), "accepted");
    assert.equal(await refusal(supervisor.client.recordResume(asked)), "accepted");
    await talk(500);
    await call.caller.bye();
    await strangers.call.caller.bye();
    const { row } = await finishedInGroup("7231");
    const parameters = row["parameters"] as Record<string, string>;
    // Of two internal parties the called one is the agent.
    assert.equal(parameters["recorddn"], "7231");
    assert.equal((await system.ledger("7231"))[0]?.recordingId, row.id);
    assert.deepEqual(await system.ledger("7232"), []);
    assert.deepEqual((await everywhere("7218")).flat(), []);
  });

  test("R20, R21: GSIP_RECORD and GSIP_REC_FN at every change, to both desktops; Off before Released", async (t) => {
    const { desk, call, about } = await watched(t, "7221", "7222");
    assert.equal(
      await refusal(desk.client.attachUserData({ ...about, UserData: { GSIP_RECORD: "On" } })),
      "InvalidAttribute",
    );
    await desk.client.recordStart({ ...about, Extensions: { id: "told" } });
    await desk.says("7221", "On");
    await desk.client.recordPause(about);
    await desk.client.recordResume(about);
    await talk(500);
    await call.callee.bye();
    for (const dn of ["7221", "7222"]) {
      assert.ok(await until(() => desk.told(dn).at(-1)?.message === "EventReleased", 5000), `${dn} is not released`);
      await desk.says(dn, "On", "Paused", "On", "Off");
      const events = desk.told(dn).filter(({ message }) => !/Registered|ACK|Error/.test(message));
      const from = events.findIndex(({ message }) => message === "EventAttachedDataChanged");
      assert.ok(
        events
          .slice(0, from)
          .every(({ attributes }) => !Object.keys(userData(attributes)).some((k) => k.startsWith("GSIP_"))),
        "said something before the first start",
      );
      const names = new Set(events.slice(from).map(({ attributes }) => userData(attributes)["GSIP_REC_FN"]));
      assert.equal(names.size, 1);
      assert.match(String(Array.from(names)[0]), /^[0-9A-V]{32}_\d{8}_\d{6}$/);
      assert.equal(userData(events.at(-1)?.attributes ?? {})["GSIP_RECORD"], "Off");
    }
    assert.equal(
      (await finishedInGroup("7221")).row.fileName,
      userData(desk.told("7221").at(-1)?.attributes ?? {})["GSIP_REC_FN"],
    );
  });
});

// The time that it takes is judged: nothing else goes on.
describe("a call that is moved", { concurrency: true }, () => {
  for (const codecs of [["PCMU"], ["PCMA"]] as const) {
    test(`R16: a call that is moved to the Media Server loses at most 150 ms in the phones' ears (${codecs[0]})`, async (t) => {
      const [from, to] = codecs[0] === "PCMU" ? ["7223", "7224"] : ["7225", "7226"];
      const { desk, call, about } = await watched(t, from, to, codecs);
      await talk(500);
      const before = performance.now();
      await desk.client.recordStart(about);
      await desk.says(from, "On");
      await talk(1000);
      await desk.client.recordStop(about);
      await desk.says(from, "On", "Off");
      await talk(300);
      for (const [side, hz] of [
        [call.caller, CALLEE_HZ],
        [call.callee, CALLER_HZ],
      ] as const) {
        const heard = side.heard.samples(before - 300, performance.now() - 200);
        const silent = gaps(heard, 1).reduce((sum, { lengthMs }) => sum + lengthMs, 0);
        assert.ok(silent <= 150, `${silent} ms of silence`);
        assert.ok(heard.length > 8000);
        assert.ok(Math.abs((side.heard.frequency(performance.now() - 400, performance.now() - 200) ?? 0) - hz) < 8);
      }
      await call.caller.bye();
    });
  }
});

test("R10, R21, R23: a recorder dies: its duplicate goes on whole; where it was the only one, both desktops hear Off and why", async (t) => {
  const [twice, once] = await Promise.all([watched(t, "7233", "7234"), watched(t, "7235", "7236")]);
  await twice.desk.client.recordStart({ ...twice.about, Extensions: { dest2: outside.uri } });
  await once.desk.client.recordStart({ ...once.about, Extensions: { dest: outside.uri } });
  await Promise.all([twice.desk.says("7233", "On"), once.desk.says("7235", "On")]);
  const startedAt = performance.now();
  await talk(1500);
  await outside.kill();
  const deadAt = performance.now();
  // R31: not before what the Media Server keeps is full, 10 s
  await until(() => ["7235", "7236"].every((dn) => once.desk.indications(dn).length > 1), 12_000);
  for (const dn of ["7235", "7236"]) await once.desk.says(dn, "On", "Off");
  t.diagnostic(`Off ${Math.round(performance.now() - deadAt)} ms after the recorder's death`);
  for (const dn of ["7235", "7236"]) {
    const infos = once.desk.told(dn).filter(({ message }) => message === "EventPrivateInfo");
    assert.equal(infos.length, 1, JSON.stringify(infos));
    assert.equal(infos[0]?.attributes["PrivateMsgID"], 3013);
    const { result, reason, recordDN } = (infos[0]?.attributes["Extensions"] ?? {}) as Readonly<Record<string, string>>;
    assert.deepEqual([result, recordDN], ["failed", "7235"]);
    assert.match(reason ?? "", /^(recorder-lost|no-recorder|recorder-no-answer) \(/);
  }
  await hearsEachOther(once.call, CALLER_HZ, CALLEE_HZ);
  await talk(1500);
  assert.deepEqual(twice.desk.indications("7234"), ["On"], "the copy that lives is a recording");
  assert.deepEqual(
    twice.desk.told("7234").filter(({ message }) => message === "EventPrivateInfo"),
    [],
  );
  await Promise.all([twice.call.caller.bye(), once.call.caller.bye()]);
  const lengthMs = performance.now() - startedAt;
  const { row, http } = await finishedInGroup("7233");
  await isWhole(http, row, lengthMs - 300);
});
