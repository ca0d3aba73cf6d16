import type { Ref } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../../parts/icon.tsx";
import { readTyped, type SearchState, shortestText, withCondition } from "./search-state.ts";

/** Typing is searched for when it has rested this long; ms. */
const restMs = 150;

/** The one box: free text as one types, and conditions such as `dn:7001`. */
export function SearchBox(o: {
  box: Ref<HTMLInputElement>;
  state: SearchState;
  /** @param typing whether it is one more letter of the same change */
  onChange: (state: SearchState, typing: boolean) => void;
  onDown: () => void;
}) {
  const { state } = o;
  const [text, setText] = useState(state.q);
  const told = useRef(state.q);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const latest = useRef(o);
  latest.current = o;
  useEffect(() => {
    // The address was changed by someone else: a chip, the way back.
    if (state.q !== told.current) setText(state.q);
    told.current = state.q;
  }, [state.q]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const tell = (typed: string, complete: boolean): void => {
    clearTimeout(timer.current);
    const { q, conditions } = readTyped(typed, complete);
    const now = latest.current.state;
    if (conditions.length > 0 || complete) setText(q);
    if (!complete && conditions.length === 0 && q.trim().length > 0 && q.trim().length < shortestText) return;
    told.current = q.trim();
    const next = conditions.reduce((one, [name, value]) => withCondition(one, name, value), {
      ...now,
      q: q.trim(),
    });
    latest.current.onChange(next, !complete && conditions.length === 0);
  };
  const onInput = (typed: string): void => {
    setText(typed);
    clearTimeout(timer.current);
    if (readTyped(typed).conditions.length > 0) tell(typed, false);
    else timer.current = setTimeout(() => tell(typed, false), restMs);
  };
  const short = text.trim().length > 0 && text.trim().length < shortestText && text.trim() !== state.q;
  return (
    <form
      class="search-box"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        tell(text, true);
      }}
    >
      <label class="visually-hidden" for="search-text">
        Search recordings
      </label>
      <Icon name="search" />
      <input
        id="search-text"
        ref={o.box}
        type="search"
        value={text}
        placeholder="Number, name, id … or dn:7001"
        autocomplete="off"
        spellcheck={false}
        aria-describedby="search-hint"
        aria-keyshortcuts="/"
        onInput={(event) => onInput(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown") return;
          event.preventDefault();
          o.onDown();
        }}
      />
      <span id="search-hint" class="search-hint">
        {short ? "Enter searches for this; three letters do by themselves" : "Press / to come here, ↓ for the list"}
      </span>
    </form>
  );
}
