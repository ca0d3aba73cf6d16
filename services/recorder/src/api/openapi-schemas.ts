type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: "string" };
const time: Schema = { type: "string", format: "date-time" };
const milliseconds: Schema = { type: "integer", minimum: 0 };
const count: Schema = { type: "integer", minimum: 0 };
const state: Schema = {
  enum: ["recording", "complete", "partial", "failed"],
  description: "`partial`: something of the call is missing, `warnings` say what; `failed`: there is no audio.",
};
const named: Schema = { type: "object", additionalProperties: text };

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
        side: { enum: ["customer", "agent"] },
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
          side: { enum: ["customer", "agent"] },
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

/** The schemas of what the recorder's API answers, by name. JSON Schema 2020-12. */
export const schemas: Readonly<Record<string, Schema>> = {
  Recording: object(recording.required, recording.optional),
  RecordingWithIntegrity: object(
    {
      ...recording.required,
      integrity: object({
        verdict: {
          enum: ["intact", "open", "damaged"],
          description: "`open`: what has a hash matches, and there is something that has none yet.",
        },
        problems: { type: "array", items: text },
      }),
    },
    recording.optional,
  ),
  RecordingPage: object(
    { recordings: { type: "array", items: { $ref: "#/components/schemas/Recording" } } },
    { next: { ...text, description: "`cursor` of the next page; absent on the last one." } },
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
