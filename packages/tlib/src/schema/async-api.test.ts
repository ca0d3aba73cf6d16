import assert from "node:assert/strict";
import { test } from "node:test";
import { Parser } from "@asyncapi/parser";
import { asyncApi, eventNames, messageNames, requestNames, responsesOf } from "./index.ts";

const severityError = 0;

test("AsyncAPI 3.0: the public parser finds no error and every message", async () => {
  for (const secure of [false, true]) {
    const { document, diagnostics } = await new Parser().parse(
      JSON.stringify(asyncApi({ host: "sip.example.com:7080", secure })),
    );
    assert.deepEqual(
      diagnostics.filter((diagnostic) => diagnostic.severity === severityError),
      [],
    );
    assert.ok(document);
    assert.equal(document.version(), "3.0.0");
    assert.equal(document.servers().all()[0]?.protocol(), secure ? "wss" : "ws");
    assert.equal(document.servers().all()[0]?.host(), "sip.example.com:7080");
    assert.equal(document.channels().all()[0]?.address(), "/tlib/v1");
    assert.deepEqual(
      document
        .components()
        .messages()
        .all()
        .map((message) => message.name()),
      messageNames,
    );
  }
});

test("AsyncAPI 3.0: every request has an operation that replies with its direct responses or EventError", async () => {
  const { document } = await new Parser().parse(JSON.stringify(asyncApi({ host: "sip.example.com" })));
  assert.ok(document);
  for (const name of requestNames) {
    const operation = document.operations().get(name);
    assert.deepEqual(
      operation
        ?.messages()
        .all()
        .map((message) => message.name()),
      [name],
    );
    const replies: unknown = operation
      ?.reply()
      ?.messages()
      .all()
      .map((message) => message.name());
    assert.deepEqual(replies, [...(responsesOf.get(name) ?? []), "EventError"]);
  }
  assert.equal(document.operations().get("sendEvents")?.messages().all().length, eventNames.length);
});
