import {
  afterChange,
  type Cancel,
  type Clock,
  errorText,
  type LiveState,
  type Logger,
  readLiveChange,
} from "@sidetone/foundation";
import { liveRetryMs, liveSilenceMs } from "../limits.ts";
import { type Asking, ownHeaders } from "./ask-json.ts";
import { ServerEventReader } from "./server-events.ts";

/** The calls of one SIP Server as it pushes them: one stream for all visitors of the console. */
export class CallFeed {
  readonly url: string;
  readonly #asking: Asking;
  readonly #clock: Clock;
  readonly #log: Logger;
  #state: LiveState = {};
  #connected = false;
  #stream: AbortController | undefined;
  #retry: Cancel | undefined;

  /** @param o.url base URL of the SIP Server */
  constructor(o: { readonly url: string; readonly asking: Asking; readonly clock: Clock; readonly log: Logger }) {
    this.url = o.url;
    this.#asking = o.asking;
    this.#clock = o.clock;
    this.#log = o.log;
  }

  /** What it said last; it may be of before the stream broke off. */
  get state(): LiveState {
    return this.#state;
  }

  /** The stream is there, and has said how things stand. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Follows the calls until `close`. Idempotent. */
  open(): void {
    if (this.#stream === undefined) void this.#follow();
  }

  /** Stops to follow them; they may be followed again. */
  close(): void {
    this.#retry?.();
    this.#retry = undefined;
    this.#stream?.abort();
    this.#stream = undefined;
    this.#connected = false;
    this.#state = {};
  }

  async #follow(): Promise<void> {
    const stream = new AbortController();
    this.#stream = stream;
    try {
      await this.#read(stream.signal);
    } catch (error) {
      if (!stream.signal.aborted && this.#connected)
        this.#log.warn({ url: this.url, error: errorText(error) }, "the stream of calls broke off");
    }
    if (this.#stream !== stream) return;
    this.#connected = false;
    this.#retry = this.#clock.after(liveRetryMs, () => void this.#follow());
  }

  async #read(signal: AbortSignal): Promise<void> {
    const answer = await this.#asking.upstream.send({
      url: new URL(`${this.url}/api/v1/calls/events`),
      method: "GET",
      headers: { ...ownHeaders(this.#asking), accept: "text/event-stream" },
      timeoutMs: liveSilenceMs,
      lasting: true,
      signal,
    });
    if (answer.statusCode !== 200) {
      answer.resume();
      throw new Error(`it answers ${answer.statusCode}`);
    }
    const reader = new ServerEventReader();
    answer.setEncoding("utf8");
    for await (const text of answer as AsyncIterable<string>) {
      for (const { event, data } of reader.take(text)) {
        const change = readLiveChange(data);
        if (change === undefined) throw new Error("it says what is no change");
        this.#state = afterChange(event === "snapshot" ? {} : this.#state, change);
        this.#connected = true;
      }
    }
  }
}
