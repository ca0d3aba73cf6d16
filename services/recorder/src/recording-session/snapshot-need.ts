import { MAX_SNAPSHOT_REQUESTS, SNAPSHOT_INTERVAL_MS } from "../limits.ts";

/** Whether a client's metadata are known whole, and how often a full snapshot was asked for (RFC 7866 9.2). */
export interface SnapshotNeed {
  /** Why what is known is not whole; `undefined` where it is, or nothing is to be known. */
  readonly lost: string | undefined;
  readonly asked: number;
  /** Monotonic ms of the last request. */
  readonly lastMs: number;
  /** The client does not know the request. */
  readonly deaf: boolean;
}

export type SnapshotInput =
  | { readonly kind: "document"; readonly mode: "complete" | "partial" | "unreadable"; readonly dangling: boolean }
  | { readonly kind: "refused" };

export const wholeMetadata: SnapshotNeed = {
  lost: undefined,
  asked: 0,
  lastMs: Number.NEGATIVE_INFINITY,
  deaf: false,
};

/**
 * RFC 7866 9.2: a complete document makes all well; a partial one without a complete one before it, or that speaks of what nobody described, and
 * one that cannot be read, leave a hole. @param nowMs any monotonic ms
 */
export function needAfter(need: SnapshotNeed, input: SnapshotInput, first: boolean): SnapshotNeed {
  if (input.kind === "refused") return { ...need, deaf: true };
  if (input.mode === "complete") return { ...need, lost: undefined, asked: 0 };
  if (input.mode === "unreadable") {
    // RFC 7866 9.2: it is likely to be as bad the next time.
    return { ...need, lost: "unreadable metadata", asked: Math.max(need.asked, MAX_SNAPSHOT_REQUESTS - 1) };
  }
  if (first) return { ...need, lost: "a partial document before any complete one" };
  return input.dangling ? { ...need, lost: "a partial document about what nobody described" } : need;
}

/** The reason for a request that is due now, and the state after it. */
export function requestDue(need: SnapshotNeed, nowMs: number): { reason: string; need: SnapshotNeed } | undefined {
  const { lost, asked, lastMs, deaf } = need;
  if (lost === undefined || deaf || asked >= MAX_SNAPSHOT_REQUESTS || nowMs - lastMs < SNAPSHOT_INTERVAL_MS)
    return undefined;
  return { reason: lost, need: { ...need, asked: asked + 1, lastMs: nowMs } };
}
