import { useEffect, useState } from "preact/hooks";
import { api } from "../../api.ts";
import type { CallJournal } from "./journal.ts";

/** A call's journal: asked for once, again on `retry`. */
export interface Asked {
  readonly journal: CallJournal | undefined;
  readonly problem: unknown;
  readonly retry: () => void;
}

/** Asks for the journal of a call. */
export function useJournal(callUuid: string): Asked {
  const [tries, setTries] = useState(0);
  const [found, setFound] = useState<{ journal?: CallJournal; problem?: unknown }>({});
  useEffect(() => {
    const left = new AbortController();
    setFound({});
    api
      .get<CallJournal>(`/api/v1/journal?call-uuid=${encodeURIComponent(callUuid)}`, left.signal)
      .then((journal) => setFound({ journal }))
      .catch((problem: unknown) => {
        if (!left.signal.aborted) setFound({ problem });
      });
    return () => left.abort();
  }, [callUuid, tries]);
  return { journal: found.journal, problem: found.problem, retry: () => setTries(tries + 1) };
}
