import { type AgentCall, type AgentCalls, pairOf } from "./workspace-calls.ts";

/** What an agent can ask for at a call. */
export type CallAction =
  | "answer"
  | "hang-up"
  | "hold"
  | "retrieve"
  | "consult"
  | "transfer"
  | "add"
  | "complete-transfer"
  | "complete-conference"
  | "alternate"
  | "reconnect"
  | "record"
  | "pause"
  | "resume"
  | "stop";

/** A button. */
export interface Offer {
  readonly action: CallAction;
  readonly label: string;
  /** Why it cannot be used now; undefined: it can. */
  readonly barred: string | undefined;
}

/** What decides beside the call. */
export interface Powers {
  readonly dn: string;
  readonly rights: ReadonlySet<string>;
  /** The session is open. */
  readonly online: boolean;
  /** A request about this call has no answer yet. */
  readonly waiting: boolean;
}

type Row = readonly [action: CallAction, label: string];

/** What makes sense at a call now, in the order of the buttons. */
export function callOffers(calls: AgentCalls, call: AgentCall, powers: Powers): readonly Offer[] {
  return rows(calls, call).map(([action, label]) => ({ action, label, barred: whyNot("control", powers) }));
}

function rows(calls: AgentCalls, call: AgentCall): readonly Row[] {
  const pair = pairOf(calls, call);
  switch (call.state) {
    case "Alerting":
      return [
        ["answer", "Answer"],
        ["hang-up", "Decline"],
      ];
    case "Dialing":
      if (pair?.consult === call) {
        return [
          ["complete-transfer", "Transfer now"],
          ["reconnect", `End, back to ${nameOf(pair.first)}`],
        ];
      }
      return [["hang-up", "Cancel"]];
    case "Held":
      // Of two that belong together the active one has the buttons.
      if (pair !== undefined && isUp(pair.first) && isUp(pair.consult) && pair.first.state !== pair.consult.state)
        return [];
      if (pair?.first === call && pair.consult.state === "Dialing") return [];
      return [
        ["retrieve", "Retrieve"],
        ["hang-up", "Hang up"],
      ];
    case "Connected":
      return pair === undefined ? connectedRows(call) : pairRows(pair.first, pair.consult, call);
    default:
      return [["hang-up", "Hang up"]];
  }
}

function connectedRows(call: AgentCall): readonly Row[] {
  return [
    ["hold", "Hold"],
    ["transfer", "Transfer"],
    ["consult", "Consult"],
    ["add", call.conference ? "Add another" : "Conference"],
    ["hang-up", call.conference ? "Leave" : "Hang up"],
  ];
}

function pairRows(first: AgentCall, consult: AgentCall, active: AgentCall): readonly Row[] {
  const held = active === first ? consult : first;
  return [
    ["complete-transfer", `Connect ${nameOf(first)} with ${nameOf(consult)}`],
    ["complete-conference", "Conference all"],
    ["alternate", `Talk to ${nameOf(held)}`],
    active === consult ? ["reconnect", `End, back to ${nameOf(first)}`] : ["hang-up", "Hang up"],
  ];
}

function isUp(call: AgentCall): boolean {
  return call.state === "Connected" || call.state === "Held";
}

function nameOf(call: AgentCall): string {
  return call.others.length === 1 ? (call.others[0] ?? "") : call.conference ? "the conference" : "the caller";
}

/** What can be asked of the recording, from what `GSIP_RECORD` says. Only who is up in a call can. */
export function recordingOffers(call: AgentCall, powers: Powers): readonly Offer[] {
  if (!isUp(call)) return [];
  const barred = whyNot("record", powers);
  const rows: readonly Row[] =
    call.recording.state === "On"
      ? [
          ["pause", "Pause recording"],
          ["stop", "Stop"],
        ]
      : call.recording.state === "Paused"
        ? [
            ["resume", "Resume recording"],
            ["stop", "Stop"],
          ]
        : [["record", "Record"]];
  return rows.map(([action, label]) => ({ action, label, barred }));
}

/** Why something cannot be done now; undefined: it can. */
export function whyNot(right: string, powers: Powers): string | undefined {
  if (!powers.online) return "The connection is lost.";
  if (!powers.rights.has(right)) return `You lack the right “${right}” on DN ${powers.dn}.`;
  return powers.waiting ? "The last request has no answer yet." : undefined;
}
