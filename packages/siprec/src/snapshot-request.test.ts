import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isSnapshotContentType, readSnapshotRequest, writeSnapshotRequest } from "./index.ts";

const schema = fileURLToPath(new URL("../schema/recording.xsd", import.meta.url));
const xmllint = spawnSync("xmllint", ["--version"]).error === undefined;

test("RFC 7866 9.2: a request for a snapshot is read, with its reason and without, in whatever namespace", () => {
  for (const reason of ["", "lost a partial update <&>"]) {
    assert.equal(readSnapshotRequest(writeSnapshotRequest(reason)), reason);
  }
  assert.equal(readSnapshotRequest("<x:requestsnapshot xmlns:x='urn:old'/>"), "");
  for (const other of ["", "<recording/>", "no XML"]) assert.equal(readSnapshotRequest(other), undefined);
});

test("RFC 7866 9.2, RFC 9806, RFC 8068: the media types that carry it", () => {
  const known = [
    "application/rs-metadata",
    "Application/RS-Metadata+xml; charset=utf-8",
    "application/rs-metadata-request",
  ];
  assert.ok(known.every(isSnapshotContentType));
  assert.ok(!isSnapshotContentType("application/sdp"));
});

test("RFC 7865 9: the request is valid", { skip: xmllint ? false : "xmllint is not installed" }, () => {
  for (const input of [writeSnapshotRequest("why"), writeSnapshotRequest("")]) {
    const run = spawnSync("xmllint", ["--noout", "--nonet", "--schema", schema, "-"], { input, encoding: "utf8" });
    assert.equal(run.status, 0, `${input}\n${run.stderr}`);
  }
});
