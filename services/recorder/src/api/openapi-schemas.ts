import { verdicts } from "../reconciliation/judge.ts";

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: "string" };
const time: Schema = { type: "string", format: "date-time" };
const milliseconds: Schema = { type: "integer", minimum: 0 };
const count: Schema = { type: "integer", minimum: 0 };
const state: Schema = {
  enum: ["recording", "complete", "partial", "failed"],
  description: "`partial`: something of the call is missing, `warnings` say what; `failed`: there is no audio.",
};
const side: Schema = { enum: ["customer", "agent"] };
const verdict: Schema = { enum: verdicts };
const named: Schema = { type: "object", additionalProperties: text };

function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: "null" }] };
}

function object(required: Schema, optional: Schema = {}, more: Schema = {}): Schema {
  const properties = { ...required, ...optional };
  return { type: "object", required: Object.keys(required), properties, additionalProperties: false, ...more };
}

const recording = {
  required: {
    id: text,
    fileName: text,
    startTime: time,
    durationMs: milliseconds,
    state,
    channels: {
      type: "array",
      items: object({
        channel: { enum: ["left", "right"] },
        side,
        lostMs: milliseconds,
        lostPackets: count,
      }),
    },
    participants: {
      type: "array",
      items: object(
        {},
        {
          aor: text,
          name: text,
          dn: text,
          side,
          channel: { enum: ["left", "right"] },
          from: time,
          to: time,
        },
      ),
    },
    events: {
      type: "array",
      description:
        "What happened, at positions of the file: pause, resume, hold, transfer, gap ... with details of each.",
      items: {
        type: "object",
        required: ["event", "atMs"],
        properties: { event: text, atMs: milliseconds, untilMs: milliseconds },
      },
    },
    parameters: { ...named, description: "What clients gave: of the Request-URI, the metadata, and by T-Library." },
    warnings: { type: "array", items: object({ code: text, text, atMs: milliseconds }) },
  },
  optional: {
    callUuid: text,
    connId: text,
    endTime: { ...time, description: "Absent while it is being recorded." },
    codec: { enum: ["pcmu", "pcma"] },
    userData: { ...named, description: "Attached data of the call, as SIP Server told them." },
    sources: {
      type: "array",
      description: "The copies that clients made of it, where there are several; the primary one first.",
      items: object({
        id: text,
        copy: count,
        folder: text,
        startTime: time,
        durationMs: milliseconds,
        state,
        lostMs: milliseconds,
        primary: { type: "boolean" },
      }),
    },
  },
};

const totals = {
  expected: count,
  recorded: count,
  partial: count,
  missing: count,
  byPolicy: { ...count, description: "Not to be recorded, by the policy that each names; not among `expected`." },
  pending: { ...count, description: "Not judged yet: the call is up, or has just ended." },
  shareRecorded: { type: ["number", "null"], minimum: 0, maximum: 1 },
};

