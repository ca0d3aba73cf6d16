import { searchKeys } from "../index/recording-row.ts";
import {
  BLOCK_DEFAULT,
  MAX_QUERY_VALUE,
  PAGE_DEFAULT,
  PAGE_MAX,
  PEAK_POINTS_DEFAULT,
  PEAK_POINTS_MAX,
} from "../limits.ts";
import { verdicts } from "../reconciliation/judge.ts";
import { groupings } from "../reconciliation/reconciliation-store.ts";
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
/** Which page of a list, and how long. */
const pageOf = (what: string): readonly Part[] => [
  inQuery("limit", `${what} of a page`, { type: "integer", minimum: 1, maximum: PAGE_MAX, default: PAGE_DEFAULT }),
  inQuery("cursor", "`next` of the page before, with the same other parameters"),
];
const id: Part = { name: "id", in: "path", required: true, schema: { type: "string" } };
const always = { "401": problem("The token is missing or wrong."), "421": problem("A foreign name of this host.") };
const noIndex = { "503": problem("The index cannot be asked now; recording goes on.") };

const partyFilters = [
  inQuery("from", "Expected at or after this time", { type: "string", format: "date-time" }),
  inQuery("to", "Expected before this time", { type: "string", format: "date-time" }),
  inQuery("verdict", `Only these, several with commas: ${verdicts.join(", ")}; numbers of a list are of all`),
  inQuery("dn", "Of this DN"),
  inQuery("reason", "With this reason, as `reasons` of the list has it"),
  inQuery("site", "Of this site"),
  inQuery("call-uuid", "Of this call"),
];

const exact: Readonly<Record<(typeof searchKeys)[number], string>> = {
  dn: "A DN of either side",
  ani: "The caller's number",
  dnis: "The number that was called",
  agent: "The agent's id",
  "conn-id": "ConnID of a call",
  "call-uuid": "CallUUID of a call",
};

/** What a search is narrowed by. */
const conditions: readonly Part[] = [
  inQuery("from", "Began at or after this time", { type: "string", format: "date-time" }),
  inQuery("to", "Began before this time", { type: "string", format: "date-time" }),
  inQuery("min-duration-ms", "At least this long", { type: "integer", minimum: 0 }),
  inQuery("max-duration-ms", "At most this long", { type: "integer", minimum: 0 }),
  ...searchKeys.map((name) => inQuery(name, exact[name])),
  inQuery("id", "The recording's id"),
  inQuery("state", "What became of it", { enum: ["recording", "complete", "partial", "failed"] }),
  inQuery("q", "Stands anywhere in ids, file name, numbers, names, values of parameters and user data"),
];
const scope: Part = {
  name: "x-sidetone-dns",
  in: "header",
  description:
    "DNs, separated by commas, `*` stands for any characters: recordings of which none of them is a party are not there. For those who ask on behalf of others.",
  schema: { type: "string" },
};

const audio = (method: "get" | "head"): Part => ({
  operationId: `${method}Audio`,
  summary: "The audio, stereo: customer left, agent right; also while it is being recorded",
  parameters: [
    id,
    scope,
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
        parameters: [...conditions, ...pageOf("Recordings"), scope],
        responses: {
          "200": json("A page", "RecordingPage"),
          "400": problem("A parameter is unknown or wrong; `detail` names it."),
          ...always,
          ...noIndex,
        },
      },
    },
    "/api/v1/recordings/positions": {
      get: {
        operationId: "countRecordings",
        summary: "How many recordings a search finds, and cursors from which any position of them is near",
        description:
          "Counts for a moment and answers with what it has: where there is `next`, ask again with it as `cursor`. The parameters are those of the search.",
        parameters: [
          ...conditions,
          inQuery("every", "Hits of a block", {
            type: "integer",
            minimum: 1,
            maximum: PAGE_MAX,
            default: BLOCK_DEFAULT,
          }),
          inQuery("cursor", "`next` of the part before, or of a page, with the same other parameters"),
          scope,
        ],
        responses: {
          "200": json("A part of the hits, from the cursor on", "Positions"),
          "400": problem("A parameter is unknown or wrong; `detail` names it."),
          ...always,
          ...noIndex,
        },
      },
    },
    "/api/v1/recordings/suggestions": {
      get: {
        operationId: "suggestValues",
        summary: "Values that recordings have and that begin so, in lower case",
        parameters: [
          inQuery("field", "One of the exact values of the search, such as `dn` or `param.NAME`"),
          inQuery("prefix", "What they begin with"),
          scope,
        ],
        responses: {
          "200": json("Some of them, in their order", "Suggestions"),
          "400": problem("A parameter is wrong; `detail` names it."),
          ...always,
          ...noIndex,
        },
      },
    },
    "/api/v1/recordings/{id}": {
      get: {
        operationId: "getRecording",
        summary: "One recording, its files compared with their hashes",
        parameters: [
          id,
          inQuery("integrity", "`false`: without the comparison, at once", { enum: ["true", "false"] }),
          scope,
        ],
        responses: {
          "200": json("The recording", "RecordingWithIntegrity"),
          "404": problem("There is no such recording."),
          ...always,
          ...noIndex,
        },
      },
    },
    "/api/v1/recordings/{id}/integrity": {
      get: {
        operationId: "getIntegrity",
        summary: "Its files compared with their hashes",
        parameters: [id, scope],
        responses: {
          "200": json("What came of it", "Integrity"),
          "404": problem("There is no such recording."),
          ...always,
          ...noIndex,
        },
      },
    },
    "/api/v1/recordings/{id}/audio": { get: audio("get"), head: audio("head") },
    "/api/v1/recordings/{id}/live": {
      get: {
        operationId: "listenLive",
        summary: "The audio as it is recorded, from now to the recording's end; silence while it is paused",
        description:
          "Blocks: a head of two 16-bit numbers, little-endian (frames of the block; ms since its end was said), then the frames, each a 16-bit little-endian sample of the customer and one of the agent, 8000 a second.",
        parameters: [id],
        responses: {
          "200": { description: "Blocks, until the recording ends", content: { "application/octet-stream": {} } },
          "404": problem("There is no such recording, or it is not being made."),
          ...always,
          "503": problem("The index cannot be asked now, or too many listen."),
        },
      },
    },
    "/api/v1/alarms": {
      get: {
        operationId: "getAlarms",
        summary: "What is wrong now: streams that bring no RTP, the storage; and how much is recorded",
        responses: { "200": json("Now", "Alarms"), ...always },
      },
    },
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
        parameters: [...partyFilters, ...pageOf("Parties")],
        responses: {
          "200": json("A page", "Reconciliation"),
          "400": problem("A parameter is unknown or wrong; `detail` names it."),
          ...always,
        },
      },
    },
    "/api/v1/reconciliation/summary": {
      get: {
        operationId: "summarizeReconciliation",
        summary:
          "The share that is recorded by day, site or DN; a site is the `geo-location` of a SIP Server, or its address",
        parameters: [
          ...partyFilters,
          inQuery("by", "What the numbers are grouped by", { enum: groupings, default: "day" }),
          inQuery("tz", "Zone whose days are meant", { ...value, default: "UTC" }),
        ],
        responses: {
          "200": json("Days in their order; others with those first that have most that is not whole", "Summary"),
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
