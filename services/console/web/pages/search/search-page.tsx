import { useLocation } from "preact-iso";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { LateSpinner } from "../../parts/late-spinner.tsx";
import { Page } from "../../parts/page.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";
import { zone } from "../../time.ts";
import { Filters } from "./filters.tsx";
import type { HitList } from "./hit-list.ts";
import { pageOf } from "./hit-row.tsx";
import { HitTable } from "./hit-table.tsx";
import { NothingFound, NothingRecorded } from "./no-hits.tsx";
import { SavedSearches } from "./saved-searches.tsx";
import { SearchBox } from "./search-box.tsx";
import { narrows, queryOf, readPlace, readState, type SearchState } from "./search-state.ts";
import { useHits } from "./use-hits.ts";
import "./search.css";

/** The address follows the chosen row when it has rested this long; ms. */
const restMs = 250;

/** Recordings: search as one types, and a list of all hits. The address says everything that is seen. */
export default function SearchPage() {
  const { url, route } = useLocation();
  const search = new URL(url, location.origin).search;
  const state = useMemo(() => readState(search), [search]);
  const query = queryOf(state);
  const [place, setPlace] = useState(() => readPlace(location.search));
  const [again, setAgain] = useState(0);
  const typing = useRef(false);
  const box = useRef<HTMLInputElement>(null);
  const page = useRef<HTMLDivElement>(null);
  const { list, of, waiting, problem } = useHits(state, place.asOf, again);
  const [active, setActive] = useState(place.row);
  const asOf = place.asOf === "" ? (list?.asOf ?? "") : place.asOf;

  // Another search begins at its newest hit, but for a way back, which names its place.
  const before = useRef(query);
  useEffect(() => {
    if (before.current === query) return;
    before.current = query;
    const there = readPlace(location.search);
    setPlace(there);
    setActive(there.row);
  }, [query]);

  useEffect(() => {
    if (of !== query) return;
    const timer = setTimeout(() => {
      const address = `/search${queryOf(state, { row: active, asOf })}`;
      if (address !== location.pathname + location.search) history.replaceState(history.state, "", address);
    }, restMs);
    return () => clearTimeout(timer);
  }, [active, asOf, of, query]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const inText =
        event.target instanceof Element && event.target.closest("input, select, textarea, dialog") !== null;
      if (event.key !== "/" || inText || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      box.current?.select();
      box.current?.focus();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);

  const change = (next: SearchState, letter = false): void => {
    const to = queryOf(next);
    if (to === query) return;
    // All letters of one text are one step of the way back.
    route(`/search${to}`, letter && typing.current);
    typing.current = letter;
  };
  const open = (row: number): void => {
    const recording = list?.at(row);
    if (recording === undefined || recording === null) return;
    history.replaceState(history.state, "", `/search${queryOf(state, { row, asOf })}`);
    route(pageOf(recording.id));
  };
  const refresh = (): void => {
    setPlace({ row: 0, asOf: "" });
    setActive(0);
    setAgain(again + 1);
  };
  const grid = (): HTMLElement | null => page.current?.querySelector<HTMLElement>("[role=grid]") ?? null;
  return (
    <Page
      title="Recordings"
      wide
      actions={
        <>
          <button type="button" onClick={refresh}>
            Newest
          </button>
          <SavedSearches query={query} onOpen={(saved) => change(readState(saved))} />
        </>
      }
    >
      <div class="search-page" ref={page}>
        <SearchBox box={box} state={state} onChange={change} onDown={() => grid()?.focus()} />
        <Filters state={state} onChange={change} />
        {problem !== undefined && <ProblemNote problem={problem} retry={() => setAgain(again + 1)} />}
        {list === undefined && problem === undefined && <LateSpinner what="recordings" />}
        <p class="hit-count" role="status">
          {list === undefined ? "" : countText(list)}
        </p>
        {list !== undefined && list.rows > 0 && (
          <HitTable
            list={list}
            active={Math.min(active, Math.max(0, list.rows - 1))}
            stale={waiting}
            onActive={setActive}
            onOpen={open}
            onLeave={() => box.current?.focus()}
          />
        )}
        {list !== undefined && list.rows === 0 && list.complete && !waiting && (
          <>{narrows(state) ? <NothingFound state={state} onChange={change} /> : <NothingRecorded />}</>
        )}
      </div>
    </Page>
  );
}

function countText(list: HitList): string {
  const missing = list.unreachable.length === 0 ? "" : ` Without those of ${list.unreachable.join(", ")}: no answer.`;
  if (list.complete && list.rows === 0) return `No recordings.${missing}`;
  const number = list.count.toLocaleString();
  const what = list.count === 1 ? "recording" : "recordings";
  return `${list.complete ? "" : "More than "}${number} ${what}, newest first; times in ${zone}.${missing}`;
}