/** The schemas of what the recorder's API answers, by name. JSON Schema 2020-12. */
export const schemas: Readonly<Record<string, Schema>> = {
  Recording: object(recording.required, recording.optional),
  RecordingWithIntegrity: object(recording.required, {
    ...recording.optional,
    integrity: { $ref: "#/components/schemas/Integrity" },
  }),
  Integrity: object({
    verdict: {
      enum: ["intact", "open", "damaged"],
      description: "`open`: what has a hash matches, and there is something that has none yet.",
    },
    problems: { type: "array", items: text },
  }),
  Positions: object(
    {
      counted: { ...count, description: "Hits of this part" },
      blocks: {
        type: "array",
        description:
          "Hits that stand next to each other; the first has no cursor where the part begins with the newest",
        items: object({ size: { type: "integer", minimum: 1 } }, { cursor: text }),
      },
    },
    { next: { ...text, description: "Where the next part begins; absent where all are counted" } },
  ),
  Suggestions: object({ values: { type: "array", items: text } }),
  RecordingPage: object(
    { recordings: { type: "array", items: { $ref: "#/components/schemas/Recording" } } },
    { next: { ...text, description: "`cursor` of the next page; absent on the last one." } },
  ),
  Peaks: object({
    durationMs: { ...milliseconds, description: "Of all that is there." },
    live: { type: "boolean", description: "It is still being recorded: a later answer has more." },
    fromMs: milliseconds,
    toMs: milliseconds,
    points: { ...count, description: "Points of each channel, evenly over the part." },
    channels: {
      type: "array",
      items: object({
        channel: { enum: ["left", "right"] },
        side,
        min: {
          ...text,
          contentEncoding: "base64",
          description: "Lowest sample of each point: a signed octet, 1/128 of full scale.",
        },
        max: { ...text, contentEncoding: "base64", description: "Highest sample of each point, likewise." },
        speech: {
          type: "array",
          description: "When somebody speaks, by loudness: beginning and end in ms of the recording.",
          items: { type: "array", items: milliseconds, minItems: 2, maxItems: 2 },
        },
      }),
    },
  }),
  Reconciliation: object({
    ...totals,
    reasons: { type: "array", items: object({ verdict, reason: text, count }) },
    ledgers: {
      type: "array",
      items: object({
        sipServer: text,
        state: { enum: ["up", "away", "not-asked-yet"] },
        unknownSince: orNull(time),
        problem: orNull(text),
      }),
    },
    alarms: {
      type: "array",
      description: "Streams of calls that are up and bring no RTP.",
      items: object({
        kind: { enum: ["stream-silent"] },
        recordingId: text,
        callUuid: orNull(text),
        side,
        since: time,
      }),
    },
    parties: { type: "array", items: { $ref: "#/components/schemas/JudgedParty" } },
    next: orNull(text),
  }),
  Summary: object({
    by: { enum: ["day", "site", "dn"] },
    tz: text,
    total: object(totals),
    groups: { type: "array", items: object({ key: text, ...totals }) },
    more: { type: "boolean", description: "There are more groups than are shown." },
  }),
  JudgedParty: object({
    site: { ...text, description: "`geo-location` of the SIP Server, where it has one; else its address." },
    verdict,
    reason: orNull(text),
    policy: orNull(text),
    callUuid: text,
    connId: text,
    dn: text,
    side,
    turn: count,
    cause: text,
    expectedFrom: time,
    expectedUntil: orNull(time),
    expectedMs: milliseconds,
    recordedMs: milliseconds,
    findings: {
      type: "array",
      items: object({ kind: text, ms: milliseconds, text }, { atMs: milliseconds, side }),
    },
    recordingId: orNull(text),
    recordings: { type: "array", items: object({ id: text }, { recorder: text }) },
    ledger: object({ sipServer: text, outcome: text, reason: orNull(text) }),
  }),
  Alarms: object({
    streams: {
      type: "array",
      items: object({
        kind: { enum: ["stream-silent"] },
        recordingId: text,
        callUuid: orNull(text),
        side,
        since: time,
      }),
    },
    storage: object(
      {
        takesSessions: { type: "boolean" },
        alarms: { type: "array", items: object({ code: text, text, remedy: text, since: time }) },
      },
      { freeBytes: count, sizeBytes: count },
    ),
  }),
  Storage: object(
    {
      directory: text,
      takesSessions: { type: "boolean" },
      roundMs: { ...milliseconds, description: "What the last round of writing and syncing took." },
      alarms: { type: "array", items: object({ code: text, text, remedy: text, since: time }) },
    },
    { freeBytes: count, sizeBytes: count },
  ),
  Problem: object(
    {
      type: { type: "string", format: "uri" },
      title: text,
      status: { type: "integer" },
      detail: { ...text, description: "Where and why." },
      code: { ...text, description: "Stable; docs/errors.md lists all." },
    },
    { remedy: { ...text, description: "What to do about it." } },
    { description: "RFC 9457" },
  ),
};
