import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { type LogFields, type Logger, ManualClock } from "@sidetone/foundation";
import { type ClientEvent, TlibError } from "@sidetone/tlib/client";
import type { RecordingDocument } from "../index/recording-row.ts";
import type { NoteLine } from "../media/recording-media.ts";
import { MASKED, newsOf } from "./call-facts.ts";
import { CallWatch, type OpenSession } from "./call-watch.ts";

type Session = Awaited<ReturnType<OpenSession>>;
type Listener = (event: never) => void;

/** A SIP Server's side of the session. */
class FakeServer {
  refusal: TlibError | undefined;
  readonly registered: string[] = [];
  readonly opened: string[] = [];
  /** Calls of the snapshot of any DN. */
  calls: Record<string, unknown>[] = [];
  readonly #listeners = new Map<string, Listener[]>();

  open: OpenSession = async ({ applicationName }) => {
    if (this.refusal !== undefined) throw this.refusal;
    this.opened.push(applicationName);
    this.#listeners.clear();
    const session = {
      register: async (dn: string) => {
        if (dn === "0123") throw new TlibError("UnknownDN", "no such DN");
        this.registered.push(dn);
        return { attributes: { ThisDN: dn, Calls: this.calls } };
      },
      on: (name: string, listener: Listener) => {
        this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
        return () => undefined;
      },
      close: async () => undefined,
    };
    return session as unknown as Session;
  };

  tell(name: string, event: unknown): void {
    for (const listener of this.#listeners.get(name) ?? []) listener(event as never);
  }

  event(message: string, attributes: Record<string, unknown>): void {
    this.tell("event", { message, attributes: { ConnID: "c1", CallUUID: "U1", ThisDN: "7001", ...attributes } });
  }
}

interface Rig {
  readonly clock: ManualClock;
  readonly server: FakeServer;
  readonly watch: CallWatch;
  /** Lines by recording id. */
  readonly lines: [string, NoteLine][];
  readonly errors: string[];
  /** What was said of holds. */
  readonly holds: [string, boolean][];
  settle(ms?: number): Promise<void>;
}

async function rig(t: TestContext, server = new FakeServer()): Promise<Rig> {
  const clock = new ManualClock();
  const lines: [string, NoteLine][] = [];
  const errors: string[] = [];
  const log: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (_: LogFields, msg) => errors.push(msg),
    child: () => log,
  };
  const config = { url: "ws://sip.test/tlib/v1", application: "recorder", password: "p", mask: ["Card"] };
  const holds: [string, boolean][] = [];
  const watch = new CallWatch({
    config,
    clock,
    log,
    open: server.open,
    note: (id, line) => lines.push([id, line]),
    onHold: (id, held) => holds.push([id, held]),
  });
  t.after(() => watch.close());
  const settle = (ms = 0): Promise<void> => clock.advanceAsync(ms);
  await settle();
  return { clock, server, watch, lines, errors, holds, settle };
}

function recording(id: string, o: Partial<RecordingDocument> = {}): { document: RecordingDocument } {
  const document: RecordingDocument = {
    id,
    fileName: id,
    callUuid: "U1",
    connId: "c1",
    startTime: "2026-11-20T09:15:15Z",
    endTime: undefined,
    durationMs: 0,
    state: "recording",
    channels: [],
    codec: "pcmu",
    participants: [{ aor: undefined, name: undefined, dn: "7001", side: "agent", from: undefined, to: undefined }],
    events: [],
    parameters: { dn: "7001", otherDN: "0123" },
    warnings: [],
    ...o,
  };
  return { document };
}

test("the DNs of a recording's parties are registered, and what their snapshot says of the call is written", async (t) => {
  const r = await rig(t);
  r.server.calls = [
    {
      ConnID: "c1",
      CallUUID: "U1",
      ANI: "0123",
      DNIS: "7001",
      CallType: "Inbound",
      UserData: { Order: "4711", Card: "4000", GSIP_RECORD: "On" },
      Parties: [{ DN: "7001", AgentID: "1001" }],
    },
  ];
  r.watch.row(recording("rec-1"));
  await r.settle(1000);
  assert.deepEqual(r.server.registered, ["7001"]);
  assert.equal(r.watch.registrations, 1);
  assert.deepEqual(r.lines, [
    [
      "rec-1",
      {
        type: "call",
        atMs: 0,
        ani: "0123",
        dnis: "7001",
        callType: "Inbound",
        agents: ["1001"],
        userData: { Order: "4711", Card: MASKED },
      },
    ],
  ]);
  r.watch.row(recording("rec-1"));
  await r.settle(1000);
  assert.deepEqual([r.server.registered, r.lines.length], [["7001"], 1], "once");
});

