import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { HitList } from "./hit-list.ts";
import { columns, HitRow } from "./hit-row.tsx";
import { bounded, drawn, type ListMeasures, scale, scrollHeight, topToSee } from "./window-rows.ts";

/** What is missing is asked for at most this often while the list is scrolled; ms. */
const lookEveryMs = 80;
/** Heights of a row, of a card on a narrow screen, and of the head; px, as in search.css. */
const heights = { row: 44, card: 92, head: 40 } as const;
const narrow = matchMedia("(max-width: 760px)");

/** All hits, of which only those that are seen are drawn, however many there are. Keys move the chosen row. */
export function HitTable(o: {
  list: HitList;
  active: number;
  stale: boolean;
  onActive: (row: number) => void;
  onOpen: (row: number) => void;
  onLeave: () => void;
}) {
  const { list, active } = o;
  const box = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(0);
  const [cards, setCards] = useState(narrow.matches);
  const [top, setTop] = useState(0);
  const place = useRef({ top: 0, bar: 0, list: undefined as HitList | undefined, seen: false });
  const head = cards ? 0 : heights.head;
  const measures: ListMeasures = {
    rows: list.rows,
    rowHeight: cards ? heights.card : heights.row,
    height: Math.max(0, height - head),
  };
  const [first, end] = drawn(top, measures);

  const moveTo = (wanted: number): void => {
    const next = bounded(wanted, measures);
    place.current.top = next;
    const element = box.current;
    if (element !== null) {
      element.scrollTop = next / scale(measures);
      place.current.bar = element.scrollTop;
    }
    setTop(next);
  };
  const live = useRef({ moveTo, measures });
  live.current = { moveTo, measures };

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const watch = new ResizeObserver(() => setHeight(element.clientHeight));
    watch.observe(element);
    setHeight(element.clientHeight);
    const change = (): void => setCards(narrow.matches);
    narrow.addEventListener("change", change);
    // A list that is taller than browsers can lay out is moved by its own pixels, not by those of the scroll bar.
    const wheel = (event: WheelEvent): void => {
      const { moveTo: move, measures: now } = live.current;
      if (scale(now) === 1 || event.ctrlKey || event.deltaY === 0) return;
      event.preventDefault();
      const unit = event.deltaMode === 1 ? now.rowHeight : event.deltaMode === 2 ? now.height : 1;
      move(place.current.top + event.deltaY * unit);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => {
      watch.disconnect();
      narrow.removeEventListener("change", change);
      element.removeEventListener("wheel", wheel);
    };
  }, []);

  // Another list begins at the row that is chosen; one that grows stays where it is.
  useLayoutEffect(() => {
    const { current } = place;
    const fresh = current.list !== list;
    if (fresh) {
      current.list = list;
      current.seen = false;
    }
    if (measures.height === 0) return;
    if (!current.seen && (active < list.rows || list.complete)) {
      current.seen = true;
      moveTo(active === 0 ? 0 : active * measures.rowHeight - measures.height / 2);
    } else moveTo(fresh ? 0 : current.top);
  }, [list, list.rows, measures.height, cards]);

  const shown = useRef<[number, number]>([first, end]);
  shown.current = [first, end];
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      list.look(...shown.current);
    }, lookEveryMs);
  });
  useEffect(() => () => clearTimeout(timer.current), []);

  const choose = (row: number): void => {
    const next = Math.min(Math.max(0, row), list.rows - 1);
    o.onActive(next);
    moveTo(topToSee(next, place.current.top, measures));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(measures.height / measures.rowHeight) - 1);
    const step: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -list.rows,
      End: list.rows,
    };
    const by = step[event.key];
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (by !== undefined) choose(active + by);
    else if (event.key === "Enter") o.onOpen(active);
    else if (event.key === "Escape") o.onLeave();
    else return;
    event.preventDefault();
  };
  const onScroll = (): void => {
    const bar = box.current?.scrollTop ?? 0;
    if (Math.abs(bar - place.current.bar) < 1) return;
    place.current.bar = bar;
    place.current.top = bounded(bar * scale(measures), measures);
    setTop(place.current.top);
  };
  const rows = [];
  for (let at = first; at < end; at++)
    rows.push(
      <HitRow
        key={at}
        id={`hit-${at}`}
        position={at}
        recording={list.at(at)}
        active={at === active}
        offset={at * measures.rowHeight - top}
        onChoose={choose}
        onOpen={o.onOpen}
      />,
    );
  return (
    <div
      ref={box}
      class={o.stale ? "hits stale" : "hits"}
      role="grid"
      tabIndex={0}
      aria-label="Recordings"
      aria-rowcount={list.complete ? list.rows + 1 : -1}
      aria-colcount={columns.length}
      aria-activedescendant={active >= first && active < end ? `hit-${active}` : undefined}
      aria-busy={o.stale}
      onKeyDown={onKeyDown}
      onScroll={onScroll}
    >
      <div class="hits-tall" role="presentation" style={{ height: `${scrollHeight(measures) + head}px` }}>
        <div class="hits-seen" role="presentation" style={{ height: `${height}px` }}>
          <div class="hits-head" role="rowgroup">
            <div class="hit-columns" role="row" aria-rowindex={1}>
              {columns.map((name) => (
                <span key={name} role="columnheader">
                  {name}
                </span>
              ))}
            </div>
          </div>
          <div class="hits-rows" role="rowgroup">
            {rows}
          </div>
        </div>
      </div>
    </div>
  );
}
