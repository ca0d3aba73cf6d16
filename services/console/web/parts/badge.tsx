import type { ComponentChildren } from "preact";

/** What a badge means; colour is never all that says it: its text does. */
export type Tone = "good" | "bad" | "warn" | "live" | "plain";

/** A state in a word or two. */
export function Badge({ tone = "plain", children }: { tone?: Tone; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}
