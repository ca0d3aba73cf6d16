import type { ComponentChildren } from "preact";

/** What stands where nothing is to be shown yet: why, and what to do. */
export function EmptyState(o: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty-state">
      <h2>{o.title}</h2>
      {o.children !== undefined && <div>{o.children}</div>}
    </div>
  );
}
