import { Component } from "preact";
import { Badge } from "../../parts/badge.tsx";
import { Icon } from "../../parts/icon.tsx";
import { can } from "../../session.ts";
import { CallControls } from "./call-controls.tsx";
import { listener } from "./listen/live-listener.ts";
import type { LiveCall } from "./live-types.ts";
import { callState, partiesText, partyName, partyState, recordingWords, sideNames } from "./live-words.ts";
import { Ticking } from "./ticking.tsx";

const columns = ["Parties", "State", "Queue", "Duration", "Recording", "Control"] as const;

/** Calls now: a table, on small screens a card for each. Roles are said, since a style that makes cards of rows takes them away. */
export function CallsTable(o: { calls: readonly LiveCall[]; control: ReadonlyMap<string, true> }) {
  return (
    <table class="calls-table" role="table" aria-labelledby="calls-title">
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((name) => (
            <th key={name} role="columnheader" scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {o.calls.map((call) => (
          <CallRow key={call.connId} call={call} control={o.control.has(call.connId)} />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  readonly call: LiveCall;
  readonly control: boolean;
}

/** Drawn again only when its own call has changed: there may be hundreds beside it. */
class CallRow extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    return next.call !== this.props.call || next.control !== this.props.control;
  }

  override render() {
    const { call, control } = this.props;
    const words = recordingWords(call);
    return (
      <tr role="row" id={`call-${call.connId}`} data-record={words.state}>
        <td role="cell" data-label="Parties">
          <ul class="call-parties">
            {call.parties
              .filter(({ dn, kind }) => dn !== call.queue?.dn || kind === "external")
              .map((party) => (
                <li key={party.id}>
                  <strong>{partyName(party)}</strong> <span class="party-state">{partyState(party)}</span>
                </li>
              ))}
          </ul>
          <a class="call-link" href={`/calls/${encodeURIComponent(call.callUuid)}`}>
            {call.callType.toLowerCase()} call<span class="visually-hidden"> of {partiesText(call)}: its journal</span>
          </a>
        </td>
        <td role="cell" data-label="State">
          {callState(call)}
        </td>
        <td role="cell" data-label="Queue">
          {call.queue === null ? <span class="hint">none</span> : call.queue.dn}
        </td>
        <td role="cell" data-label="Duration">
          <Ticking since={call.createdTime} />
        </td>
        <td role="cell" data-label="Recording">
          <Badge tone={words.tone}>{words.text}</Badge>
          <span class="call-cause">{words.cause}</span>
          {call.recording.fileName !== null && <span class="call-file mono">{call.recording.fileName}</span>}
        </td>
        <td role="cell" data-label="Control">
          {control && <CallControls call={call} />}
          <ListenButton call={call} />
        </td>
      </tr>
    );
  }
}

function ListenButton({ call }: { call: LiveCall }) {
  const { id, state } = call.recording;
  if (!can("listen-live") || id === null || (state !== "On" && state !== "Paused")) return null;
  const listening = listener.recording.value?.id === id;
  return (
    <button
      type="button"
      class="listen-button"
      aria-pressed={listening}
      aria-label={`${listening ? "Listening" : "Listen"} to the call of ${partiesText(call)}`}
      onClick={() => (listening ? listener.stop() : void listener.start({ id, sides: sideNames(call) }))}
    >
      <Icon name="headset" /> {listening ? "Listening" : "Listen"}
    </button>
  );
}
