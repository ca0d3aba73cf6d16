import fc from "fast-check";
import {
  type AuditedDialog,
  type AuditedStream,
  type AuditResult,
  auditedPrimitives,
  type Collect,
  confStates,
  connStates,
  type DialogAction,
  type DialogRecord,
  type DialogStep,
  type DtmfGen,
  FOREVER,
  type Gain,
  type Group,
  type MediaFormat,
  type MediaStream,
  type MsmlDocument,
  type MsmlOperation,
  type Pattern,
  type Play,
  type PlayMedia,
  type Primitive,
  type RecorderCommand,
  recorderStates,
  type Repeated,
  responseCodes,
  type ResponseCode,
  type ToneGen,
  type TonePart,
  variableTypes,
} from "./index.ts";

/** Any documents of MSML, as their types allow them and the RFC too. */

const name = fc.stringMatching(/^[a-zA-Z0-9.:_-]{1,12}$/);
const momlName = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,8}$/);
const conn = name.map((tag) => `conn:${tag}` as const);
const conf = name.map((tag) => `conf:${tag}` as const);
const object = fc.oneof(conn, conf);
const wild = fc.constantFrom("conn:*" as const, "conf:*" as const);
const dialogId = fc.tuple(object, name).map(([root, of]) => `${root}/dialog:${of}` as const);
/** Text of an element is read without white space at its ends. */
const text = fc.string({ unit: "grapheme", maxLength: 12 }).map((s) => s.replaceAll(/[^\P{C}]/gu, "").trim());
const uri = fc.stringMatching(/^(?:file:\/\/\/|sip:|http:\/\/host\/)[a-z0-9.]{1,12}$/);
const ms = fc.integer({ min: 0, max: 100_000 });
const some = fc.integer({ min: 10, max: 100_000 });
const tens = fc.integer({ min: 1, max: 1000 }).map((n) => n * 10);
const times = fc.oneof(fc.constant(1), fc.constant(FOREVER), fc.integer({ min: 2, max: 1000 }));
const names = fc.array(momlName, { maxLength: 3 });

/** Objects with the prototype that read ones have. */
function plain<T>(value: T): T {
  return structuredClone(value);
}

/** A record whose `optional` members may be absent. */
function record<T extends object, O extends object>(
  required: { [K in keyof T]: fc.Arbitrary<T[K]> },
  optional: { [K in keyof O]: fc.Arbitrary<O[K]> },
): fc.Arbitrary<T & Partial<O>> {
  return fc
    .tuple(fc.record(required), fc.record(optional, { requiredKeys: [] }))
    .map(([a, b]) => ({ ...a, ...b }) as T & Partial<O>);
}

const amount = fc.integer({ min: -96, max: 96 }).map((db): Gain => ({ kind: "fixed", db }));
const agc = fc
  .record({ targetDb: fc.integer({ min: -40, max: 0 }), maxGainDb: fc.integer({ min: 0, max: 40 }) })
  .map((levels): Gain => ({ kind: "agc", ...levels }));
const gain = fc.oneof(amount, agc, fc.constantFrom<Gain>({ kind: "mute" }, { kind: "agc-off" }));
const clamp = fc.record({ dtmf: fc.boolean(), tone: fc.boolean() });

const stream: fc.Arbitrary<MediaStream> = record(
  { media: fc.constantFrom("audio", "video") },
  { dir: fc.constantFrom("from-id1", "to-id1"), compressed: fc.boolean(), gain, clamp },
);
const plainStream: fc.Arbitrary<MediaStream> = record(
  { media: fc.constant("audio") },
  { dir: fc.constantFrom("from-id1", "to-id1") },
);
const streams = fc.array(stream, { maxLength: 4 });

const mixer = record(
  {},
  {
    id: name,
    sampleRate: fc.integer({ min: 1, max: 48_000 }),
    nLoudest: fc.integer({ min: 1, max: 100 }),
    asn: fc.record({ intervalMs: ms, thresholdDb: fc.integer({ min: -96, max: 0 }) }),
  },
);

const action = fc.oneof(
  fc.record({ kind: fc.constant("send" as const), event: momlName, target: momlName, names }),
) satisfies fc.Arbitrary<DialogAction>;
const ending = fc.record({ kind: fc.constantFrom("exit" as const, "disconnect" as const), names });
/** Sends, then perhaps an end. */
const actions: fc.Arbitrary<DialogAction[]> = fc
  .tuple(fc.array(action, { maxLength: 2 }), fc.option(ending, { nil: undefined }))
  .map(([sends, end]) => (end === undefined ? sends : [...sends, end]));

