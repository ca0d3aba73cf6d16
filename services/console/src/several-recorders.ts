import type { IncomingMessage } from "node:http";
import { errorText, type Logger } from "@sidetone/foundation";
import { maxListBytes, maxSuggestions, pageDefault, upstreamTimeoutMs } from "./limits.ts";
import { entryOf, inOrder, type Located, mergedPage, type RecordingAnswer } from "./recording-parts.ts";
import type { Upstream } from "./upstream.ts";

/** What recorders are asked with. */
export interface RecorderQuestion {
  readonly upstream: Upstream;
  readonly log: Logger;
  readonly headers: Readonly<Record<string, string>>;
  readonly recorders: readonly string[];
}

/** What is to be answered: JSON, or one recorder's own answer to a path. */
export type RecorderVerdict =
  | { readonly status: number; readonly body: unknown }
  | { readonly recorder: string; readonly path: string };

/**
 * Where several recorders run: lists are one list, and a recording that went on at another recorder (R31) is one entry with its
 * parts; `?part=` chooses the audio and its peaks. Undefined for every other path: any recorder that knows it answers.
 */
export async function acrossRecorders(url: string, o: RecorderQuestion): Promise<RecorderVerdict | undefined> {
  const { pathname, searchParams } = new URL(url, "http://console");
  const [, , , word, id, what, more] = pathname.split("/");
  if (word !== "recordings" || more !== undefined) return undefined;
  if (id === undefined || id === "") return list(url, searchParams, o);
  if (what === undefined && id === "positions") return positions(url, searchParams, o);
  if (what === undefined && id === "suggestions") return suggestions(url, o);
  if (what !== undefined && what !== "audio" && what !== "peaks") return undefined;
  const found = inOrder(await locate(decodeURIComponent(id), o));
  if (found.length < 2) return undefined;
  if (what === undefined) return { status: 200, body: entryOf(found) };
  const part = found[Number(searchParams.get("part") ?? "1") - 1];
  searchParams.delete("part");
  const query = searchParams.size === 0 ? "" : `?${searchParams.toString()}`;
  return part === undefined ? undefined : { recorder: part.recorder, path: pathname + query };
}

async function list(url: string, parameters: URLSearchParams, o: RecorderQuestion): Promise<RecorderVerdict> {
  const answers = await Promise.all(o.recorders.map((recorder) => askRecorder(recorder, url, o)));
  const refused = answers.find((answer) => answer !== undefined && answer.status !== 200);
  if (refused !== undefined) return { status: refused.status, body: refused.body };
  const there = answers.filter((answer) => answer !== undefined);
  const pages = there.map(({ recorder, body }) => {
    const { recordings, next } = body as { recordings?: RecordingAnswer[]; next?: string };
    return { recorder, recordings: recordings ?? [], more: next !== undefined };
  });
  const missing = o.recorders.filter((recorder) => !there.some((answer) => answer.recorder === recorder));
  const page = mergedPage(pages, Number(parameters.get("limit") ?? pageDefault));
  // Who reads a list is to know that it is not all.
  return { status: 200, body: missing.length === 0 ? page : { ...page, unreachable: missing } };
}

/**
 * Numbers of hits add up: `next` carries where each recorder goes on. A block of one recorder is none of the merged list, so there are
 * none; and a recording with parts at several recorders is counted at each: `approximate`.
 */
async function positions(url: string, parameters: URLSearchParams, o: RecorderQuestion): Promise<RecorderVerdict> {
  const cursor = parameters.get("cursor") ?? "";
  const places = readPlaces(cursor);
  const asked = o.recorders.filter((recorder) => places === undefined || places.has(recorder));
  const answers = await Promise.all(
    asked.map((recorder) => {
      const own = new URL(url, "http://console");
      const place = places?.get(recorder) ?? (places === undefined ? cursor : "");
      if (place === "") own.searchParams.delete("cursor");
      else own.searchParams.set("cursor", place);
      return askRecorder(recorder, own.pathname + own.search, o);
    }),
  );
  const refused = answers.find((answer) => answer !== undefined && answer.status !== 200);
  if (refused !== undefined) return { status: refused.status, body: refused.body };
  let counted = 0;
  const next: [string, string][] = [];
  for (const answer of answers) {
    const part = answer?.body as { counted?: number; next?: string } | undefined;
    counted += part?.counted ?? 0;
    if (answer !== undefined && part?.next !== undefined) next.push([answer.recorder, part.next]);
  }
  const more = next.length === 0 ? {} : { next: Buffer.from(JSON.stringify(next)).toString("base64url") };
  return { status: 200, body: { counted, blocks: [], approximate: true, ...more } };
}

/** The cursors of a `next` of ours; undefined where it is a plain cursor or none. */
function readPlaces(cursor: string): ReadonlyMap<string, string> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    const isPlace = (one: unknown): one is [string, string] =>
      Array.isArray(one) && one.length === 2 && one.every((text) => typeof text === "string");
    return Array.isArray(value) && value.length > 0 && value.every(isPlace) ? new Map(value) : undefined;
  } catch {
    return undefined;
  }
}

async function suggestions(url: string, o: RecorderQuestion): Promise<RecorderVerdict> {
  const answers = await Promise.all(o.recorders.map((recorder) => askRecorder(recorder, url, o)));
  const refused = answers.find((answer) => answer !== undefined && answer.status !== 200);
  if (refused !== undefined) return { status: refused.status, body: refused.body };
  const values = answers.flatMap((answer) => (answer?.body as { values?: string[] } | undefined)?.values ?? []);
  return { status: 200, body: { values: Array.from(new Set(values)).sort().slice(0, maxSuggestions) } };
}

async function locate(id: string, o: RecorderQuestion): Promise<Located[]> {
  const query = `/api/v1/recordings?id=${encodeURIComponent(id)}`;
  const answers = await Promise.all(o.recorders.map((recorder) => askRecorder(recorder, query, o)));
  return answers.flatMap((answer) => {
    const recordings = (answer?.body as { recordings?: RecordingAnswer[] } | undefined)?.recordings ?? [];
    const { recorder } = answer ?? { recorder: "" };
    return recordings.filter((one) => one.id === id).map((recording) => ({ recorder, recording }));
  });
}

/** Asks one recorder; undefined: it does not answer, which is logged. */
export async function askRecorder(
  recorder: string,
  path: string,
  { upstream, headers, log }: RecorderQuestion,
): Promise<{ recorder: string; status: number; body: unknown } | undefined> {
  try {
    const answer = await upstream.send({
      url: new URL(recorder + path),
      method: "GET",
      headers,
      timeoutMs: upstreamTimeoutMs,
    });
    return { recorder, status: answer.statusCode ?? 502, body: JSON.parse(await textOf(answer)) };
  } catch (error) {
    log.warn({ recorder, error: errorText(error) }, "a recorder does not answer");
    return undefined;
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxListBytes) throw new Error("the answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
