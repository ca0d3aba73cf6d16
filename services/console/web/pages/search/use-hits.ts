import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { api } from "../../api.ts";
import { HitList } from "./hit-list.ts";
import { parametersOf, queryOf, type SearchState } from "./search-state.ts";

/** The hits of a search, and what is known of the next ones. */
export interface Hits {
  /** Those of an earlier search stay until the new ones are there. */
  readonly list: HitList | undefined;
  /** The query string of the search that `list` is of. */
  readonly of: string;
  /** New ones are being asked for. */
  readonly waiting: boolean;
  readonly problem: unknown;
}

/** The last list: who comes back to it finds it as it was. */
let kept: { readonly of: string; readonly asOf: string; readonly list: HitList } | undefined;

/** @param asOf the list as it was at this time; empty: now. @param again another number asks once more */
export function useHits(state: SearchState, asOf: string, again: number): Hits {
  const of = queryOf(state);
  const [shown, setShown] = useState(() =>
    kept !== undefined && asOf !== "" && kept.of === of && kept.asOf === asOf ? kept : undefined,
  );
  const [waiting, setWaiting] = useState(shown === undefined);
  const [problem, setProblem] = useState<unknown>(undefined);
  const [, draw] = useReducer((n: number) => n + 1, 0);
  const first = useRef(shown !== undefined);

  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    const list = new HitList(parametersOf(state, asOf, Date.now()), api.get);
    let over = false;
    setWaiting(true);
    list.open().then(
      () => {
        if (over) return;
        kept?.list.close();
        kept = { of, asOf: asOf === "" ? list.asOf : asOf, list };
        setShown(kept);
        setWaiting(false);
        setProblem(undefined);
      },
      (error: unknown) => {
        if (over) return;
        setWaiting(false);
        setProblem(error);
      },
    );
    return () => {
      over = true;
      if (kept?.list !== list) list.close();
    };
  }, [of, asOf, again]);

  useEffect(() => {
    if (shown === undefined) return;
    shown.list.changed = () => draw(undefined);
    return () => {
      shown.list.changed = () => undefined;
    };
  }, [shown]);

  return { list: shown?.list, of: shown?.of ?? "", waiting, problem: problem ?? shown?.list.problem };
}