const format: fc.Arbitrary<MediaFormat> = record(
  {
    fileType: fc.stringMatching(/^[a-z0-9]{1,6}$/),
    codecs: fc.array(fc.stringMatching(/^[a-z0-9]{1,6}$/), { maxLength: 2 }),
  },
  { sampleRate: fc.constantFrom(8000, 11_025, 16_000), sampleSize: fc.constantFrom(8, 16) },
);
const language = fc.constantFrom("en", "it");
const clip: fc.Arbitrary<PlayMedia> = record({ kind: fc.constant("audio"), uri, iterate: times }, { format, language });
const variable: fc.Arbitrary<PlayMedia> = record(
  { kind: fc.constant("var"), type: fc.constantFrom(...variableTypes), value: text },
  { subtype: momlName, language },
);
const playParts = {
  kind: fc.constant("play" as const),
  iterate: times,
  intervalMs: ms,
  initial: fc.constantFrom("generate" as const, "suspend" as const),
  barge: fc.boolean(),
  clearDigits: fc.boolean(),
  skipMs: ms,
  capture: fc.boolean(),
  onExit: actions,
};
const play: fc.Arbitrary<Play> = fc.oneof(
  record(
    { ...playParts, media: fc.array(fc.oneof(clip, variable), { minLength: 1, maxLength: 3 }) },
    { id: momlName, maxTimeMs: ms, language },
  ),
  record(
    { ...playParts, media: fc.array(clip, { minLength: 1, maxLength: 3 }) },
    { id: momlName, offsetMs: fc.integer({ min: -1000, max: 100_000 }) },
  ),
);
const dtmfgen: fc.Arbitrary<DtmfGen> = record(
  {
    kind: fc.constant("dtmfgen"),
    digits: fc.stringMatching(/^[0-9A-D#*]{1,8}$/),
    levelDb: fc.integer({ min: -96, max: 0 }),
    durationMs: some,
    intervalMs: ms,
    onExit: actions,
  },
  { id: momlName },
);
const sine = fc.record({ frequency: fc.integer({ min: 0, max: 3999 }), levelDb: fc.integer({ min: -96, max: 0 }) });
const tonePart: fc.Arbitrary<TonePart> = fc.oneof(
  fc.record({
    kind: fc.constant("tone" as const),
    sines: fc.array(sine, { minLength: 1, maxLength: 2 }),
    durationMs: fc.oneof(tens, fc.constant(0)),
    iterate: times,
    silenceMs: fc.oneof(tens, fc.constant(0)),
  }),
  fc.record({ kind: fc.constant("silence" as const), durationMs: tens }),
);
const tonegen: fc.Arbitrary<ToneGen> = record(
  {
    kind: fc.constant("tonegen"),
    parts: fc.array(tonePart, { minLength: 1, maxLength: 3 }),
    iterate: times,
    onExit: actions,
  },
  { id: momlName },
);
const recording: fc.Arbitrary<DialogRecord> = record(
  {
    kind: fc.constant("record"),
    append: fc.boolean(),
    format,
    initial: fc.constantFrom("create", "suspend"),
    maxTimeMs: some,
    preSpeechMs: ms,
    postSpeechMs: ms,
    before: fc.array(fc.oneof(play, tonegen), { maxLength: 2 }),
    onExit: actions,
  },
  { id: momlName, dest: uri, audioDest: uri, termKey: fc.constantFrom("#", "5", "A") },
);
const repeated: fc.Arbitrary<Repeated> = fc.record({ iterate: times, actions });
const pattern: fc.Arbitrary<Pattern> = fc
  .tuple(
    repeated,
    fc.constantFrom(
      { digits: "xxxx#", format: "moml+digits" as const },
      { digits: "min=1;max=4;rtk=#", format: "moml+digits" as const },
      { digits: "(0T|[1-7]xxx|9011x.T)", format: "mgcp" as const },
      { digits: "T:16,S:4,(1xxx|2ZxS5)", format: "megaco" as const },
    ),
  )
  .map(([parts, digits]) => ({ ...digits, ...parts }));
const collect: fc.Arbitrary<Collect> = record(
  {
    kind: fc.constant("collect"),
    clearDigits: fc.boolean(),
    firstDigitMs: ms,
    interDigitMs: ms,
    extraDigitMs: ms,
    startTimer: fc.boolean(),
    iterate: times,
    longDigitMs: fc.constantFrom(0, 100, 2500),
    patterns: fc.array(pattern, { minLength: 1, maxLength: 3 }),
    onDetect: actions,
    onExit: actions,
  },
  { id: momlName, play, onNoInput: repeated, onNoMatch: repeated },
);
const primitive: fc.Arbitrary<Primitive> = fc.oneof(play, dtmfgen, tonegen, recording, collect);
const oneDimensional = fc.constantFrom("parallel" as const, "serial" as const);
const innerGroup: fc.Arbitrary<Group> = fc.record({
  kind: fc.constant("group" as const),
  id: momlName,
  topology: oneDimensional,
  members: fc.array(primitive, { minLength: 1, maxLength: 2 }),
  onExit: actions,
});
const member = fc.oneof({ weight: 3, arbitrary: primitive }, { weight: 1, arbitrary: innerGroup });
const group: fc.Arbitrary<Group> = fc.oneof(
  record(
    {
      kind: fc.constant("group"),
      topology: oneDimensional,
      members: fc.array(member, { minLength: 1, maxLength: 3 }),
      onExit: actions,
    },
    { id: momlName },
  ),
  fc.record({
    kind: fc.constant("group" as const),
    topology: fc.constant("fullduplex" as const),
    members: fc.array(member, { minLength: 2, maxLength: 2 }),
    onExit: actions,
  }),
);

/** A dialog's steps. */
export const script: fc.Arbitrary<DialogStep[]> = fc
  .tuple(fc.array(fc.oneof(primitive, group, action), { maxLength: 3 }), fc.option(ending, { nil: undefined }))
  .map(([steps, end]): DialogStep[] => (end === undefined ? steps : [...steps, end]))
  .filter((steps) => steps.length > 0)
  .map(plain);

const recorder: fc.Arbitrary<RecorderCommand> = fc
  .tuple(
    fc.constantFrom(...recorderStates),
    record(
      {
        params: fc
          .dictionary(
            text.filter((s) => s !== ""),
            text,
            { maxKeys: 3 },
          )
          .map((d) => new Map(Object.entries(d))),
        userParams: fc.constant(new Map([["a", "b"]])),
        streams: fc.array(
          record(
            { label: name, side: fc.constantFrom("customer" as const, "agent" as const), conn },
            { aor: text, dn: text, name: text },
          ),
          { maxLength: 2 },
        ),
      },
      { epoch: fc.nat() },
    ),
    fc.option(fc.nat({ max: 60_000 }), { nil: undefined }),
    fc.option(
      fc.oneof(
        fc.constant("off" as const),
        record(
          {
            everyMs: fc.integer({ min: 1000, max: 60_000 }),
            durationMs: fc.integer({ min: 10, max: 900 }),
            frequencyHz: fc.integer({ min: 1, max: 3999 }),
            sides: fc.constantFrom<("customer" | "agent")[][]>(["customer"], ["agent"], ["customer", "agent"]),
            recorded: fc.boolean(),
          },
          { file: uri },
        ),
      ),
      { nil: undefined },
    ),
  )
  .map(([state, parts, backfillMs, alertTone]): RecorderCommand => {
    const backfilled = backfillMs !== undefined && (state === "start" || state === "resume");
    const toned = alertTone !== undefined && (state === "start" || state === "update");
    return { state, ...parts, ...(backfilled ? { backfillMs } : {}), ...(toned ? { alertTone } : {}) };
  });

const sendTarget = fc.oneof(
  fc.record({ root: object }),
  fc.record({ root: object, dialog: name }),
  fc.record({ root: object, dialog: name, primitive: momlName }),
);
const pair = fc.oneof(
  fc.record({ id1: object, id2: object }),
  fc.record({ id1: wild, id2: object }),
  fc.record({ id1: object, id2: wild }),
);

/** `statelist` in the order of the RFC. */
const audit = fc.oneof(
  fc.tuple(fc.oneof(conf, fc.constant("conf:*" as const)), fc.subarray([...confStates])),
  fc.tuple(fc.oneof(conn, fc.constant("conn:*" as const)), fc.subarray([...connStates])),
);

const unmarked: fc.Arbitrary<MsmlOperation> = fc.oneof(
  fc.record({ op: fc.constant("send" as const), event: momlName, target: sendTarget, values: names }),
  record(
    {
      op: fc.constant("createconference" as const),
      deleteWhen: fc.constantFrom("nomedia" as const, "nocontrol" as const, "never" as const),
      term: fc.boolean(),
    },
    {
      name,
      audiomix: mixer,
      reserve: fc.record({
        required: fc.boolean(),
        resources: fc.array(
          fc.record({
            n: fc.integer({ min: 1, max: 1000 }),
            type: fc.constantFrom("individual" as const, "shared" as const),
            elements: fc.subarray(["play", "record"]),
          }),
          { minLength: 1, maxLength: 2 },
        ),
      }),
    },
  ),
  record({ op: fc.constant("modifyconference" as const), id: conf, audiomix: mixer }, { recorder }),
  record({ op: fc.constant("destroyconference" as const), id: conf }, { audiomix: record({}, { id: name }) }),
  fc.record({ op: fc.constant("join" as const), id1: object, id2: object, streams }),
  pair.chain((ids) =>
    fc.record({
      op: fc.constant("modifystream" as const),
      id1: fc.constant(ids.id1),
      id2: fc.constant(ids.id2),
      streams: fc.array(stream, { minLength: 1, maxLength: 4 }),
    }),
  ),
  pair.chain((ids) =>
    fc.record({
      op: fc.constant("unjoin" as const),
      id1: fc.constant(ids.id1),
      id2: fc.constant(ids.id2),
      streams: fc.array(plainStream, { maxLength: 4 }),
    }),
  ),
  fc.record({ op: fc.constant("monitor" as const), id1: conn, id2: object, compressed: fc.boolean() }),
  record(
    {
      op: fc.constant("dialogstart" as const),
      target: object,
      content: fc.oneof(
        fc.record({ kind: fc.constant("inline" as const), script }),
        fc.record({ kind: fc.constant("external" as const), src: uri }),
      ),
    },
    { name },
  ),
  fc.record({
    op: fc.constant("dialogend" as const),
    id: dialogId,
  }),
  audit.map(([query, states]): MsmlOperation => ({ op: "audit", query, states })),
);
const operation = fc
  .tuple(unmarked, fc.option(name, { nil: undefined }))
  .map(([op, mark]): MsmlOperation => (mark === undefined ? op : { ...op, mark }));

const auditedStream: fc.Arbitrary<AuditedStream> = record(
  { joinWith: object, media: fc.constantFrom("audio", "video"), dir: fc.constantFrom("from", "to") },
  { compressed: fc.boolean(), preferred: fc.boolean(), gain, clamp },
);
const auditedDialog: fc.Arbitrary<AuditedDialog> = record(
  { name },
  { src: uri, duration: fc.nat(), primitive: fc.constantFrom(...auditedPrimitives), controller: conn },
);
const auditedParts = {
  dialogs: fc.array(auditedDialog, { minLength: 1, maxLength: 2 }),
  streams: fc.array(auditedStream, { minLength: 1, maxLength: 2 }),
};
const sdp = fc.constant("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-");
const auditResult: fc.Arbitrary<AuditResult> = fc.oneof(
  record(
    { target: conf },
    {
      ...auditedParts,
      config: record(
        {},
        { deleteWhen: fc.constantFrom("nomedia", "never"), term: fc.boolean(), audiomix: mixer, controller: conn },
      ),
    },
  ) as fc.Arbitrary<AuditResult>,
  record(
    { target: conn },
    {
      ...auditedParts,
      localSdp: sdp,
      remoteSdp: sdp,
      sipDialog: record(
        { callId: uri, localTag: name, remoteTag: name },
        {
          localSeq: fc.nat(),
          remoteSeq: fc.nat(),
          localUri: uri,
          remoteUri: uri,
          remoteTarget: uri,
          routeSet: fc.array(uri, { minLength: 1, maxLength: 2 }),
        },
      ),
    },
  ) as fc.Arbitrary<AuditResult>,
);
const response = fc.constantFrom(...Object.keys(responseCodes).map((code) => Number(code) as ResponseCode));
const result = record(
  {
    response,
    confIds: fc.array(conf, { maxLength: 2 }),
    dialogIds: fc.array(dialogId, { maxLength: 2 }),
    recorderIds: fc.array(name, { maxLength: 2 }),
  },
  { mark: name, description: text, audits: fc.array(auditResult, { minLength: 1, maxLength: 3 }) },
);
const event = fc.record({
  name,
  id: object,
  values: fc.array(
    fc.tuple(
      text.filter((s) => s !== ""),
      text,
    ),
    { maxLength: 3 },
  ),
});

/** Any document. */
export const anyDocument: fc.Arbitrary<MsmlDocument> = fc
  .oneof(
    fc.array(operation, { minLength: 1, maxLength: 4 }).map((operations) => ({ kind: "request" as const, operations })),
    result.map((of) => ({ kind: "result" as const, result: of })),
    event.map((of) => ({ kind: "event" as const, event: of })),
  )
  .map(plain);
