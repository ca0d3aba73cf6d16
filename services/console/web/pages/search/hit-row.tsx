import { Badge, type Tone } from "../../parts/badge.tsx";
import { Icon } from "../../parts/icon.tsx";
import { clockText, dayText } from "../../time.ts";
import { type Recording, viewOf } from "./recording-view.ts";
import { stateWords } from "./search-fields.ts";

const tones: Readonly<Record<Recording["state"], Tone>> = {
  recording: "live",
  complete: "good",
  partial: "warn",
  failed: "bad",
};

/** The columns, in the order of the cells of a row. */
export const columns = ["Began", "Length", "Customer", "Agent", "Called", "State", "Marks", "Recording"] as const;

/** Where the page of a recording is. */
export function pageOf(id: string): string {
  return `/recordings/${encodeURIComponent(id)}`;
}

/** One hit. `recording` is undefined while it is not there yet, null where it has been deleted meanwhile. */
export function HitRow(o: {
  id: string;
  position: number;
  recording: Recording | null | undefined;
  active: boolean;
  offset: number;
  onChoose: (position: number) => void;
  onOpen: (position: number) => void;
}) {
  const { recording, position, active } = o;
  return (
    <div
      role="row"
      id={o.id}
      class={active ? "hit active" : "hit"}
      aria-rowindex={position + 2}
      aria-selected={active}
      style={{ transform: `translateY(${o.offset}px)` }}
      onClick={() => o.onChoose(position)}
      onDblClick={() => o.onOpen(position)}
    >
      {recording === undefined || recording === null ? (
        <span role="gridcell" class="hit-none" aria-colspan={columns.length}>
          {recording === null ? "No longer there" : "…"}
        </span>
      ) : (
        <Cells recording={recording} />
      )}
    </div>
  );
}

function Cells({ recording }: { recording: Recording }) {
  const { length, customer, agent, called, marks } = viewOf(recording);
  return (
    <>
      <span role="gridcell" class="hit-began number">
        {dayText(recording.startTime)} <b>{clockText(recording.startTime)}</b>
      </span>
      <span role="gridcell" class="hit-length number">
        {length}
      </span>
      <span role="gridcell" class="hit-customer" title={customer}>
        {customer === "" ? "unknown" : customer}
      </span>
      <span role="gridcell" class="hit-agent" title={agent}>
        {agent === "" ? "unknown" : agent}
      </span>
      <span role="gridcell" class="hit-called number" title={called}>
        {called}
      </span>
      <span role="gridcell" class="hit-state">
        <Badge tone={tones[recording.state]}>{stateWords[recording.state]}</Badge>
      </span>
      <span role="gridcell" class="hit-marks" title={marks.join(", ")}>
        {marks.join(", ")}
      </span>
      <span role="gridcell" class="hit-open">
        {/* The row is reached by the arrow keys, and Enter opens it. */}
        <a href={pageOf(recording.id)} tabIndex={-1}>
          <Icon name="play" /> {recording.state === "failed" ? "Open" : "Listen"}
        </a>
      </span>
    </>
  );
}
