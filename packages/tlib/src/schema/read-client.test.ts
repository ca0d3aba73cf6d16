import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readClientMessage, requestNames } from "./index.ts";
import { messageSchemas } from "./message-schemas.ts";
import { validMessage } from "./valid-messages.fixture.ts";

function refused(message: unknown) {
  const read = readClientMessage(typeof message === "string" ? message : JSON.stringify(message));
  assert.ok(!read.ok, "it must be refused");
  return read.error;
}

const CONN_ID = "0110031f8ab2c001";
const make = (attributes: object, envelope: object = {}) => ({
  message: "RequestMakeCall",
  ...envelope,
  attributes: { ReferenceID: 3, ThisDN: "7001", OtherDN: "7002", ...attributes },
});
const release = (attributes: object) => ({
  message: "RequestReleaseCall",
  attributes: { ReferenceID: 3, ThisDN: "7001", ConnID: CONN_ID, ...attributes },
});

test("a request with all its attributes is read", () => {
  for (const name of requestNames) assert.ok(readClientMessage(JSON.stringify(validMessage(name))).ok, name);
});

test("InvalidAttribute: each required attribute that is missing is named", () => {
  for (const name of requestNames) {
    for (const required of messageSchemas.get(name)?.required ?? []) {
      const message = validMessage(name);
      Reflect.deleteProperty(message.attributes, required);
      const error = refused(message);
      assert.equal(error.errorName, "InvalidAttribute");
      assert.equal(error.message, `${required} is missing: ${name} needs it`);
    }
  }
});

test("InvalidAttribute: each attribute of a wrong type is named", () => {
  for (const name of requestNames) {
    for (const attribute of messageSchemas.get(name)?.properties.keys() ?? []) {
      for (const wrong of [null, true, 1.5, ["x"]]) {
        const message = validMessage(name);
        message.attributes[attribute] = wrong;
        const error = refused(message);
        assert.equal(error.errorName, "InvalidAttribute");
        assert.match(error.message, new RegExp(`^${attribute} must be `));
      }
    }
  }
});

test("InvalidAttribute: every request refuses an attribute that it does not have", () => {
  for (const name of requestNames) {
    const message = validMessage(name);
    message.attributes["ErrorCode"] = 3;
    assert.match(refused(message).message, /has no attribute "ErrorCode"/);
  }
});

const attributeMistakes: readonly (readonly [unknown, string])[] = [
  [release({ Extension: {} }), 'RequestReleaseCall has no attribute "Extension"; is it Extensions?'],
  [release({ extensions: {} }), 'RequestReleaseCall has no attribute "extensions"; is it Extensions?'],
  [
    release({ Zzz: 1 }),
    'RequestReleaseCall has no attribute "Zzz"; its attributes are ReferenceID, ThisDN, ConnID, Reasons, Extensions',
  ],
  [release({ ThisDN: "" }), "ThisDN must be a string that is not empty"],
  [release({ ConnID: CONN_ID.toUpperCase() }), "ConnID must be a string like ^[0-9a-f]{16}$"],
  [release({ ConnID: `${CONN_ID}\n` }), "ConnID must be a string like ^[0-9a-f]{16}$"],
  [release({ ReferenceID: 0 }), "ReferenceID must be an integer from 1 to 9007199254740991"],
  [release({ ReferenceID: "1" }), "ReferenceID must be an integer from 1 to 9007199254740991"],
  [make({}, { ack: -1 }), "ack must be an integer that is not negative"],
  [make({}, { ack: "4" }), "ack must be an integer that is not negative"],
  [make({}, { Ack: 4 }), 'a request has no member "Ack"; is it ack?'],
  [{ message: "RequestMakeCall" }, "a request must have attributes, a JSON object"],
  [{ message: "RequestMakeCall", attributes: [] }, "a request must have attributes, a JSON object"],
  [
    { message: "RequestRegisterAddress", attributes: { ReferenceID: 1, ThisDN: "7001", RegisterMode: "ModeShared" } },
    "RegisterMode must be one of ModeShare, ModePrivate, ModeMonitor; is it ModeShare?",
  ],
  [make({ UserData: "x" }), "UserData must be a JSON object"],
  [
    make({ UserData: { a: 2 ** 31 } }),
    'UserData.a must be a string, an integer of 32 bits, {"$binary": base64} or a list',
  ],
  [
    make({ UserData: { a: { b: null } } }),
    'UserData.a.b must be a string, an integer of 32 bits, {"$binary": base64} or a list',
  ],
  [make({ UserData: { a: { $binary: "A" } } }), 'UserData.a must be {"$binary": base64 with padding} and nothing else'],
  [make({ UserData: { $binary: "AA==" } }), 'UserData has the key "$binary", which is reserved'],
];

