import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LineCounter, parseDocument } from "yaml";
import {
  httpAddress,
  isLoopback,
  listenAddress,
  peerAddress,
  portRange,
  sipUriPlace,
  sqliteFile,
} from "./addresses.ts";
import { formatMistake } from "./mistake.ts";
import { editDistance, nearestName } from "@sidetone/foundation";
import { type Reader, Reading } from "./reading.ts";
import { duration, formatDuration, integer, size } from "./scalars.ts";

function read<T>(reader: Reader<T>, yaml: string): T | string {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines });
  const around = { env: {}, readFile: () => "", folder: "/folder" };
  const reading = new Reading("t", document, lines, around);
  const value = reader({ node: document.contents, path: "x", depth: 0 }, reading);
  const first = reading.mistakes[0];
  return value ?? (first === undefined ? "" : formatMistake(first));
}

/** The complaint; empty where there was none. */
function said(value: unknown): string {
  return typeof value === "string" ? value : "";
}

test("durations carry their unit", () => {
  const any = duration(0);
  assert.deepEqual(
    ["500ms", "10s", "1.5s", "5m", "2h", "1d", "10 s"].map((y) => read(any, y)),
    [500, 10_000, 1500, 300_000, 7_200_000, 86_400_000, 10_000],
  );
  assert.match(said(read(any, "10")), /"10" lacks its unit\. Units: ms, s/);
  assert.match(said(read(any, "soon")), /must be a time with its unit/);
  assert.match(said(read(any, "5 parsecs")), /not "5 parsecs"/);
  assert.match(said(read(duration(1000, 5000), "10s")), /from 1s to 5s/);
});

test("what formatDuration writes, duration reads", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 1e9 }), (ms) => read(duration(0), formatDuration(ms)) === ms));
});

test("sizes carry their unit", () => {
  assert.deepEqual(
    ["500MB", "2GiB", "7B"].map((y) => read(size, y)),
    [500e6, 2 * 1024 ** 3, 7],
  );
});

test("whole numbers keep to their range", () => {
  assert.equal(read(integer(1, 255), "7"), 7);
  assert.match(said(read(integer(1, 255), "256")), /from 1 to 255, not 256/);
  assert.match(said(read(integer(1, 255), "1.5")), /whole number/);
});

test("listening addresses: udp and tcp, IPv4, IPv6 in brackets, names", () => {
  assert.deepEqual(read(listenAddress, "udp://127.0.0.1:5060"), { transport: "udp", host: "127.0.0.1", port: 5060 });
  assert.deepEqual(read(listenAddress, '"tcp://[::1]:0"'), { transport: "tcp", host: "::1", port: 0 });
  for (const bad of [
    "udp://127.0.0.1",
    "udp://:5060",
    "udp://1.2.3:5060",
    "udp://127.0.0.1:65536",
    "udp://::1:5060",
    "127.0.0.1:5060",
  ]) {
    assert.match(said(read(listenAddress, `"${bad}"`)), /not a listening address/, bad);
  }
  assert.match(said(read(listenAddress, "tls://127.0.0.1:5061")), /not served by this version/);
  assert.match(said(read(listenAddress, "upd://127.0.0.1:5061")), /Did you mean udp/);
  assert.match(said(read(httpAddress, "https://127.0.0.1:5061")), /TLS proxy/);
});

test("SIP URIs: host and port, 5060 where none is said", () => {
  assert.deepEqual(sipUriPlace("sip:127.0.0.1:5070;transport=tcp"), { host: "127.0.0.1", port: 5070 });
  assert.deepEqual(sipUriPlace("sip:user@pbx.example"), { host: "pbx.example", port: 5060 });
  assert.deepEqual(sipUriPlace("sips:[::1]"), { host: "::1", port: 5060 });
  assert.equal(sipUriPlace("http://x"), undefined);
  assert.equal(sipUriPlace("sip:"), undefined);
});

test("port ranges", () => {
  assert.deepEqual(read(portRange, "10000-24999"), { min: 10_000, max: 24_999 });
  for (const bad of ["10000", "10000-", "24999-10000", "80-2000", "60000-70000", "10000-10003"]) {
    assert.equal(typeof read(portRange, `"${bad}"`), "string", bad);
  }
});

test("peers: an address or a network", () => {
  assert.equal(read(peerAddress, "10.0.0.0/8"), "10.0.0.0/8");
  assert.match(said(read(peerAddress, "10.0.0.0/33")), /neither/);
  assert.match(said(read(peerAddress, "pbx.example")), /neither/);
});

test("databases: SQLite now", () => {
  assert.equal(read(sqliteFile, '"sqlite:./data/x.sqlite"'), "/folder/data/x.sqlite");
  assert.match(said(read(sqliteFile, "postgres://db/x")), /PostgreSQL is for the recorder.s index only/);
});

test("loopback is 127.0.0.0/8, ::1 and localhost", () => {
  assert.deepEqual(
    ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "0.0.0.0", "::", "127.evil.example"].map(isLoopback),
    [true, true, true, true, true, false, false, false],
  );
});

test("edit distance: a metric, with a swap of neighbours as one edit", () => {
  assert.equal(editDistance("recorder", "recoder"), 1);
  assert.equal(editDistance("upd", "udp"), 1);
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(
      word,
      word,
      (a, b) => editDistance(a, b) === editDistance(b, a) && (editDistance(a, b) === 0) === (a === b),
    ),
  );
});

test("the nearest name: none where nothing is near", () => {
  assert.equal(nearestName("loadBalanceScheme", ["load-balance-scheme", "service"]), "load-balance-scheme");
  assert.equal(nearestName("zebra", ["listen", "http"]), undefined);
});
