import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { DnConfig } from "@sidetone/config";
import { ManualClock, silentLogger } from "@sidetone/foundation";
import { DigestVerifier, type Flow, GuessGuard } from "@sidetone/sip";
import { type Storage, openStorage } from "../storage/storage.ts";
import { Authenticator } from "./authenticator.ts";
import {
  KeptTransaction,
  type RequestParts,
  type SentAnswer,
  authorization,
  dnConfig,
  flowFrom,
  options,
  request,
  valuesOf,
} from "./phone.fixture.ts";
import { Registrar } from "./registrar.ts";

const dns: ReadonlyMap<string, DnConfig> = new Map(["7001", "7002", "watson", "user"].map((dn) => [dn, dnConfig(dn)]));
const flow = flowFrom("192.0.2.1", 5062);

let folder: string;
let files = 0;
let file: string;
let clock: ManualClock;
let storage: Storage;
let registrar: Registrar;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sidetone-registrar-"));
});
after(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  files += 1;
  file = join(folder, `${files}.sqlite`);
  clock = new ManualClock();
  await start();
});
afterEach(stop);

async function start(domain = "sidetone.local"): Promise<void> {
  storage = await openStorage({ file, log: silentLogger });
  const authenticator = new Authenticator({
    realm: domain,
    dns: () => dns,
    verifier: new DigestVerifier({ clock }),
    guard: new GuessGuard({ clock }),
    log: silentLogger,
  });
  registrar = await Registrar.open({
    clock,
    log: silentLogger,
    storage,
    authenticator,
    config: { domain, dns, options },
  });
}

async function stop(): Promise<void> {
  registrar.close();
  assert.equal(clock.pending, 0);
  await storage.close();
}

/** Sends a REGISTER without credentials. */
function send(parts: RequestParts, from: Flow = flow): Promise<SentAnswer> {
  const tx = new KeptTransaction(request(parts), from);
  registrar.handleRegister(tx);
  return tx.answered;
}

/** Sends a REGISTER, answers its challenge, gives the final answer. */
async function register(parts: RequestParts & { readonly user?: string } = {}, from: Flow = flow): Promise<SentAnswer> {
  const user = parts.user ?? "7001";
  const challenged = await send(parts, from);
  if (challenged.status !== 401) return challenged;
  const message = request(parts);
  const challenge = valuesOf(challenged, "WWW-Authenticate");
  message.headers.set("Authorization", authorization(challenge, message, user, `demo-${user}`));
  const tx = new KeptTransaction(message, from);
  registrar.handleRegister(tx);
  return tx.answered;
}

test("a phone registers: challenge, 200 with its Contact, expiry and Date, and it can be called", async () => {
  const challenged = await send({ headers: ["Contact: <sip:7001@192.0.2.1:5062>"] });
  assert.equal(challenged.status, 401);
  assert.deepEqual(registrar.lookup("7001"), []);
  const answer = await register({
    headers: ["Contact: <sip:7001@192.0.2.1:5062>;q=0.7", "Expires: 600", "User-Agent: phone/1"],
  });
  assert.equal(answer.status, 200);
  assert.deepEqual(valuesOf(answer, "Contact"), ["<sip:7001@192.0.2.1:5062>;q=0.7;expires=600"]);
  assert.deepEqual(valuesOf(answer, "Date"), ["Fri, 20 Nov 2026 09:15:15 GMT"]);
  assert.deepEqual(registrar.lookup("7001"), [
    {
      uri: "sip:7001@192.0.2.1:5062",
      destination: { uri: "sip:7001@192.0.2.1:5062" },
      q: 0.7,
      userAgent: "phone/1",
      instance: undefined,
    },
  ]);
  assert.deepEqual(registrar.counts(), { dns: 1, contacts: 1, unsaved: 0 });
});

test("RFC 3261 10.2.1.1: without a wish 3600 s; a malformed one counts as 3600 (20.10, 20.19)", async () => {
  const answers = [
    await register({ headers: ["Contact: <sip:a@192.0.2.1>"] }),
    await register({ callId: "2", headers: ["Contact: <sip:b@192.0.2.1>;expires=soon"] }),
    await register({ callId: "3", headers: ["Contact: <sip:c@192.0.2.1>;expires=90", "Expires: 600"] }),
  ];
  assert.deepEqual(
    answers.map((answer) => /expires=(\d+)$/.exec(valuesOf(answer, "Contact").at(-1) ?? "")?.[1]),
    ["3600", "3600", "90"],
  );
});

