import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

/** A page with its heading; names the browser's tab too. `actions` stand beside the heading. */
export function Page(o: { title: string; wide?: boolean; actions?: ComponentChildren; children: ComponentChildren }) {
  useEffect(() => {
    document.title = `${o.title} · Sidetone`;
  }, [o.title]);
  return (
    <div class={o.wide === true ? "page wide" : "page"}>
      <div class="page-head">
        <h1>{o.title}</h1>
        {o.actions !== undefined && <div class="page-actions">{o.actions}</div>}
      </div>
      {o.children}
    </div>
  );
}
