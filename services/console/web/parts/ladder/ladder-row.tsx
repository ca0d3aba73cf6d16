import { endsText, type JournalLine, lineTime, type Participant, placeOf, tagOf } from "./journal.ts";

/** A line of the ladder: its arrow where there is room for columns, the same in words where there is none, and for who listens. */
export function LadderRow(o: {
  line: JournalLine;
  columns: readonly Participant[];
  participants: readonly Participant[];
  /** It is one of another call that this one came from or went on in. */
  other: boolean;
  /** The one line that Tab comes to. */
  reachable: boolean;
  onFocus: () => void;
  onOpen: () => void;
}) {
  const { line } = o;
  const { from, to, points } = placeOf(line, o.columns);
  return (
    <li>
      <button
        type="button"
        class={`ladder-line ${line.kind}${line.repeated === true ? " repeated" : ""}`}
        tabIndex={o.reachable ? 0 : -1}
        onFocus={o.onFocus}
        onClick={o.onOpen}
      >
        <span class="ladder-when">
          <span class="ladder-tag">{tagOf(line)}</span> <time dateTime={line.time}>{lineTime(line)}</time>
        </span>
        <span class="ladder-ends">{endsText(line, o.participants)}</span>
        <span class="ladder-lanes">
          <span class={`ladder-arrow ${points}`} style={{ gridColumn: `${from} / ${to}` }}>
            <span class="ladder-label">{line.label}</span>
            {(line.summary !== "" || line.repeated === true || o.other) && (
              <span class="ladder-summary">
                {[line.repeated === true ? "again" : "", line.summary, o.other ? "other call" : ""]
                  .filter((part) => part !== "")
                  .join(" · ")}
              </span>
            )}
          </span>
        </span>
      </button>
    </li>
  );
}
