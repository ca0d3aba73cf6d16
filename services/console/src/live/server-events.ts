import { maxEventBytes } from "../limits.ts";

/** An event of a stream of Server-Sent Events. */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/** Reads Server-Sent Events as our roles send them (HTML Living Standard 9.2.6, lines end with LF) from text as it comes; pure. Comments and ids are passed over. */
export class ServerEventReader {
  #rest = "";

  /** The events that are whole now. @throws Error where one is longer than any of ours. */
  take(text: string): ServerEvent[] {
    this.#rest += text;
    if (this.#rest.length > maxEventBytes) throw new Error("an event is too long");
    const found: ServerEvent[] = [];
    let from = 0;
    for (let at = this.#rest.indexOf("\n\n"); at >= 0; at = this.#rest.indexOf("\n\n", from)) {
      const read = eventOf(this.#rest.slice(from, at));
      if (read !== undefined) found.push(read);
      from = at + 2;
    }
    this.#rest = this.#rest.slice(from);
    return found;
  }
}

function eventOf(block: string): ServerEvent | undefined {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) event = line.slice("event:".length).trim();
    else if (line.startsWith("data:")) data.push(line.slice("data:".length).trimStart());
  }
  return data.length === 0 ? undefined : { event, data: data.join("\n") };
}
