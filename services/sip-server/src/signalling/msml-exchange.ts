import { readMsml } from "@sidetone/msml";
import type { MediaAnchor } from "./media-anchor.ts";

/** Sends a document; resolves with why it was not carried out, undefined when it was. */
export async function sendMsml(anchor: MediaAnchor, document: string): Promise<string | undefined> {
  const sent = await anchor.msml(document);
  if (!sent.ok) return sent.error.reason;
  const read = readMsml(sent.value);
  if (!read.ok) return "msml-result-unreadable";
  if (read.value.kind !== "result") return "msml-result-missing";
  const { response, description } = read.value.result;
  return response === 200 ? undefined : `msml-${response}${description === undefined ? "" : ` ${description}`}`;
}
