import type { ComponentType } from "preact";
import { useState } from "preact/hooks";
import { LateSpinner } from "../../parts/late-spinner.tsx";
import { ProblemNote } from "../../parts/problem-note.tsx";

type LadderType = ComponentType<{ callUuid: string; onTime?: (ms: number) => void; originMicros?: number }>;

/** SIP and T-Library of the call as a ladder, loaded when it is opened; a line plays the recording from its moment. */
export function CallJournal({ callUuid, startTime }: { callUuid: string; startTime: string }) {
  const [Ladder, setLadder] = useState<LadderType>();
  const [problem, setProblem] = useState<unknown>();
  const [open, setOpen] = useState(false);
  const load = (): void => {
    setProblem(undefined);
    import("../../parts/ladder/ladder.tsx").then((module) => setLadder(() => module.Ladder), setProblem);
  };
  return (
    <details
      class="panel call-journal"
      onToggle={(event) => {
        setOpen(event.currentTarget.open);
        if (event.currentTarget.open && Ladder === undefined) load();
      }}
    >
      <summary>
        <h2>Journal of the call</h2> <span class="hint">SIP and T-Library as a ladder diagram</span>
      </summary>
      {problem !== undefined && <ProblemNote problem={problem} retry={load} />}
      {open && Ladder === undefined && problem === undefined && <LateSpinner what="the journal" />}
      {open && Ladder !== undefined && (
        <Ladder
          callUuid={callUuid}
          originMicros={Date.parse(startTime) * 1000}
          onTime={(ms) => {
            // The player follows the address.
            location.hash = `t=${Math.max(0, ms) / 1000}`;
          }}
        />
      )}
    </details>
  );
}
