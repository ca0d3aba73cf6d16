import type { Logger } from "@sidetone/foundation";
import type { MediaAnchor } from "./media-anchor.ts";
import { type PromptFacts, promptDocument, promptEndDocument } from "../recording/documents.ts";
import { sendMsml } from "./msml-exchange.ts";

/** Plays a prompt to one leg (RFC 5707, dialogstart with `<play>`). The returned function ends it. @param plays it plays already (R33) */
export function playPrompt(
  anchor: MediaAnchor,
  leg: string,
  prompt: PromptFacts,
  log: Logger,
  plays = false,
): () => void {
  const connection = anchor.connection(leg);
  if (connection === undefined) return () => undefined;
  let over = false;
  const started = plays ? Promise.resolve(undefined) : sendMsml(anchor, promptDocument(connection, prompt));
  void started.then((refusal) => {
    if (refusal === undefined) return;
    over = true;
    log.warn({ file: prompt.file, refusal }, "the Media Server does not play a prompt");
  });
  return () => {
    if (over || anchor.closed) return;
    over = true;
    void sendMsml(anchor, promptEndDocument(connection, prompt.name));
  };
}