for (const [message, reason] of attributeMistakes) {
  test(`InvalidAttribute: ${reason}`, () => {
    const error = refused(message);
    assert.equal(error.message, reason);
    assert.equal(error.kind, "attribute");
    assert.equal(error.errorName, "InvalidAttribute");
  });
}

const protocolMistakes: readonly (readonly [string, unknown])[] = [
  ["not JSON", "{"],
  ["an empty frame", ""],
  ["an array", "[]"],
  ["null", "null"],
  ["no message name", { attributes: {} }],
  ["an event", { message: "EventACK", attributes: {} }],
  ["a control of the server", { message: "SessionOpened", attributes: {} }],
  ["an unknown control", { message: "SessionPause", attributes: {} }],
  ["a name of a prototype", { message: "constructor", attributes: {} }],
  ["a control without attributes", { message: "Ping" }],
  ["SessionAck without Seq", { message: "SessionAck", attributes: { seq: 4 } }],
  ["SessionOpen without ApplicationName", { message: "SessionOpen", attributes: { ProtocolVersion: "1.0" } }],
  [
    "SessionOpen with a strange version",
    { message: "SessionOpen", attributes: { ProtocolVersion: "one", ApplicationName: "a" } },
  ],
  [
    "SessionOpen with half a resume",
    {
      message: "SessionOpen",
      attributes: { ProtocolVersion: "1.0", ApplicationName: "a", SessionID: "s", ResumeToken: "t" },
    },
  ],
  [
    "SessionOpen with two credentials",
    {
      message: "SessionOpen",
      attributes: { ProtocolVersion: "1.0", ApplicationName: "a", ApplicationPassword: "p", AccessToken: "t" },
    },
  ],
];

for (const [title, message] of protocolMistakes) {
  test(`a protocol error (4000): ${title}`, () => {
    const error = refused(message);
    assert.equal(error.kind, "protocol");
    assert.equal(error.errorName, undefined);
  });
}

test("controls may carry attributes that this version does not know", () => {
  assert.ok(readClientMessage('{"message":"Ping","attributes":{"Sent":"now"}}').ok);
});

test("UnsupportedOperation: an unknown request, with the nearest name and what an EventError repeats", () => {
  assert.deepEqual(refused({ ...make({ ConnID: CONN_ID }, { ack: 9 }), message: "RequestMakeCal" }), {
    kind: "unsupported",
    message: 'there is no request "RequestMakeCal"; is it RequestMakeCall?',
    errorName: "UnsupportedOperation",
    requestName: "RequestMakeCal",
    referenceId: 3,
    thisDn: "7001",
    connId: CONN_ID,
    ack: 9,
  });
});

test("TooLarge: user data of more than 32 KB, in bytes of UTF-8", () => {
  assert.equal(refused(make({ UserData: { a: "x".repeat(32_768) } })).errorName, "TooLarge");
  assert.equal(refused(make({ UserData: { a: "ä".repeat(16_384) } })).errorName, "TooLarge");
  assert.ok(readClientMessage(JSON.stringify(make({ UserData: { a: "x".repeat(32_768 - 8) } }))).ok);
  assert.ok(readClientMessage(JSON.stringify(make({ Extensions: { a: "x".repeat(40_000) } }))).ok);
});

test("half of a surrogate pair is refused wherever it stands, and never repeated", () => {
  for (const text of [
    '{"message":"RequestMakeCall","attributes":{"ReferenceID":3,"ThisDN":"7\\ud800","OtherDN":"1"}}',
    '{"message":"RequestMakeCall","attributes":{"ReferenceID":3,"ThisDN":"7","OtherDN":"1","UserData":{"a":{"\\uDC00":1}}}}',
    '{"message":"RequestMakeCall","attributes":{"ReferenceID":3,"ThisDN":"7","OtherDN":"1","\\udfff":1}}',
    '{"message":"Request\\ud800","attributes":{"ReferenceID":3,"ThisDN":"\\ud800"}}',
    '{"message":"SessionOpen","attributes":{"ProtocolVersion":"1.0","ApplicationName":"\\ud800"}}',
  ]) {
    assert.ok(Object.values(refused(text)).every((value) => typeof value !== "string" || value.isWellFormed()));
  }
  assert.ok(
    readClientMessage(JSON.stringify(make({ UserData: { smile: "\u{1F600}" } })).replace("\u{1F600}", "\\ud83d\\ude00"))
      .ok,
  );
});