test("RFC 3261 10.3: 423 with Min-Expires where the wish is too brief", async () => {
  const answer = await register({ headers: ["Contact: <sip:7001@192.0.2.1>;expires=5"] });
  assert.deepEqual([answer.status, valuesOf(answer, "Min-Expires")], [423, ["60"]]);
});

test("RFC 3261 10.2.3: a REGISTER without Contact gives the bindings with what is left of their time", async () => {
  await register({ headers: ["Contact: <sip:7001@192.0.2.1:5062>;expires=600"] });
  clock.advance(100_500);
  assert.deepEqual(valuesOf(await register({ callId: "query" }), "Contact"), ["<sip:7001@192.0.2.1:5062>;expires=500"]);
});

test("RFC 3261 10.3: * needs Expires 0 and stands alone: 400", async () => {
  await register({ headers: ["Contact: <sip:7001@192.0.2.1:5062>"] });
  assert.equal((await register({ callId: "2", headers: ["Contact: *"] })).status, 400);
  assert.equal((await register({ callId: "3", headers: ["Contact: *, <sip:a@b>", "Expires: 0"] })).status, 400);
  assert.equal(registrar.isRegistered("7001"), true);
  const answer = await register({ callId: "4", headers: ["Contact: *", "Expires: 0"] });
  assert.deepEqual([answer.status, valuesOf(answer, "Contact")], [200, []]);
  assert.equal(registrar.isRegistered("7001"), false);
});

test("several phones of a DN: the preferred first, those of equal q as they came", async () => {
  await register({
    headers: ["Contact: <sip:a@192.0.2.1>;q=0.5, <sip:b@192.0.2.1>;q=1.0", "Contact: <sip:c@192.0.2.1>;q=0.5"],
  });
  assert.deepEqual(
    registrar.lookup("7001").map((contact) => contact.uri),
    ["sip:b@192.0.2.1", "sip:a@192.0.2.1", "sip:c@192.0.2.1"],
  );
});

test("a registration runs out: not called from that moment, told of and forgotten on the disk soon after", async () => {
  const changes: unknown[] = [];
  registrar.events.on("changed", (change) => changes.push(change));
  await register({ headers: ["Contact: <sip:7001@192.0.2.1:5062>;expires=60"] });
  clock.advance(59_999);
  assert.equal(registrar.lookup("7001").length, 1);
  clock.advance(1);
  assert.equal(registrar.lookup("7001").length, 0);
  clock.advance(5000);
  assert.deepEqual(changes, [
    { dn: "7001", registered: true },
    { dn: "7001", registered: false },
  ]);
});

test("R33: registrations survive a restart; what ran out meanwhile does not", async () => {
  const tcp = flowFrom("192.0.2.7", 40_000, "tcp");
  await register(
    {
      headers: [
        'Contact: "Ann \\"A\\"" <sip:7001@192.0.2.7:5062;transport=tcp>;+sip.instance="<urn:uuid:1>";reg-id=1;q=0.5;expires=600',
      ],
    },
    tcp,
  );
  await register({ callId: "2", headers: ["Contact: <sip:old@192.0.2.1>;expires=60"] });
  const before = registrar.list();
  assert.equal(before.length, 2);
  await stop();
  clock.advance(60_000);
  await start();
  assert.deepEqual(registrar.list(), before.slice(0, 1));
  assert.deepEqual(registrar.lookup("7001")[0]?.destination, { uri: "sip:7001@192.0.2.7:5062;transport=tcp" });
  assert.deepEqual(valuesOf(await register({ callId: "query" }), "Contact"), [
    '"Ann \\"A\\"" <sip:7001@192.0.2.7:5062;transport=tcp>;+sip.instance="<urn:uuid:1>";reg-id=1;q=0.5;expires=540',
  ]);
});

test("operations.md: a DN that is taken out of the configuration loses its contacts, on the disk too", async () => {
  const changes: unknown[] = [];
  registrar.events.on("changed", (change) => changes.push(change));
  await register({ headers: ["Contact: <sip:7001@192.0.2.1:5062>"] });
  registrar.forget("7001");
  registrar.forget("7002");
  assert.deepEqual([registrar.isRegistered("7001"), registrar.list()], [false, []]);
  assert.deepEqual(changes, [
    { dn: "7001", registered: true },
    { dn: "7001", registered: false },
  ]);
  await stop();
  await start();
  assert.deepEqual(registrar.list(), []);
});

