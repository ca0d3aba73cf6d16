import { join } from "node:path";
import { type Clock, SidetoneError } from "@sidetone/foundation";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, problem, sendProblem } from "@sidetone/http";
import { SegmentHashes, openWav, verifyFolder } from "@sidetone/recording-file";
import { fitsScope } from "../index/dn-scope.ts";
import type { RecordingDocument, RecordingIndex, RecordingQuery, RecordingRow } from "../index/recording-row.ts";
import { PAGE_MAX, SUGGESTIONS } from "../limits.ts";
import { addLiveAudio, type LiveAudioParts } from "../listening/live-audio.ts";
import type { PeakThread } from "../peaks/peak-thread.ts";
import { readRow } from "../store/recording-files.ts";
import { readRange } from "./byte-range.ts";
import { openApi } from "./openapi.ts";
import { recordingFinder, scopeOf } from "./found-recording.ts";
import { readPeaksQuery } from "./peaks-query.ts";
import { positions } from "./positions.ts";
import { formatCursor, readPositions, readSearch, readSuggestion, type SearchMistake } from "./search-query.ts";

/** Adds `/api/v1/recordings` and what is below it. */
export function addRecordingsApi(
  app: FastifyInstance,
  o: { index: RecordingIndex; root: string; clock: Clock; live: LiveAudioParts; peaks: PeakThread },
): void {
  const { index, root, clock, peaks } = o;
  const hashes = new SegmentHashes();
  const found = recordingFinder(index);
  const verified = ({ folder }: RecordingRow): ReturnType<typeof verifyFolder> =>
    verifyFolder(join(root, folder), hashes).catch(gone);
  /** What runs is read from its files: they know more than the index. */
  const current = async ({ document, folder }: RecordingRow): Promise<RecordingDocument> => {
    const live = document.state === "recording" ? (await readRow(root, folder))?.document : undefined;
    if (live === undefined || document.sources === undefined) return live ?? document;
    return { ...live, id: document.id, sources: document.sources };
  };

  app.get("/api/v1/openapi.json", async () => openApi);

  app.get("/api/v1/recordings", async (request, reply) => {
    const query = readSearch(request.query as Record<string, unknown>);
    if (!query.ok) return refused(reply, query.error);
    const { rows, more } = await index.search(scoped(query.value, request));
    const recordings = await Promise.all(rows.map(current));
    const last = rows.at(-1);
    const next =
      more && last !== undefined ? formatCursor({ startMicros: last.startMicros, id: last.document.id }) : undefined;
    return reply.send({ recordings, ...(next === undefined ? {} : { next }) });
  });

  app.get("/api/v1/recordings/positions", async (request, reply) => {
    const read = readPositions(request.query as Record<string, unknown>);
    if (!read.ok) return refused(reply, read.error);
    return reply.send(await positions(index, clock, scoped(read.value.query, request), read.value.every));
  });

  app.get("/api/v1/recordings/suggestions", async (request, reply) => {
    const read = readSuggestion(request.query as Record<string, unknown>);
    if (!read.ok) return refused(reply, read.error);
    const { field, prefix } = read.value;
    const scope = scopeOf(request);
    // What others than their own DNs' calls have is not told to who may not see them.
    if (scope !== undefined && field !== "dn") return reply.send({ values: [] });
    const values = await index.valuesOf(field, prefix, scope === undefined ? SUGGESTIONS : PAGE_MAX);
    const seen = values.filter((value) => scope === undefined || fitsScope(value, scope));
    return reply.send({ values: seen.slice(0, SUGGESTIONS) });
  });

  app.get("/api/v1/recordings/:id", async (request: FastifyRequest<{ Params: { id: string } }>, reply) => {
    const row = await found(request);
    const { integrity: wanted } = request.query as { readonly integrity?: unknown };
    // Two hours of audio take a while to be compared: who is in a hurry asks for that apart.
    if (wanted === "false") return reply.send(await current(row));
    const [document, integrity] = await Promise.all([current(row), verified(row)]);
    return reply.send({ ...document, integrity });
  });

  app.get("/api/v1/recordings/:id/integrity", async (request: FastifyRequest<{ Params: { id: string } }>, reply) =>
    reply.send(await verified(await found(request))),
  );

  addLiveAudio(app, o.live, found);

  app.route({
    method: ["GET", "HEAD"],
    url: "/api/v1/recordings/:id/audio",
    handler: async (request: FastifyRequest<{ Params: { id: string } }>, reply) =>
      audio(root, await found(request), request, reply),
  });

  app.get("/api/v1/recordings/:id/peaks", async (request: FastifyRequest<{ Params: { id: string } }>, reply) => {
    const { folder, document } = await found(request);
    const asked = readPeaksQuery(request.query as Record<string, unknown>);
    if (!asked.ok) return sendProblem(reply, problem(400, "bad-parameter", asked.error.detail, asked.error.remedy));
    const view = await peaks.ask(folder, document.state === "recording", asked.value);
    return reply.header("cache-control", "no-store").send(view);
  });
}

function refused(reply: FastifyReply, { detail, remedy }: SearchMistake): FastifyReply {
  return sendProblem(reply, problem(400, "bad-parameter", detail, remedy));
}

function scoped(query: RecordingQuery, request: FastifyRequest): RecordingQuery {
  const scope = scopeOf(request);
  return scope === undefined ? query : { ...query, scope };
}

function gone(): { verdict: "damaged"; problems: string[] } {
  return { verdict: "damaged", problems: ["the folder of this recording is gone"] };
}

async function audio(
  root: string,
  row: RecordingRow,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const wav = await openWav(join(root, row.folder)).catch((error: unknown) => {
    throw new SidetoneError("audio-gone", "The audio of this recording is not there.", { http: 404, cause: error });
  });
  const live = row.document.state === "recording";
  const tag = `"${wav.codec}-${wav.frames}"`;
  void reply
    .type("audio/wav")
    .header("accept-ranges", "bytes")
    .header("content-disposition", disposition(`${row.document.fileName}.wav`))
    .header("x-content-type-options", "nosniff")
    .header("cache-control", live ? "no-store" : "private, max-age=0, must-revalidate");
  if (!live) void reply.header("etag", tag);
  const condition = request.headers["if-range"];
  const wanted = condition === undefined || condition === tag ? request.headers.range : undefined;
  const range = readRange(wanted, wav.size);
  if (range.kind === "unsatisfiable") {
    void reply.header("content-range", `bytes */${wav.size}`).removeHeader("content-disposition");
    return sendProblem(reply, problem(416, "range-not-satisfiable", `The file has ${wav.size} bytes.`));
  }
  const [start, end] = range.kind === "part" ? [range.start, range.end] : [0, wav.size - 1];
  if (range.kind === "part") void reply.code(206).header("content-range", `bytes ${start}-${end}/${wav.size}`);
  void reply.header("content-length", end - start + 1);
  return request.method === "HEAD" ? reply.send() : reply.send(wav.stream(start, end));
}

/** RFC 6266: a plain name for everyone, and the exact one where it has other characters. */
function disposition(name: string): string {
  const plain = Array.from(name, (c) => (c >= " " && c <= "~" && c !== '"' && c !== "\\" && c !== "/" ? c : "_")).join(
    "",
  );
  return plain === name
    ? `attachment; filename="${plain}"`
    : `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name.toWellFormed())}`;
}
