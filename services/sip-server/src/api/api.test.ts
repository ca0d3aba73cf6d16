import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type CallUuid, type ConnId, ManualClock, rfc3339, silentLogger } from "@sidetone/foundation";
import { type HttpServer, startHttp } from "@sidetone/http";
import { newCall, type Party } from "../call-model/call.ts";
import { defaultKeeping, SignallingJournal } from "../journal/index.ts";
import { Ledger } from "../ledger/ledger.ts";
import type { RegistrationView } from "../registrar/types.ts";
import { AuditTrail, CallJournal, type Storage, openStorage } from "../storage/index.ts";
import { registerMetrics } from "./metrics.ts";
import { registerRoutes } from "./routes.ts";

const phone: RegistrationView = {
  dn: "7001",
  contact: "sip:7001@192.0.2.1:5062",
  transport: "udp",
  source: "192.0.2.1:5062",
  q: 1,
  expires: "2026-11-20T10:15:15.000000Z",
  userAgent: "phone/1",
  instance: null,
};
const clock = new ManualClock();
const named = {
  connId: "0110031f8ab2c777" as ConnId,
  callUuid: "JBNIHE6GIL09DCQ7KUREMIUHVC000777" as CallUuid,
  callType: "Internal",
  ani: "7001",
  dnis: "7002",
  createdMicros: clock.wallMicros(),
} as const;
const partyOf7001: Party = {
  id: "a",
  dn: "7001",
  number: "7001",
  kind: "internal",
  role: "origination",
  device: "phone",
  state: "dialing",
  aor: "sip:7001@sidetone.local",
  agentId: undefined,
  recorded: true,
  introduction: undefined,
};
let folder: string;
let storage: Storage;
let ledger: Ledger;
let signalling: SignallingJournal;
let http: HttpServer;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sidetone-api-"));
  storage = await openStorage({ file: join(folder, "store.sqlite"), log: silentLogger });
  ledger = new Ledger({ storage, clock, log: silentLogger });
  const journal = new CallJournal({ storage, clock });
  const audit = new AuditTrail({ storage, clock });
  signalling = await SignallingJournal.open({ file: ":memory:", keeping: defaultKeeping, clock, log: silentLogger });
  const parts = {
    calls: () => [
      { connId: "0001000000000001", parties: [{ dn: "7001" }] },
      { connId: "0001000000000002", parties: [{ dn: "8001" }, { dn: "pstn" }] },
    ],
    registrar: { list: () => [phone, { ...phone, dn: "7002" }], counts: () => ({ dns: 2, contacts: 2, unsaved: 0 }) },
    authenticator: { counts: () => ({ accepted: 3, challenged: 2, failed: 1, slowed: 0 }) },
    ledger,
    storage,
    store: { stats: () => ({ snapshots: 2, bytes: 9000 }) },
    trace: { journal, audit },
    journals: { signalling, journal, audit },
    signalling,
    tlib: {
      stats: () => ({
        sessions: 2,
        connections: 1,
        keptBytes: 300,
        registrations: 4,
        messages: 50,
        failedLogins: 3,
        slowConsumers: 0,
      }),
    },
  };
  http = await startHttp({
    role: "sip-server",
    address: { host: "127.0.0.1", port: 0 },
    log: silentLogger,
    ready: () => ({ ok: true, reasons: [] }),
    register: (app) => registerRoutes(app, parts),
  });
  registerMetrics(http.metrics, parts);
  for (let n = 0; n < 5; n += 1) {
    const entry = {
      callUuid: `U${n}`,
      connId: `000100000000000${n}`,
      dn: n === 4 ? "7002" : "7001",
      side: "agent",
      cause: "full-time",
      expectedFrom: clock.wallMicros() + n * 1_000_000,
    } as const;
    await ledger.expect(entry);
    if (n === 0) await ledger.resolve(entry, { outcome: "not-recorded", reason: "no-recorder" });
  }
});
after(async () => {
  await http.close();
  await storage.close();
  await signalling.close();
  await rm(folder, { recursive: true, force: true });
});

