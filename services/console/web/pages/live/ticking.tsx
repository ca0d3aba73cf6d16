import { useEffect, useRef } from "preact/hooks";
import { durationText } from "../../time.ts";

/** The server's clock less ours, ms: durations are those of the server. */
let offsetMs = 0;
const ticking = new Map<HTMLElement, number>();
let timer: ReturnType<typeof setInterval> | undefined;

/** The server has said what time it is. @param header its `Date`, which knows seconds only */
export function serverTime(header: string | null): void {
  const ms = Date.parse(header ?? "") - Date.now();
  offsetMs = Number.isNaN(ms) || Math.abs(ms) < 2000 ? 0 : ms;
}

function show(element: HTMLElement, since: number): void {
  const text = durationText(Date.now() + offsetMs - since);
  if (element.textContent !== text) element.textContent = text;
}

/** How long something has lasted, each second anew: all of them in one turn, past the page's own rendering. @param since RFC 3339 */
export function Ticking({ since }: { since: string }) {
  const element = useRef<HTMLTimeElement>(null);
  useEffect(() => {
    const shown = element.current;
    if (shown === null) return undefined;
    const at = Date.parse(since);
    ticking.set(shown, at);
    show(shown, at);
    timer ??= setInterval(() => {
      for (const [one, begun] of ticking) show(one, begun);
    }, 1000);
    return () => {
      ticking.delete(shown);
      if (ticking.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  }, [since]);
  return <time class="ticking number" ref={element} />;
}
