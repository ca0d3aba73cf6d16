import { searchKeys } from "../index/recording-row.ts";
import { MAX_QUERY_VALUE, PAGE_DEFAULT, PAGE_MAX, PEAK_POINTS_DEFAULT, PEAK_POINTS_MAX } from "../limits.ts";
import { verdicts } from "../reconciliation/judge.ts";
import { schemas } from "./openapi-schemas.ts";

type Part = Readonly<Record<string, unknown>>;

const ref = (name: string): Part => ({ $ref: `#/components/schemas/${name}` });
const json = (description: string, name: string): Part => ({
  description,
  content: { "application/json": { schema: ref(name) } },
});
const problem = (description: string): Part => ({
  description,
  content: { "application/problem+json": { schema: ref("Problem") } },
});
const value: Part = { type: "string", maxLength: MAX_QUERY_VALUE };
const inQuery = (name: string, description: string, schema: Part = value): Part => ({
  name,
  in: "query",
  description,
  schema,
});
const id: Part = { name: "id", in: "path", required: true, schema: { type: "string" } };
const always = { "401": problem("The token is missing or wrong."), "421": problem("A foreign name of this host.") };
const noIndex = { "503": problem("The index cannot be asked now; recording goes on.") };

const exact: Readonly<Record<(typeof searchKeys)[number], string>> = {
  dn: "A DN of either side",
  ani: "The caller's number",
  dnis: "The number that was called",
  agent: "The agent's id",
  "conn-id": "ConnID of a call",
  "call-uuid": "CallUUID of a call",
};

const audio = (method: "get" | "head"): Part => ({
  operationId: `${method}Audio`,
  summary: "The audio, stereo: customer left, agent right; also while it is being recorded",
  parameters: [
    id,
    { name: "Range", in: "header", description: "RFC 9110 14.2, one range of bytes", schema: { type: "string" } },
  ],
  responses: {
    "200": { description: "A whole WAV file", content: { "audio/wav": {} } },
    "206": { description: "The range of it", content: { "audio/wav": {} } },
    "404": problem("There is no such recording, or its audio is gone."),
    "416": problem("The file ends before the range."),
    ...always,
    ...noIndex,
  },
});

/** The recorder's HTTP API as an OpenAPI 3.1 document. A test holds every answer against it. */
export const openApi: Part = {
  openapi: "3.1.0",
  info: {
    title: "Sidetone recorder",
    version: "1",
    description:
      "Recordings: search, look at one, listen. Errors are problem documents (RFC 9457) that name place, reason and remedy.",
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
  },
  security: [{}, { token: [] }],
  paths: {
    "/api/v1/recordings": {
      get: {
        operationId: "searchRecordings",
        summary: "Search, newest first; everything given must hold",
        description:
          "Exact values are compared without regard to case. Besides the parameters listed here, `param.NAME=VALUE` asks for a parameter of the recording, `user-data.NAME=VALUE` for attached data of its call.",
        parameters: [
          inQuery("from", "Began at or after this time", { type: "string", format: "date-time" }),
          inQuery("to", "Began before this time", { type: "string", format: "date-time" }),
          inQuery("min-duration-ms", "At least this long", { type: "integer", minimum: 0 }),
          inQuery("max-duration-ms", "At most this long", { type: "integer", minimum: 0 }),
          ...searchKeys.map((name) => inQuery(name, exact[name])),
          inQuery("id", "The recording's id"),
          inQuery("state", "What became of it", { enum: ["recording", "complete", "partial", "failed"] }),
          inQuery("q", "Stands anywhere in ids, file name, numbers, names, values of parameters and user data"),
          inQuery("limit", "Recordings of a page", {
            type: "integer",
            minimum: 1,
            maximum: PAGE_MAX,
            default: PAGE_DEFAULT,
          }),
          inQuery("cursor", "`next` of the page before, with the same other parameters"),
        ],
        responses: {
          "200": json("A page", "RecordingPage"),
          "400": problem("A parameter is unknown or wrong; `detail` names it."),
          ...always,
          ...noIndex,
        },
      },
    },
    "/api/v1/recordings/{id}": {
      get: {
        operationId: "getRecording",
        summary: "One recording, its files compared with their hashes",
        parameters: [id],
        responses: {
          "200": json("The recording", "RecordingWithIntegrity"),
          "404": problem("There is no such recording."),
          ...always,
          ...noIndex,
        },
      },
    },
    "/api/v1/recordings/{id}/audio": { get: audio("get"), head: audio("head") },
    "/api/v1/recordings/{id}/peaks": {
      get: {
        operationId: "getPeaks",
        summary: "What a waveform is drawn from, and when somebody speaks; also while it is being recorded",
        parameters: [
          id,
          inQuery("from-ms", "Beginning of the part", { type: "integer", minimum: 0, default: 0 }),
          inQuery("to-ms", "Its end; without it, that of the recording", { type: "integer", minimum: 1 }),
          inQuery("points", "Points at most; there is one for each 20 ms at the finest", {
            type: "integer",
            minimum: 1,
            maximum: PEAK_POINTS_MAX,
            default: PEAK_POINTS_DEFAULT,
          }),
        ],
        responses: {
          "200": json("The peaks", "Peaks"),
          "400": problem("A parameter is wrong; `detail` names it."),
          "404": problem("There is no such recording, or its audio is gone."),
          ...always,
          ...noIndex,
        },
      },
    },
    "/api/v1/reconciliation": {
      get: {
        operationId: "reconcile",
        summary: "What should have been recorded, by the ledgers of SIP Server, and what is there (R34), newest first",
        parameters: [
          inQuery("from", "Expected at or after this time", { type: "string", format: "date-time" }),
          inQuery("to", "Expected before this time", { type: "string", format: "date-time" }),
          inQuery("verdict", "Only these; numbers are of all", { enum: verdicts }),
          inQuery("dn", "Of this DN"),
          inQuery("call-uuid", "Of this call"),
          inQuery("limit", "Parties of a page", {
            type: "integer",
            minimum: 1,
            maximum: PAGE_MAX,
            default: PAGE_DEFAULT,
          }),
          inQuery("cursor", "`next` of the page before, with the same other parameters"),
        ],
        responses: {
          "200": json("A page", "Reconciliation"),
          "400": problem("A parameter is unknown or wrong; `detail` names it."),
          ...always,
        },
      },
    },
    "/api/v1/storage": {
      get: {
        operationId: "getStorage",
        summary: "Room on the disk of the recordings, and what is wrong with it",
        responses: { "200": json("The storage now", "Storage"), ...always },
      },
    },
    "/api/v1/openapi.json": {
      get: {
        operationId: "getOpenApi",
        summary: "This document",
        responses: {
          "200": { description: "OpenAPI 3.1", content: { "application/json": { schema: { type: "object" } } } },
          ...always,
        },
      },
    },
  },
  components: {
    schemas,
    securitySchemes: {
      token: { type: "http", scheme: "bearer", description: "`api-token` of the recorder, where it has one" },
    },
  },
};
