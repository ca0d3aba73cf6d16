import { Blocks } from "./blocks.ts";
import type { Recording } from "./recording-view.ts";

/** `GET /api/v1/recordings`. */
interface PageAnswer {
  readonly recordings: readonly Recording[];
  readonly next?: string;
  /** Recorders that did not answer. */
  readonly unreachable?: readonly string[];
}

/** `GET /api/v1/recordings/positions`. */
interface PositionsAnswer {
  readonly counted: number;
  readonly blocks: readonly { readonly cursor?: string; readonly size: number }[];
  readonly next?: string;
  /** Several recorders: the number may be more than there are, and nothing can be jumped to. */
  readonly approximate?: boolean;
}

/** Hits of a page. */
const pageSize = 50;
/** Pages that are kept. */
const keptPages = 60;

/** How a list asks the server. */
export type Get = <T>(path: string, signal?: AbortSignal) => Promise<T>;

/**
 * The hits of one search: the first page at once, then their number and where every hundredth begins, in parts; the other pages when they are
 * looked at. What was found stays the same while it is looked at: later recordings stand before it.
 */
export class HitList {
  readonly parameters: string;
  /** Called when there is more to draw. */
  changed: () => void = () => undefined;
  readonly #get: Get;
  readonly #blocks = new Blocks();
  readonly #pages = new Map<number, readonly Recording[]>();
  readonly #asking = new Map<number, AbortController>();
  readonly #gone = new AbortController();
  #counted: "not yet" | "in parts" | "all" | "by pages" = "not yet";
  #sum = 0;
  #problem: unknown;
  #unreachable: readonly string[] = [];
  #asOf = "";

  constructor(parameters: URLSearchParams, get: Get) {
    this.parameters = parameters.toString();
    this.#get = get;
  }

  /** Hits that can be scrolled to now. */
  get rows(): number {
    return this.#blocks.total;
  }

  /** Hits as far as they are counted. */
  get count(): number {
    return this.complete ? this.#blocks.total : Math.max(this.#sum, this.#blocks.total);
  }

  /** Whether that is all of them, or there may be more. */
  get complete(): boolean {
    return this.#counted === "all";
  }

  get problem(): unknown {
    return this.#problem;
  }

  get unreachable(): readonly string[] {
    return this.#unreachable;
  }

  /** A time just after the newest hit; empty where there is none. */
  get asOf(): string {
    return this.#asOf;
  }

  /** Resolves when the first page is there; rejects where it cannot be had. */
  async open(): Promise<void> {
    const page = await this.#page(undefined, pageSize, this.#gone.signal);
    this.#unreachable = page.unreachable ?? [];
    this.#pages.set(0, page.recordings);
    this.#blocks.add([{ cursor: undefined, size: page.recordings.length }]);
    const newest = page.recordings[0];
    if (newest !== undefined) this.#asOf = new Date(Date.parse(newest.startTime) + 1).toISOString();
    if (page.next === undefined) this.#counted = "all";
    else void this.#count(page.next);
  }

  /** The hit at a position; undefined where it is not there yet (it is asked for), null where it has gone meanwhile. */
  at(position: number): Recording | null | undefined {
    const found = this.#blocks.find(position);
    if (found === undefined) return undefined;
    const page = this.#pages.get(found.index);
    return page === undefined ? undefined : (page[position - found.start] ?? null);
  }

  /** Says which positions are looked at: what is missing of them is asked for, what is no longer looked at is not. */
  look(from: number, to: number): void {
    const wanted = new Set<number>();
    for (let at = from; at < to; ) {
      const found = this.#blocks.find(at);
      if (found === undefined) break;
      wanted.add(found.index);
      at = found.start + found.block.size;
    }
    for (const [index, asked] of this.#asking) if (!wanted.has(index)) asked.abort();
    for (const index of wanted) if (!this.#pages.has(index) && !this.#asking.has(index)) void this.#fill(index, from);
  }

  close(): void {
    this.#gone.abort();
    for (const asked of this.#asking.values()) asked.abort();
  }

  async #count(first: string): Promise<void> {
    this.#counted = "in parts";
    try {
      for (let next: string | undefined = first; next !== undefined; ) {
        const query = `${this.#with({ every: String(pageSize), cursor: next })}`;
        const part: PositionsAnswer = await this.#get(`/api/v1/recordings/positions?${query}`, this.#gone.signal);
        if (part.approximate === true) {
          this.#sum = this.#blocks.total + part.counted;
          this.#counted = "by pages";
          this.#blocks.add([{ cursor: first, size: pageSize }]);
          return;
        }
        this.#blocks.add(part.blocks.map(({ cursor, size }) => ({ cursor: cursor ?? first, size })));
        next = part.next;
        if (next === undefined) this.#counted = "all";
        this.changed();
      }
    } catch (error) {
      if (!this.#gone.signal.aborted) this.#problem = error;
    } finally {
      if (!this.#gone.signal.aborted) this.changed();
    }
  }

  async #fill(index: number, near: number): Promise<void> {
    const asked = new AbortController();
    this.#asking.set(index, asked);
    const found = this.#blockAt(index, near);
    try {
      if (found === undefined) return;
      const page = await this.#page(found.cursor, found.size, asked.signal);
      this.#pages.set(index, page.recordings);
      this.#problem = undefined;
      if (this.#counted === "by pages" && index === this.#blocks.length - 1) {
        this.#blocks.resizeLast(page.recordings.length);
        if (page.next === undefined) this.#counted = "all";
        else this.#blocks.add([{ cursor: page.next, size: pageSize }]);
      }
      // The first page stays: it would be another one now.
      for (const old of this.#pages.keys()) {
        if (this.#pages.size <= keptPages) break;
        if (old !== 0 && old !== index) this.#pages.delete(old);
      }
    } catch (error) {
      if (!asked.signal.aborted) this.#problem = error;
    } finally {
      this.#asking.delete(index);
      if (!this.#gone.signal.aborted) this.changed();
    }
  }

  #blockAt(index: number, near: number): { cursor: string | undefined; size: number } | undefined {
    for (let at = near; ; ) {
      const found = this.#blocks.find(at);
      if (found === undefined) return undefined;
      if (found.index === index) return found.block;
      at = found.start + found.block.size;
    }
  }

  #page(cursor: string | undefined, limit: number, signal: AbortSignal): Promise<PageAnswer> {
    const query = this.#with({ limit: String(limit), ...(cursor === undefined ? {} : { cursor }) });
    return this.#get<PageAnswer>(`/api/v1/recordings?${query}`, signal);
  }

  #with(more: Readonly<Record<string, string>>): string {
    const query = new URLSearchParams(this.parameters);
    for (const [name, value] of Object.entries(more)) query.set(name, value);
    return query.toString();
  }
}