test("prototype keys do no harm, in the envelope, the attributes and the lists", () => {
  const before = Object.keys(Object.prototype);
  for (const text of [
    '{"__proto__":{"message":"Ping"},"attributes":{}}',
    '{"message":"RequestQueryServer","__proto__":{},"attributes":{"ReferenceID":1}}',
    '{"message":"RequestQueryServer","attributes":{"__proto__":{"ReferenceID":1}}}',
    '{"message":"RequestQueryServer","attributes":{"ReferenceID":1,"constructor":{}}}',
    '{"message":"RequestQueryServer","attributes":{"ReferenceID":1,"Extensions":{"a":{"__proto__":{"polluted":"yes"}}}}}',
  ]) {
    refused(text);
  }
  assert.ok(readClientMessage(JSON.stringify(make({ UserData: { constructor: "x", toString: 1 } }))).ok);
  assert.deepEqual(Object.keys(Object.prototype), before);
  assert.equal(Reflect.get({}, "polluted"), undefined);
});

test("no value stands in an error: it may be a password", () => {
  const open = { ProtocolVersion: "s3cret", ApplicationName: "a", ApplicationPassword: "s3cret" };
  assert.ok(!refused({ message: "SessionOpen", attributes: open }).message.includes("s3cret"));
  const login = { ReferenceID: 1, ThisDN: "7001", AgentID: "a", AgentPassword: { s3cret: 1 }, AgentWorkMode: "s3cret" };
  assert.ok(!JSON.stringify(refused({ message: "RequestAgentLogin", attributes: login })).includes("s3cret"));
});

test("a deep, a long and a wide message cost little and are refused", () => {
  const started = process.cpuUsage();
  const deep = `{"message":"RequestQueryServer","attributes":{"ReferenceID":1,"Extensions":${'{"a":'.repeat(12_000)}1${"}".repeat(12_000)}}}`;
  assert.match(refused(deep).message, /^Extensions\.a.* must not be nested deeper than 8 levels$/);
  refused(`${"[".repeat(65_000)}${"]".repeat(65_000)}`);
  refused({ message: "RequestX".repeat(8_000), attributes: {} });
  const wide = Object.fromEntries(Array.from({ length: 6_000 }, (_, i) => [`k${i}`, 1]));
  assert.match(
    refused({ message: "RequestQueryServer", attributes: { ReferenceID: 1, Extensions: wide } }).message,
    /4096 pairs/,
  );
  refused({ message: "RequestQueryServer", attributes: { ReferenceID: 1, ...wide } });
  refused({ message: "SessionOpen", attributes: wide });
  const base64 = `${"A".repeat(60_000)}!`;
  refused({ message: "RequestQueryServer", attributes: { ReferenceID: 1, Extensions: { a: { $binary: base64 } } } });
  const { user, system } = process.cpuUsage(started);
  assert.ok(user + system < 2_000_000);
});

test("whatever comes, the reader does not throw, and errors are short", () => {
  const name = fc.oneof(fc.constantFrom(...messageSchemas.keys()), fc.string());
  const attribute = fc.oneof(
    fc.constantFrom("ThisDN", "ConnID", "ReferenceID", "UserData", "__proto__", "Seq"),
    fc.string(),
  );
  const message = fc.record(
    {
      message: name,
      ack: fc.jsonValue(),
      attributes: fc.oneof(fc.jsonValue(), fc.dictionary(attribute, fc.jsonValue())),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        message.map((value) => JSON.stringify(value)),
        fc.json(),
        fc.string({ unit: "binary" }),
      ),
      (text) => {
        const read = readClientMessage(text);
        assert.ok(read.ok || read.error.message.length < 600);
      },
    ),
    { numRuns: 3000 },
  );
});