test("RFC 5626 5.3: a phone on TCP is called over its connection", async () => {
  const tcp = flowFrom("192.0.2.7", 40_000, "tcp");
  await register({ headers: ["Contact: <sip:7001@10.0.0.7:5062;transport=tcp>"] }, tcp);
  assert.deepEqual(registrar.lookup("7001")[0]?.destination, {
    flow: tcp,
    fallback: "sip:7001@10.0.0.7:5062;transport=tcp",
  });
});

test("a DN registers itself only: 403 for another To, and for another From", async () => {
  const contact = { headers: ["Contact: <sip:x@192.0.2.1>"] };
  assert.equal((await register({ ...contact, to: "<sip:7002@sidetone.local>" })).status, 403);
  assert.equal(
    (await register({ ...contact, from: "<sip:7002@sidetone.local>", to: "<sip:7002@sidetone.local>" })).status,
    403,
  );
  assert.deepEqual(registrar.list(), []);
});

const domains: [what: string, parts: RequestParts, status: number][] = [
  ["our domain in capitals", { uri: "sip:SIDETONE.local", to: "<sip:7001@Sidetone.Local>" }, 200],
  ["our address, as phones without a domain do", { uri: "sip:127.0.0.1", to: "<sip:7001@127.0.0.1>" }, 200],
  ["another domain in the Request-URI", { uri: "sip:example.com" }, 404],
  ["another domain in To", { to: "<sip:7001@example.com>" }, 404],
  ["RFC 4475 unksm2: To is no SIP URI", { to: "<isbn:2983792873>" }, 404],
];
for (const [what, parts, status] of domains) {
  test(`RFC 3261 10.3 step 1: ${what}: ${status}`, async () => {
    assert.equal((await register({ ...parts, headers: ["Contact: <sip:7001@192.0.2.1>"] })).status, status);
  });
}

const faithful: [file: string, user: string, contact: string, kept: string][] = [
  [
    "cparam01",
    "watson",
    "sip:+19725552222@gw1.example.net;unknownparam",
    "<sip:+19725552222@gw1.example.net>;unknownparam;expires=3600",
  ],
  [
    "cparam02",
    "watson",
    "<sip:+19725552222@gw1.example.net;unknownparam>",
    "<sip:+19725552222@gw1.example.net;unknownparam>;expires=3600",
  ],
  [
    "regescrt",
    "user",
    "<sip:user@example.com?Route=%3Csip:sip.example.com%3E>",
    "<sip:user@example.com?Route=%3Csip:sip.example.com%3E>;expires=3600",
  ],
  ["unksm2", "user", "<name:John_Smith>", "<name:John_Smith>;expires=3600"],
];
for (const [name, user, contact, kept] of faithful) {
  test(`RFC 4475 ${name}: the Contact is kept as it was written`, async () => {
    await stop();
    await start("example.com");
    const address = `sip:${user}@example.com`;
    const answer = await register({
      user,
      uri: "sip:example.com",
      from: address,
      to: address,
      headers: [`Contact: ${contact}`],
    });
    assert.deepEqual([answer.status, valuesOf(answer, "Contact")], [200, [kept]]);
  });
}

test("the 200 follows the disk; a disk that does not take the registration leaves the phone callable", async () => {
  const answer = await register({ headers: ["Contact: <sip:7001@192.0.2.1:5062>"] });
  assert.equal(answer.status, 200);
  const tx = request({ callId: "2", headers: ["Contact: <sip:second@192.0.2.1>"] });
  const challenge = valuesOf(await send({}), "WWW-Authenticate");
  tx.headers.set("Authorization", authorization(challenge, tx, "7001", "demo-7001"));
  await storage.close();
  const kept = new KeptTransaction(tx, flow);
  registrar.handleRegister(kept);
  assert.equal((await kept.answered).status, 200);
  assert.equal(registrar.lookup("7001").length, 2);
  assert.equal(registrar.counts().unsaved, 1);
});

test("what people see of a registration has no secrets", async () => {
  await register({ headers: ["Contact: <sip:7001@192.0.2.1:5062>", "User-Agent: phone/1"] });
  assert.deepEqual(registrar.list(), [
    {
      dn: "7001",
      contact: "sip:7001@192.0.2.1:5062",
      transport: "udp",
      source: "192.0.2.1:5062",
      q: 1,
      expires: "2026-11-20T10:15:15.000000Z",
      userAgent: "phone/1",
      instance: null,
    },
  ]);
});
