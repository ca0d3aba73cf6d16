import { useMemo, useRef, useState } from "preact/hooks";
import { EmptyState } from "../empty-state.tsx";
import { LateSpinner } from "../late-spinner.tsx";
import { ProblemNote } from "../problem-note.tsx";
import {
  type CallJournal,
  lineMicros,
  type JournalLine,
  shownLines,
  shownParticipants,
  type Topic,
  topics,
} from "./journal.ts";
import { LadderRow } from "./ladder-row.tsx";
import { LineDialog } from "./line-dialog.tsx";
import { useJournal } from "./use-journal.ts";
import "./ladder.css";

/** Rows that are drawn at first, and that come with each step. */
const STEP = 400;

interface Seeking {
  /** Where the recording is to be heard that belongs to a line; milliseconds after `originMicros`. */
  readonly onTime?: ((ms: number) => void) | undefined;
  /** Wall-clock microseconds of the recording's beginning. */
  readonly originMicros?: number | undefined;
}

/** SIP and T-Library of a call as a ladder diagram. */
export function Ladder({ callUuid, ...seeking }: { callUuid: string } & Seeking) {
  const { journal, problem, retry } = useJournal(callUuid);
  if (problem !== undefined) return <ProblemNote problem={problem} retry={retry} />;
  if (journal === undefined) return <LateSpinner what="the journal of the call" />;
  return <LadderOf journal={journal} {...seeking} />;
}

/** A journal that is there already, as a ladder diagram. */
export function LadderOf({ journal, onTime, originMicros }: { journal: CallJournal } & Seeking) {
  const [shown, setShown] = useState<ReadonlySet<Topic>>(new Set(topics.map(({ id }) => id)));
  const [most, setMost] = useState(STEP);
  const [active, setActive] = useState<string>();
  const [open, setOpen] = useState<JournalLine>();
  const list = useRef<HTMLOListElement>(null);
  const lines = useMemo(() => shownLines(journal.lines, shown), [journal, shown]);
  const columns = useMemo(() => shownParticipants(journal.participants, lines), [journal, lines]);
  const drawn = lines.slice(0, most);
  const current = drawn.some(({ id }) => id === active) ? active : drawn[0]?.id;

  const onKeyDown = (event: KeyboardEvent): void => {
    const rows = Array.from(list.current?.querySelectorAll<HTMLButtonElement>("button.ladder-line") ?? []);
    const at = rows.findIndex((row) => row === document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    rows[Math.min(rows.length - 1, Math.max(0, next))]?.focus();
  };
  const toggle = (topic: Topic): void => {
    const after = new Set(shown);
    if (!after.delete(topic)) after.add(topic);
    setShown(after);
  };
  const seek =
    onTime === undefined || originMicros === undefined
      ? undefined
      : (line: JournalLine): void => onTime((lineMicros(line) - originMicros) / 1000);

  return (
    <section class="ladder" aria-label="SIP and T-Library of the call">
      <div class="ladder-filter" role="group" aria-label="Shown in the ladder">
        {topics.map(({ id, label, kinds }) => (
          <label key={id} class={`ladder-topic ${id}`}>
            <input type="checkbox" checked={shown.has(id)} onChange={() => toggle(id)} /> {label}{" "}
            <small>{journal.lines.filter(({ kind }) => (kinds as readonly string[]).includes(kind)).length}</small>
          </label>
        ))}
        <p class="ladder-hint">Arrow keys move through the lines, Enter opens one.</p>
      </div>
      {!journal.messages && (
        <p>
          SIP messages are not kept here: <code>sip-server.journal.messages</code> is false.
        </p>
      )}
      {lines.length === 0 ? (
        <EmptyState title="Nothing of this is in the journal">Choose something else above.</EmptyState>
      ) : (
        <div class="ladder-scroll">
          <div class="ladder-body" style={{ "--columns": String(columns.length) }}>
            <div class="ladder-head" aria-hidden="true">
              <span class="ladder-when">Time</span>
              <div class="ladder-lanes">
                {columns.map(({ id, name, kind }, n) => (
                  <span key={id} class={`ladder-name ${kind}`} style={{ gridColumn: `${2 * n + 1} / ${2 * n + 3}` }}>
                    <span>{name}</span>
                    <small>{kindText[kind]}</small>
                  </span>
                ))}
              </div>
            </div>
            <div class="ladder-poles" aria-hidden="true">
              {columns.map(({ id }, n) => (
                <span key={id} style={{ gridColumn: `${2 * n + 1} / ${2 * n + 3}` }} />
              ))}
            </div>
            <ol ref={list} class="ladder-list" onKeyDown={onKeyDown}>
              {drawn.map((line) => (
                <LadderRow
                  key={line.id}
                  line={line}
                  columns={columns}
                  participants={journal.participants}
                  other={line.callUuid !== journal.call.callUuid}
                  reachable={line.id === current}
                  onFocus={() => setActive(line.id)}
                  onOpen={() => setOpen(line)}
                />
              ))}
            </ol>
          </div>
        </div>
      )}
      {lines.length > drawn.length && (
        <p>
          <button type="button" onClick={() => setMost(most + STEP)}>
            Show {Math.min(STEP, lines.length - drawn.length)} of {lines.length - drawn.length} more lines
          </button>
        </p>
      )}
      {journal.cut && <p>There is more in the journal than is shown here: it ends early.</p>}
      {open !== undefined && (
        <LineDialog line={open} participants={journal.participants} seek={seek} onClose={() => setOpen(undefined)} />
      )}
    </section>
  );
}

const kindText = {
  "sip-server": "",
  "resource-manager": "",
  "media-server": "",
  phone: "phone",
  trunk: "trunk",
  application: "T-Library",
} as const;
