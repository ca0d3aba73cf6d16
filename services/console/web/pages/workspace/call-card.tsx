import { useId, useState } from "preact/hooks";
import { Badge, type Tone } from "../../parts/badge.tsx";
import { Icon, type IconName } from "../../parts/icon.tsx";
import { durationText } from "../../time.ts";
import { type CallAction, callOffers, type Offer, type Powers } from "./call-actions.ts";
import { CallData } from "./call-data.tsx";
import type { PauseKey } from "./pause-key.ts";
import { RecordingPanel } from "./recording-panel.tsx";
import { RefusalNote } from "./refusal-note.tsx";
import { rightsOn } from "./rights.ts";
import { TargetForm } from "./target-form.tsx";
import { type AgentCall, othersText, pairOf } from "./workspace-calls.ts";
import type { Workspace } from "./workspace.ts";

const states: Readonly<Record<string, readonly [text: string, tone: Tone]>> = {
  Alerting: ["Ringing", "live"],
  Dialing: ["Dialling", "plain"],
  Connected: ["Talking", "good"],
  Held: ["On hold", "warn"],
  Busy: ["Not reached", "bad"],
};

/** Actions that need a number first, and what their form says. */
const needTarget: Partial<Record<CallAction, string>> = {
  consult: "Consult",
  transfer: "Transfer",
  add: "Add to the call",
};

const icons: Partial<Record<CallAction, IconName>> = {
  answer: "phone",
  hold: "pause",
  retrieve: "play",
  "hang-up": "close",
};

/** One call of the agent: who, since when, recording, and what can be done with it now. */
export function CallCard(o: { workspace: Workspace; call: AgentCall; now: number; pauseKey: PauseKey }) {
  const { workspace, call } = o;
  const id = useId();
  const { dn = "", person, link, waiting, errors, calls } = workspace.state.value;
  const [target, setTarget] = useState<CallAction | undefined>(undefined);
  const powers: Powers = {
    dn,
    rights: rightsOn(person?.grants ?? [], dn),
    online: link.kind === "up",
    waiting: (waiting.get(call.connId) ?? 0) > 0,
  };
  const offers = callOffers(calls, call, powers);
  const targetOffer = offers.find(({ action }) => action === target);
  const ask = (action: CallAction, to?: string): void => {
    setTarget(undefined);
    const { connId } = call;
    void workspace.ask(to === undefined ? { kind: "call", action, connId } : { kind: "call", action, connId, to });
  };
  const press = (action: CallAction): void => {
    if (needTarget[action] === undefined) ask(action);
    else setTarget(target === action ? undefined : action);
  };
  const [stateText, tone] =
    call.conference && call.state === "Connected" ? conference : (states[call.state] ?? other(call));
  return (
    <article class={`panel call ${call.state.toLowerCase()}`} aria-labelledby={id}>
      <header class="call-head">
        <div>
          <h2 id={id}>{call.state === "Alerting" ? `${othersText(call)} calls` : othersText(call)}</h2>
          <p class="call-facts">{factsText(call, pairOf(calls, call)?.consult === call)}</p>
        </div>
        <p class="call-state">
          <Badge tone={tone}>{stateText}</Badge> <span class="number">{durationText(o.now - call.since)}</span>
        </p>
      </header>
      {call.state !== "Alerting" && call.state !== "Dialing" && (
        <RecordingPanel workspace={workspace} call={call} powers={powers} now={o.now} pauseKey={o.pauseKey} />
      )}
      {offers.length > 0 && (
        <div class="call-buttons">
          {offers.map((offer) => (
            <ActionButton key={offer.action} offer={offer} open={target === offer.action} onPress={press} />
          ))}
        </div>
      )}
      {targetOffer !== undefined && (
        <TargetForm
          label={needTarget[targetOffer.action] ?? ""}
          barred={targetOffer.barred}
          onCancel={() => setTarget(undefined)}
          onTarget={(to) => ask(targetOffer.action, to)}
        />
      )}
      {call.state === "Dialing" && call.others.length > 0 && call.callType !== "Consult" && (
        <p class="hint">If your own phone rings, pick it up: it dials then.</p>
      )}
      <RefusalNote error={errors.get(call.connId)} onDismiss={() => workspace.dismiss(call.connId)} />
      {call.conference && <Participants workspace={workspace} call={call} barred={offers[0]?.barred} />}
      <CallData workspace={workspace} call={call} powers={powers} />
    </article>
  );
}

const conference: readonly [string, Tone] = ["Conference", "good"];

function other(call: AgentCall): readonly [string, Tone] {
  return [call.state, "plain"];
}

function factsText(call: AgentCall, consultation: boolean): string {
  const facts = [consultation ? "Consultation" : `${call.callType} call`];
  if (call.queue !== undefined) facts.push(`over ${call.queue}`);
  if (call.dnis !== undefined) facts.push(`dialled ${call.dnis}`);
  return facts.join(", ");
}

function ActionButton(o: { offer: Offer; open: boolean; onPress: (action: CallAction) => void }) {
  const { action, label, barred } = o.offer;
  const icon = icons[action];
  const kind = action === "answer" || action === "retrieve" ? "primary" : action === "hang-up" ? "danger" : "";
  const opens = needTarget[action] !== undefined;
  return (
    <button
      type="button"
      class={kind}
      disabled={barred !== undefined}
      title={barred}
      aria-expanded={opens ? o.open : undefined}
      onClick={() => o.onPress(action)}
    >
      {icon !== undefined && <Icon name={icon} />} {label}
    </button>
  );
}

/** Who is in a conference, each with the way out. */
function Participants(o: { workspace: Workspace; call: AgentCall; barred: string | undefined }) {
  return (
    <ul class="participants" aria-label="In the conference">
      {o.call.others.map((other) => (
        <li key={other}>
          <span>{other}</span>
          <button
            type="button"
            class="quiet"
            disabled={o.barred !== undefined}
            title={o.barred}
            onClick={() => void o.workspace.ask({ kind: "put-out", connId: o.call.connId, other })}
          >
            Put out<span class="visually-hidden"> {other}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
