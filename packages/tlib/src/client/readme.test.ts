import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, test } from "node:test";
import { systemClock } from "@sidetone/foundation";
import { WebSocketServer } from "ws";
import { Bench } from "../session/engine.fixture.ts";
import { SessionServer, type SessionServerOptions, prepareEvent } from "../session/index.ts";
import { serve } from "./web-socket-server.fixture.ts";

const packageFolder = fileURLToPath(new URL("../..", import.meta.url));
const root = fileURLToPath(new URL("../../../..", import.meta.url));
const readme = readFileSync(join(packageFolder, "README.md"), "utf8");
const desktop = /```ts desktop\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
// In the package, so that its names resolve as they do for a reader.
const folder = mkdtempSync(join(packageFolder, ".readme-"));
const file = join(folder, "desktop.ts");
writeFileSync(file, desktop);
after(() => rmSync(folder, { recursive: true }));

test("README: the desktop has 30 lines", () => {
  const lines = desktop.split("\n").filter((line) => line.trim() !== "").length;
  assert.ok(lines > 20 && lines <= 30, `${lines} lines`);
});

test("README: the desktop passes the type checker", () => {
  const config = join(folder, "tsconfig.json");
  writeFileSync(config, JSON.stringify({ extends: join(root, "tsconfig.json"), include: [file] }));
  const ran = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", config], {
    encoding: "utf8",
  });
  assert.equal(ran.stdout + ran.stderr, "");
});

test("README: the desktop registers, answers, records and shows it", async () => {
  const bench = new Bench();
  const call = { ConnID: "0110031f8ab2c001", CallUUID: "JBNIHE6GIL09DCQ7KUREMIUHVC000001", CallType: "Inbound" };
  const asked: string[] = [];
  const attributes = () => ({ EventSequenceNumber: bench.next(), ThisDN: "7001", OtherDN: "+15550100", ...call });
  const options: SessionServerOptions<string> = {
    clock: systemClock,
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
    serverStartMicros: 1,
    capabilities: [],
    nextEventSequenceNumber: () => bench.next(),
    authenticate: (open) => Promise.resolve({ ok: true, value: open.ApplicationName }),
    sameOwner: () => true,
    onOpened: (session) =>
      session.publish(prepareEvent("EventLinkConnected", 0, { EventSequenceNumber: bench.next() })),
    onRequest: (session, { message, attributes: { ReferenceID } }) => {
      asked.push(message);
      const own = { EventSequenceNumber: bench.next(), ReferenceID };
      if (message === "RequestRegisterAddress") {
        session.respond(
          ReferenceID,
          prepareEvent("EventRegistered", 0, { ...own, ThisDN: "7001", AddressType: "DN", Calls: [] }),
        );
        session.publish(prepareEvent("EventRinging", 0, { ...attributes(), UserData: { Segment: "Gold" } }));
      } else if (message === "RequestAnswerCall")
        session.respond(ReferenceID, prepareEvent("EventEstablished", 0, { ...attributes(), ReferenceID }));
      else {
        const error = { ErrorCode: 10_002, ErrorName: "RecordingAlreadyActive", ErrorMessage: "" } as const;
        session.respond(ReferenceID, prepareEvent("EventError", 0, { ...own, ...error }));
        session.publish(prepareEvent("EventReleased", 0, attributes()));
      }
    },
    onEnded: () => undefined,
  };
  const server = new SessionServer<string>(options);
  const sockets = await serve(server, WebSocketServer);
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", file, sockets.url, "7001"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  const deadline = setTimeout(() => child.kill(), 60_000);
  for await (const line of createInterface({ input: child.stdout })) {
    if (!lines.includes(line)) lines.push(line);
    if (lines.includes("refused: RecordingAlreadyActive") && line === "idle" && lines.length >= 4) child.kill();
  }
  clearTimeout(deadline);
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  server.close();
  await sockets.close();
  assert.deepEqual(asked, ["RequestRegisterAddress", "RequestAnswerCall", "RequestPrivateService"]);
  assert.deepEqual(lines, [
    "idle",
    'ringing +15550100 {"Segment":"Gold"}',
    "talking to +15550100",
    "refused: RecordingAlreadyActive",
  ]);
});