test("a call is on hold until all that held it took it back or left; one that ends is not", async (t) => {
  const r = await rig(t);
  r.watch.row(recording("rec-1"));
  await r.settle();
  r.server.event("EventHeld", {});
  r.server.event("EventHeld", { ThisDN: "7002" });
  r.server.event("EventRetrieved", {});
  assert.deepEqual(r.holds, [["rec-1", true]]);
  r.server.event("EventPartyDeleted", { OtherDN: "7002" });
  assert.deepEqual(r.holds.splice(0), [
    ["rec-1", true],
    ["rec-1", false],
  ]);
  r.server.event("EventHeld", {});
  r.watch.row(recording("rec-1", { state: "complete" }));
  assert.deepEqual(r.holds, [
    ["rec-1", true],
    ["rec-1", false],
  ]);
});

test("changes of user data within a moment are one line; party changes are events; another call's are nobody's", async (t) => {
  const r = await rig(t);
  r.watch.row(recording("rec-1"));
  await r.settle();
  r.server.event("EventAttachedDataChanged", { UserData: { a: "1" } });
  r.server.event("EventAttachedDataChanged", { UserData: { a: "2", list: { n: 5, card: "4000" } } });
  r.server.event("EventEstablished", { AgentID: "1002", UserData: {} });
  r.server.event("EventHeld", {});
  r.server.event("EventEstablished", { CallUUID: "U2", ConnID: "c2", ANI: "999" });
  await r.settle(1000);
  assert.deepEqual(
    r.lines.map(([, line]) => line),
    [
      { type: "event", atMs: 0, source: "t-library", event: "hold", dn: "7001", otherDn: undefined, cause: undefined },
      {
        type: "call",
        atMs: 0,
        ani: undefined,
        dnis: undefined,
        callType: undefined,
        agents: ["1002"],
        userData: { a: "2", list: '{"n":"5","card":"***"}' },
      },
    ],
  );
  r.watch.row(recording("rec-1", { state: "complete" }));
  r.server.event("EventAttachedDataChanged", { UserData: { a: "3" } });
  await r.settle(1000);
  assert.equal(r.lines.length, 2, "a recording that has ended is left alone");
});

test("a wrong password is told with place, reason and remedy, once, and tried again", async (t) => {
  const server = new FakeServer();
  server.refusal = new TlibError("AuthenticationFailed", "the server refuses the application's credentials");
  const r = await rig(t, server);
  await r.settle(130_000);
  assert.equal(r.errors.length, 1);
  assert.match(
    r.errors[0] ?? "",
    /^recorder\.t-library ws:\/\/sip\.test\/tlib\/v1: SIP Server does not know the application recorder with this password\. Compare recorder\.t-library/,
  );
  assert.equal(r.watch.connected, false);
  server.refusal = undefined;
  r.watch.row(recording("rec-1"));
  await r.settle(60_000);
  assert.equal(r.watch.connected, true);
  assert.deepEqual(server.registered, ["7001"]);
});

test("a SIP Server that is not there is tried again, at last every 30 s", async (t) => {
  const server = new FakeServer();
  server.refusal = new TlibError(
    "ConnectionFailed",
    "ws://sip.test/tlib/v1: the server cannot be reached or refuses the connection",
  );
  const r = await rig(t, server);
  await r.settle(600_000);
  assert.equal(r.errors.length, 1);
  assert.match(r.errors[0] ?? "", /cannot be reached.*Look whether SIP Server runs, and at recorder\.t-library\.url/);
  server.refusal = undefined;
  await r.settle(30_000);
  assert.equal(r.watch.connected, true);
});

test("a lost session is said in every recording that runs, and its DNs' state is taken anew", async (t) => {
  const r = await rig(t);
  r.watch.row(recording("rec-1"));
  await r.settle();
  r.server.tell("disconnected", { reason: "gone" });
  assert.equal(r.watch.connected, false);
  await r.settle(5000);
  const call = {
    ConnID: "c1",
    CallUUID: "U1",
    ANI: "1",
    DNIS: "2",
    CallType: "Inbound",
    UserData: { a: "9" },
    Parties: [],
  };
  r.server.tell("reset", {
    message: "Reset",
    reason: "UnknownSession",
    registrations: new Map([["7001", { ThisDN: "7001", Calls: [call] }]]),
    failed: new Map(),
  });
  await r.settle(1000);
  const [gap, facts] = r.lines.map(([, line]) => line);
  assert.ok(gap?.type === "warning" && gap.code === "t-library-gap");
  assert.match(gap.text, /from 2026-11-20T09:15:15\.0\d+Z to 2026-11-20T09:15:20\.0\d+Z is not known: UnknownSession/);
  assert.ok(facts?.type === "call");
  assert.deepEqual(facts.userData, { a: "9" });
  assert.equal(r.watch.connected, true);
});

test("a session that resumes has missed nothing", async (t) => {
  const r = await rig(t);
  r.watch.row(recording("rec-1"));
  await r.settle();
  r.server.tell("disconnected", { reason: "gone" });
  r.server.tell("connected", { resumed: true });
  await r.settle(1000);
  assert.deepEqual(r.lines, []);
  assert.equal(r.watch.connected, true);
});

test("what is no event about a call says nothing", () => {
  const event = { message: "EventLinkConnected", attributes: { EventSequenceNumber: 1 } } as unknown as ClientEvent;
  assert.equal(newsOf(event, { mask: [] }), undefined);
});
