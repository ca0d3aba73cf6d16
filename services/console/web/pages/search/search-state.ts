import { isField } from "./search-fields.ts";
import { type Preset, rangeOf, readPreset } from "./time-range.ts";

/** Everything that a link to the page says. */
export interface SearchState {
  /** Free text. */
  readonly q: string;
  /** Time by a word; else `from` and `to`. */
  readonly when: Preset | undefined;
  /** RFC 3339; empty: no condition. */
  readonly from: string;
  readonly to: string;
  /** The other parameters of the API, in the order in which they were given. */
  readonly conditions: readonly (readonly [name: string, value: string])[];
}

/** Where in the list the viewer is. */
export interface ListPlace {
  /** Position of the row that is chosen, from 0. */
  readonly row: number;
  /** Only recordings that began before this are in the list, so that positions stay what they are; RFC 3339, empty: all. */
  readonly asOf: string;
}

/** Nothing is left out. */
export const everything: SearchState = { q: "", when: undefined, from: "", to: "", conditions: [] };

/** What the query string of the page says; what it does not know is passed over. */
export function readState(query: string): SearchState {
  const given = new URLSearchParams(query);
  const when = readPreset(given.get("when"));
  const seen = new Set<string>();
  const conditions = Array.from(given).filter(
    ([name, value]) => isField(name) && value !== "" && !seen.has(name) && seen.add(name),
  );
  const text = (name: string): string => given.get(name) ?? "";
  return {
    q: text("q"),
    when,
    from: when === undefined ? text("from") : "",
    to: when === undefined ? text("to") : "",
    conditions,
  };
}

/** The place that the query string names; the first row where it names none. */
export function readPlace(query: string): ListPlace {
  const given = new URLSearchParams(query);
  const row = /^\d{1,9}$/.test(given.get("row") ?? "") ? Number(given.get("row")) : 0;
  return { row, asOf: row === 0 ? "" : (given.get("as-of") ?? "") };
}

/** The other way round: `?...`, or empty where nothing is asked for. This is also what a saved search keeps, without a place. */
export function queryOf(state: SearchState, place: ListPlace = { row: 0, asOf: "" }): string {
  const text = new URLSearchParams();
  for (const [name, value] of [
    ["q", state.q],
    ["when", state.when ?? ""],
    ["from", state.from],
    ["to", state.to],
    ...state.conditions,
    ["row", place.row === 0 ? "" : String(place.row)],
    ["as-of", place.row === 0 ? "" : place.asOf],
  ] as const)
    if (value !== "") text.set(name, value);
  return text.size === 0 ? "" : `?${text.toString()}`;
}

/** The parameters for the API. @param now ms since 1970, for presets */
export function parametersOf(state: SearchState, asOf: string, now: number): URLSearchParams {
  const range = state.when === undefined ? { from: state.from, to: state.to } : rangeOf(state.when, now);
  const ends = [range.to ?? "", asOf].filter((end) => end !== "");
  const to = ends.toSorted((a, b) => Date.parse(a) - Date.parse(b))[0] ?? "";
  const text = new URLSearchParams();
  for (const [name, value] of [["q", state.q], ["from", range.from ?? ""], ["to", to], ...state.conditions] as const)
    if (value !== "") text.set(name, value);
  return text;
}

/** With this condition, in the place of an older one of that name; without it where the value is empty. */
export function withCondition(state: SearchState, name: string, value: string): SearchState {
  const others = state.conditions.filter(([one]) => one !== name);
  return { ...state, conditions: value === "" ? others : [...others, [name, value]] };
}

/** Whether anything is left out. */
export function narrows(state: SearchState): boolean {
  return queryOf(state) !== "";
}

/** Shortest free text that is searched for while it is typed: a shorter one stands almost everywhere. */
export const shortestText = 3;

/** `dn:7001` among what was typed, once a space stands behind it (or Enter was pressed), is a condition; the rest is free text. */
export function readTyped(
  text: string,
  complete = false,
): { readonly q: string; readonly conditions: readonly (readonly [string, string])[] } {
  const conditions: (readonly [string, string])[] = [];
  const q = (complete ? `${text} ` : text).replaceAll(
    /(^|\s)([a-z][a-z-]*(?:\.[^\s:]+)?):("[^"]*"|[^\s"]+)(?=\s)/gi,
    (whole, before: string, name: string, value: string) => {
      const known = name.toLowerCase();
      if (!isField(known) || known.endsWith("-ms")) return whole;
      conditions.push([known, value.startsWith('"') ? value.slice(1, -1) : value]);
      return before;
    },
  );
  return { q: complete || conditions.length > 0 ? q.trim().replaceAll(/\s+/g, " ") : text, conditions };
}