async function get(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(http.url + path, { headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
const connIds = (body: Record<string, unknown>): string[] =>
  (body["calls"] as { connId: string }[]).map(({ connId }) => connId);
const uuids = (body: Record<string, unknown>): string =>
  (body["ledger"] as { callUuid: string }[]).map((line) => line.callUuid).join(" ");

test("operations.md: GET /api/v1/calls gives the calls now", async () => {
  const { status, body } = await get("/api/v1/calls");
  assert.equal(status, 200);
  assert.deepEqual(connIds(body), ["0001000000000001", "0001000000000002"]);
});

test("x-sidetone-dns narrows calls, ledger and registrations to the DNs of its patterns, and never widens", async () => {
  const scoped = (path: string, dns: string): ReturnType<typeof get> => get(path, { "x-sidetone-dns": dns });
  assert.deepEqual(connIds((await scoped("/api/v1/calls", "80*")).body), ["0001000000000002"]);
  assert.deepEqual(connIds((await scoped("/api/v1/calls", "7001, pstn")).body).length, 2);
  assert.deepEqual(connIds((await scoped("/api/v1/calls", "70?1")).body), [], "only the star means something");
  assert.deepEqual(connIds((await scoped("/api/v1/calls", " , ")).body), [], "no pattern is no DN");
  assert.equal(uuids((await scoped("/api/v1/ledger", "7002")).body), "U4");
  assert.equal(uuids((await scoped("/api/v1/ledger?dn=7001", "7002")).body), "");
  assert.equal(uuids((await scoped("/api/v1/ledger?limit=2", "7*")).body), "U4 U3");
  assert.equal(uuids((await scoped("/api/v1/ledger", "70?2")).body), "");
  assert.equal(uuids((await scoped("/api/v1/ledger", "")).body), "");
  assert.equal(((await scoped("/api/v1/registrations", "7002")).body["registrations"] as unknown[]).length, 1);
  for (const path of ["/api/v1/ledger/changes", "/api/v1/trace?conn-id=1"])
    assert.equal((await scoped(path, "7*")).body["code"], "not-allowed", path);
  assert.equal((await scoped("/api/v1/calls", "7,".repeat(600))).status, 400);
});

test("GET /api/v1/journal: a call in order of time; 404 for who may not see it; 400 with what to do", async () => {
  const call = { ...newCall(named), parties: [partyOf7001] };
  signalling.call(call);
  const journal = new CallJournal({ storage, clock });
  const { callUuid, connId } = call;
  const recording = { state: "On", cause: "full-time", id: "R" };
  await journal.append({ callUuid, connId, kind: "recording", data: recording });
  const found = await get(`/api/v1/journal?call-uuid=${callUuid}`);
  assert.equal(found.status, 200);
  const [line] = found.body["lines"] as { label: string; summary: string }[];
  assert.deepEqual([line?.label, line?.summary], ["GSIP_RECORD On", "full-time"]);
  assert.deepEqual((await get(`/api/v1/journal?conn-id=${connId.toUpperCase()}`)).body, found.body);
  const path = `/api/v1/journal?call-uuid=${callUuid}`;
  assert.equal((await get(path, { "x-sidetone-dns": "70*" })).status, 200);
  for (const [other, headers] of [
    [path, { "x-sidetone-dns": "80*" }],
    ["/api/v1/journal?call-uuid=NOSUCHCALL", {}],
  ] as const) {
    const { status, body } = await get(other, headers);
    assert.deepEqual([status, body["code"]], [404, "no-such-call"]);
    assert.match(String(body["remedy"]), /journal\.days/);
  }
  for (const query of ["", "call-uuid=U&conn-id=1", "text=some&call-uuid=U", "dn=7001"])
    assert.equal((await get(`/api/v1/journal?${query}`)).body["code"], "bad-query", query);
});

test("R34: GET /api/v1/ledger filters by time, DN, call and outcome", async () => {
  const from = encodeURIComponent(rfc3339(clock.wallMicros() + 1_000_000));
  const to = encodeURIComponent(rfc3339(clock.wallMicros() + 3_000_000));
  assert.equal(uuids((await get(`/api/v1/ledger?from=${from}&to=${to}`)).body), "U2 U1");
  assert.equal(uuids((await get("/api/v1/ledger?dn=7002")).body), "U4");
  assert.equal(uuids((await get("/api/v1/ledger?call-uuid=U3")).body), "U3");
  const { body } = await get("/api/v1/ledger?outcome=not-recorded");
  assert.deepEqual((body["ledger"] as { reason: string }[])[0]?.reason, "no-recorder");
});

test("R34: GET /api/v1/ledger/changes goes on where it ended, and refuses what is no place", async () => {
  const first = await get("/api/v1/ledger/changes?limit=3");
  assert.equal(first.body["more"], true);
  const second = await get(`/api/v1/ledger/changes?after=${String(first.body["next"])}`);
  assert.equal(uuids(first.body).split(" ").length + uuids(second.body).split(" ").length, 5);
  assert.equal(second.body["ledgerId"], first.body["ledgerId"]);
  for (const query of ["after=-1", "after=x", "limit=0", "since=1"])
    assert.equal((await get(`/api/v1/ledger/changes?${query}`)).status, 400, query);
});

test("GET /api/v1/ledger pages by cursor", async () => {
  const first = await get("/api/v1/ledger?limit=3");
  assert.equal(uuids(first.body), "U4 U3 U2");
  const second = await get(`/api/v1/ledger?limit=3&cursor=${String(first.body["next"])}`);
  assert.equal(uuids(second.body), "U1 U0");
  assert.equal(second.body["next"], null);
});

test("RFC 9457: a query that cannot be understood is a problem document with status 400", async () => {
  const queries = [
    "from=yesterday",
    "outcome=maybe",
    "limit=0",
    "limit=x",
    "limit=1001",
    "cursor=zzz",
    "call_uuid=U1",
    "dn=1&dn=2",
  ];
  for (const query of queries) {
    const { status, body } = await get(`/api/v1/ledger?${query}`);
    assert.equal(status, 400, query);
    assert.equal(body["type"], "urn:sidetone:problem:bad-query", query);
  }
});

test("GET /api/v1/registrations gives the contacts, of one DN where asked, and no secrets", async () => {
  const { body } = await get("/api/v1/registrations");
  assert.equal((body["registrations"] as unknown[]).length, 2);
  assert.deepEqual((await get("/api/v1/registrations?dn=7001")).body, { registrations: [phone] });
  assert.doesNotMatch(JSON.stringify(body), /password|nonce|authorization/i);
});

test("a complaint is traced by ConnID, CallUUID or ReferenceID: requests, events, changes and audit in order", async () => {
  const journal = new CallJournal({ storage, clock });
  const audit = new AuditTrail({ storage, clock });
  const call = { callUuid: "JBNIHE6GIL09DCQ7KUREMIUHVC000001", connId: "0110031f8ab2c001" };
  const request = { application: "desk", session: "s-1", message: "RequestPrivateService" };
  await journal.append({ ...call, kind: "tlib-request", reference: 8, data: request });
  clock.advance(1);
  await audit.append({ actor: "desk", action: "recording-start", subject: call.connId, outcome: "accepted" });
  clock.advance(1);
  await journal.append({ ...call, kind: "user-data-changed", data: { keys: ["GSIP_RECORD"] } });
  await journal.append({
    callUuid: "",
    connId: "ffffffffffffffff",
    kind: "tlib-request",
    reference: 8,
    data: { application: "other" },
  });
  const kinds = async (query: string): Promise<string> => {
    const { status, body } = await get(`/api/v1/trace?${query}`);
    assert.equal(status, 200, query);
    return (body["trace"] as { kind: string }[]).map(({ kind }) => kind).join(" ");
  };
  const whole = "tlib-request audit user-data-changed";
  assert.equal(await kinds("conn-id=0110031f8ab2c001"), whole);
  assert.equal(await kinds("call-uuid=JBNIHE6GIL09DCQ7KUREMIUHVC000001"), whole);
  assert.equal(await kinds("reference=8&application=desk"), whole);
  assert.equal(await kinds("reference=8"), `${whole} tlib-request`);
  assert.equal(await kinds("reference=9"), "");
  for (const query of ["", "reference=x", "conn-id=1&reference=1", "conn-id=1&application=desk"]) {
    assert.equal((await get(`/api/v1/trace?${query}`)).status, 400, query);
  }
});

test("tlib-wire.md, Schema: the JSON Schema and the AsyncAPI document are served", async () => {
  const schema = await get("/tlib/v1/schema.json");
  assert.equal(schema.status, 200);
  assert.equal(schema.body["$schema"], "http://json-schema.org/draft-07/schema#");
  const document = await get("/tlib/v1/asyncapi.json");
  assert.match(String(document.body["asyncapi"]), /^3\./);
  assert.match(JSON.stringify(document.body["servers"]), /127\.0\.0\.1:\d+/);
});

test("/metrics counts registrations, calls, ledger and store", async () => {
  for (let round = 0; round < 2; round += 1) {
    const text = await (await fetch(`${http.url}/metrics`)).text();
    assert.match(text, /^sidetone_calls 2$/m);
    assert.match(text, /^sidetone_tlib_sessions 2$/m);
    assert.match(text, /^sidetone_tlib_events_total 50$/m);
    assert.match(text, /^sidetone_registered_contacts 2$/m);
    assert.match(text, /^sidetone_authentications_total\{outcome="failed"\} 1$/m);
    assert.match(text, /^sidetone_ledger_expected_total 5$/m);
    assert.match(text, /^sidetone_ledger_resolved_total\{outcome="not-recorded",reason="no-recorder"\} 1$/m);
    assert.match(text, /^sidetone_storage_commits_total\{outcome="durable"\} \d+$/m);
  }
});
