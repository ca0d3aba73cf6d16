/** A node:test reporter that writes one JSON line per finished test; the runner counts from it. */
interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly file?: string;
    readonly nesting?: number;
    readonly skip?: string | boolean;
    readonly todo?: string | boolean;
    readonly details?: {
      readonly type?: string;
      readonly duration_ms?: number;
      readonly error?: { readonly cause?: unknown; readonly message?: string; readonly failureType?: string };
    };
    readonly counts?: unknown;
  };
}

/** One line of the tally. */
export interface Tally {
  readonly kind: "pass" | "fail" | "skip" | "end";
  readonly name: string;
  readonly file: string;
  readonly ms: number;
  /** Why it failed or was skipped. */
  readonly why: string;
}

function textOf(value: unknown): string {
  return value instanceof Error ? (value.stack ?? value.message) : String(value);
}

export default async function* tally(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of source) {
    if (type === "test:summary" && data.file === undefined) {
      yield `${JSON.stringify({ kind: "end", name: "", file: "", ms: 0, why: "" } satisfies Tally)}\n`;
      continue;
    }
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.details?.type === "suite") {
      if (type === "test:pass" || data.details.error?.failureType === "subtestsFailed") continue;
    }
    const failed = type === "test:fail" && data.todo === undefined;
    const skipped = data.skip !== undefined && data.skip !== false;
    const error = data.details?.error;
    const line: Tally = {
      kind: skipped ? "skip" : failed ? "fail" : "pass",
      name: data.name ?? "?",
      file: data.file ?? "",
      ms: data.details?.duration_ms ?? 0,
      why: skipped ? String(data.skip) : failed ? textOf(error?.cause ?? error?.message ?? error) : "",
    };
    yield `${JSON.stringify(line)}\n`;
  }
}
