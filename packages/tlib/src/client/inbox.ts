import type { Receipt } from "../session/client-session.ts";
import type { ClientEvent } from "./client-events.ts";
import { HELD_EVENTS } from "./limits.ts";

interface Item {
  readonly event: ClientEvent;
  readonly receipt: Receipt | undefined;
  /** Iterators that have not processed it. */
  waiting: number;
}

/** What an inbox tells its owner. */
export interface InboxOptions {
  /** Events above which it is full. */
  readonly capacity: number;
  processed(receipt: Receipt): void;
  /** Too much waits; told at every event above the capacity. */
  onFull(): void;
  /** Half of the capacity is free again. */
  onRoom(): void;
}

/**
 * Events between the session and its iterators. An event is processed when every iterator has asked for the one after it;
 * only then is it acknowledged, so that the server keeps what a slow consumer has not seen.
 */
export class Inbox {
  readonly #o: InboxOptions;
  readonly #items: Item[] = [];
  readonly #streams = new Set<Stream>();
  /** Nobody has consumed anything yet: the first consumer gets what has come. */
  #holding = true;
  #full = false;
  #end: { readonly error: Error | undefined } | undefined;

  constructor(o: InboxOptions) {
    this.#o = o;
  }

  get full(): boolean {
    return this.#full;
  }

  /** @param receipt undefined for what is not the server's */
  push(event: ClientEvent, receipt: Receipt | undefined): void {
    const item = { event, receipt, waiting: this.#holding ? 1 : this.#streams.size };
    this.#items.push(item);
    for (const stream of this.#streams) stream.push(item);
    const held = this.#items[0];
    if (this.#holding && this.#items.length > HELD_EVENTS && held !== undefined) held.waiting = 0;
    this.#settle();
    if (this.#items.length > this.#o.capacity) {
      this.#full = true;
      this.#o.onFull();
    }
  }

  /** Listeners consume events at once: nothing is held for an iterator any more. */
  release(): void {
    if (!this.#holding) return;
    this.#holding = false;
    for (const item of this.#items) item.waiting = 0;
    this.#settle();
  }

  /** A new iterator; the first also gets what was held. */
  stream(): AsyncIterableIterator<ClientEvent> {
    const stream = new Stream(
      this.#holding ? this.#items.slice() : [],
      (item) => {
        item.waiting -= 1;
        this.#settle();
      },
      (ended) => this.#streams.delete(ended),
    );
    this.#holding = false;
    if (this.#end === undefined) this.#streams.add(stream);
    else stream.end(this.#end.error);
    return stream;
  }

  /** Iterators end after what they still have. */
  end(error: Error | undefined): void {
    this.#end ??= { error };
    for (const stream of Array.from(this.#streams)) stream.end(error);
  }

  #settle(): void {
    let done = 0;
    let last: Receipt | undefined;
    for (const item of this.#items) {
      if (item.waiting > 0) break;
      done += 1;
      if (last !== undefined && item.receipt !== undefined && last.epoch !== item.receipt.epoch)
        this.#o.processed(last);
      last = item.receipt ?? last;
    }
    this.#items.splice(0, done);
    if (last !== undefined) this.#o.processed(last);
    if (this.#full && this.#items.length <= this.#o.capacity / 2) {
      this.#full = false;
      this.#o.onRoom();
    }
  }
}

type Step = IteratorResult<ClientEvent, undefined>;

class Stream implements AsyncIterableIterator<ClientEvent> {
  readonly #queue: Item[];
  readonly #done: (item: Item) => void;
  readonly #left: (stream: Stream) => void;
  readonly #asking: { resolve: (step: Step) => void; reject: (error: Error) => void }[] = [];
  /** Given out; processed when the next is asked for. */
  #current: Item | undefined;
  #end: { readonly error: Error | undefined } | undefined;

  constructor(queue: Item[], done: (item: Item) => void, left: (stream: Stream) => void) {
    this.#queue = queue;
    this.#done = done;
    this.#left = left;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  push(item: Item): void {
    const asked = this.#asking.shift();
    if (asked === undefined) this.#queue.push(item);
    else asked.resolve(this.#give(item));
  }

  end(error: Error | undefined): void {
    this.#end ??= { error };
    this.#left(this);
    for (const asked of this.#asking.splice(0)) {
      if (error === undefined) asked.resolve({ done: true, value: undefined });
      else asked.reject(error);
    }
  }

  next(): Promise<Step> {
    this.#finishCurrent();
    const item = this.#queue.shift();
    if (item !== undefined) return Promise.resolve(this.#give(item));
    if (this.#end === undefined) return new Promise((resolve, reject) => this.#asking.push({ resolve, reject }));
    if (this.#end.error !== undefined) return Promise.reject(this.#end.error);
    return Promise.resolve({ done: true, value: undefined });
  }

  return(): Promise<Step> {
    this.end(undefined);
    this.#finishCurrent();
    for (const item of this.#queue.splice(0)) this.#done(item);
    this.#end = { error: undefined };
    return Promise.resolve({ done: true, value: undefined });
  }

  #give(item: Item): Step {
    this.#current = item;
    return { done: false, value: item.event };
  }

  #finishCurrent(): void {
    const item = this.#current;
    this.#current = undefined;
    if (item !== undefined) this.#done(item);
  }
}
