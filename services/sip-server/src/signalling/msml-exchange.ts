import { type MsmlResult, readMsml } from "@sidetone/msml";
import { fail, ok, type Result } from "@sidetone/foundation";
import type { MediaAnchor } from "./media-anchor.ts";

/** Sends a document; resolves with why it was not carried out, undefined when it was. */
export async function sendMsml(anchor: MediaAnchor, document: string): Promise<string | undefined> {
  const result = await askMsml(anchor, document);
  return result.ok ? refusalOf(result.value) : result.error;
}

/** Sends a document; resolves with its result, or with why there is none. */
export async function askMsml(anchor: MediaAnchor, document: string): Promise<Result<MsmlResult, string>> {
  const sent = await anchor.msml(document);
  if (!sent.ok) return fail(sent.error.reason);
  const read = readMsml(sent.value);
  if (!read.ok) return fail("msml-result-unreadable");
  return read.value.kind === "result" ? ok(read.value.result) : fail("msml-result-missing");
}

/** What a result says against what was asked; undefined where all of it was done. */
export function refusalOf({ response, description }: MsmlResult): string | undefined {
  return response === 200 ? undefined : `msml-${response}${description === undefined ? "" : ` ${description}`}`;
}
