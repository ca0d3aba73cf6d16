import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { afterChange, type LiveState, readLiveChange } from "@sidetone/foundation";

/** Wait before the console is asked again where it refused the stream; ms. */
const retryMs = 3000;

/** How the page stands with the console. */
export type FeedStatus = "connecting" | "live" | "lost";

/** `GET /api/v1/live` as signals. The browser connects again by itself; the console begins with a snapshot then. */
export class LiveFeed {
  readonly status = signal<FeedStatus>("connecting");
  readonly #state = signal<LiveState>({});
  #source: EventSource | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** A part of what is live. */
  part<T>(name: string): ReadonlySignal<ReadonlyMap<string, T>> {
    const none: ReadonlyMap<string, T> = new Map();
    return computed(() => (this.#state.value[name] as ReadonlyMap<string, T> | undefined) ?? none);
  }

  /** Connects. */
  open(): void {
    const source = new EventSource(new URL("/api/v1/live", location.origin));
    this.#source = source;
    source.addEventListener("snapshot", ({ data }: MessageEvent<string>) => this.take({}, data));
    source.addEventListener("change", ({ data }: MessageEvent<string>) => this.take(this.#state.value, data));
    source.addEventListener("error", () => {
      this.status.value = "lost";
      if (source.readyState !== EventSource.CLOSED) return;
      this.#retry = setTimeout(() => this.open(), retryMs);
    });
  }

  /** Takes what the console says. */
  take(before: LiveState, data: string): void {
    const change = readLiveChange(data);
    if (change === undefined) return;
    this.#state.value = afterChange(before, change);
    this.status.value = "live";
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#source?.close();
  }
}
