import type { ClientEvent } from "@sidetone/tlib/client";
import { type AgentShown, agentAfter, unknownAgent } from "./agent-state.ts";
import { type ErrorText, errorText } from "./error-words.ts";
import type { Grant } from "./rights.ts";
import { afterEvent, type AgentCall, type AgentCalls, othersText } from "./workspace-calls.ts";

/** The way to T-Library. */
export type Link =
  /** No DN is chosen. */
  | { readonly kind: "idle" }
  | { readonly kind: "connecting" }
  | { readonly kind: "up" }
  /** It comes back by itself; what is shown is as it was at `since`, ms since 1970. */
  | { readonly kind: "lost"; readonly reason: string; readonly since: number }
  /** Nothing more is tried. */
  | { readonly kind: "refused"; readonly error: ErrorText };

/** Who the person is at T-Library; from the answer of `POST /api/v1/tlib-token`. */
export interface Person {
  readonly user: string;
  readonly grants: readonly Grant[];
  /** A pause of this length is too long; ms. */
  readonly pauseReminderMs: number;
}

/** Everything that the workspace shows. */
export interface WorkspaceState {
  readonly person: Person | undefined;
  readonly dn: string | undefined;
  readonly link: Link;
  readonly agent: AgentShown;
  readonly calls: AgentCalls;
  /** What has been asked for and not been answered: a ConnID, `call` (a new one) or `agent`, with the number of requests. */
  readonly waiting: ReadonlyMap<string, number>;
  /** The last refusal, by the same names. */
  readonly errors: ReadonlyMap<string, ErrorText>;
  /** How the last call that is gone ended. */
  readonly ended: { readonly text: string; readonly at: number } | undefined;
}

/** What happens to it. `about` is a name of `waiting`; times are ms since 1970. */
export type WorkspaceInput =
  | { readonly kind: "person"; readonly person: Person }
  | { readonly kind: "chosen"; readonly dn: string | undefined }
  | { readonly kind: "connected" }
  | { readonly kind: "lost"; readonly reason: string; readonly at: number }
  | { readonly kind: "refused"; readonly name: string; readonly message: string }
  | { readonly kind: "event"; readonly event: ClientEvent; readonly at: number }
  | { readonly kind: "asked"; readonly about: string }
  | { readonly kind: "answered"; readonly about: string }
  | { readonly kind: "failed"; readonly about: string; readonly name: string; readonly message: string }
  | { readonly kind: "dismissed"; readonly about: string };

/** Before anything is known. */
export const blank: WorkspaceState = {
  person: undefined,
  dn: undefined,
  link: { kind: "idle" },
  agent: unknownAgent,
  calls: new Map(),
  waiting: new Map(),
  errors: new Map(),
  ended: undefined,
};

/** The state after an input. Pure. */
export function next(state: WorkspaceState, input: WorkspaceInput): WorkspaceState {
  switch (input.kind) {
    case "person":
      return { ...state, person: input.person };
    case "chosen":
      return {
        ...blank,
        person: state.person,
        dn: input.dn,
        link: input.dn === undefined ? { kind: "idle" } : { kind: "connecting" },
      };
    case "connected":
      return state.dn === undefined ? state : { ...state, link: { kind: "up" } };
    case "lost":
      return lost(state, input.reason, input.at);
    case "refused":
      return { ...blank, person: state.person, dn: state.dn, link: refusedLink(input.name, input.message) };
    case "event":
      return afterTold(state, input.event, input.at);
    case "asked": {
      const waiting = new Map(state.waiting).set(input.about, (state.waiting.get(input.about) ?? 0) + 1);
      return { ...state, waiting, errors: without(state.errors, input.about) };
    }
    case "answered":
      return { ...state, waiting: oneLess(state.waiting, input.about) };
    case "failed":
      return {
        ...state,
        waiting: oneLess(state.waiting, input.about),
        errors: new Map(state.errors).set(
          placeOf(state, input.about),
          errorText(input.name, input.message, input.about),
        ),
      };
    case "dismissed":
      return { ...state, errors: without(state.errors, input.about) };
  }
}

/** Calls stay as they were: the connection usually comes back within a second. */
function lost(state: WorkspaceState, reason: string, at: number): WorkspaceState {
  if (state.dn === undefined || state.link.kind === "refused") return state;
  const since = state.link.kind === "lost" ? state.link.since : at;
  return { ...state, link: { kind: "lost", reason, since } };
}

function refusedLink(name: string, message: string): Link {
  return { kind: "refused", error: errorText(name, message) };
}

function afterTold(state: WorkspaceState, event: ClientEvent, at: number): WorkspaceState {
  const { dn } = state;
  if (dn === undefined) return state;
  const failed = event.message === "Reset" ? event.failed.get(dn) : undefined;
  if (failed !== undefined) {
    return { ...blank, person: state.person, dn, link: refusedLink(failed.name, failed.message) };
  }
  const calls = afterEvent(state.calls, event, dn, at);
  const agent = agentAfter(state.agent, event, dn);
  const gone = Array.from(state.calls.values()).filter(({ connId }) => !calls.has(connId));
  let { errors, ended } = state;
  for (const call of gone) {
    errors = without(errors, call.connId);
    ended = { text: endText(call, event), at };
  }
  return { ...state, calls, agent, errors, ended };
}

/** A refusal about a call that is gone by now is told where new calls are made. */
function placeOf(state: WorkspaceState, about: string): string {
  return about === "agent" || state.calls.has(about) ? about : "call";
}

const endings: Readonly<Record<string, (who: string) => string>> = {
  Busy: (who) => `${who} is busy.`,
  NoAnswer: (who) => `${who} does not answer.`,
  SitInvalidNum: (who) => `${who} is not a number that can be reached.`,
  GeneralError: (who) => `${who} could not be reached.`,
  Transferred: (who) => `You have transferred ${who}.`,
  Conferenced: (who) => `${who} is in the conference now.`,
  RemoteRelease: (who) => `${who} has hung up.`,
};

function endText(call: AgentCall, event: ClientEvent): string {
  const who = othersText(call);
  if (event.message === "Reset" || event.message === "EventRegistered")
    return `The call with ${who} has ended while the connection was lost.`;
  if (event.message === "EventAbandoned") return `${who} gave up before you answered.`;
  if (event.message === "EventPartyChanged") return `The consultation with ${who} has become the call.`;
  const state = event.message === "EventReleased" ? event.attributes.CallState : undefined;
  const how = state === undefined ? undefined : endings[state];
  return how === undefined ? `The call with ${who} has ended.` : how(who);
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  if (!map.has(key)) return map;
  const after = new Map(map);
  after.delete(key);
  return after;
}

function oneLess(waiting: ReadonlyMap<string, number>, about: string): ReadonlyMap<string, number> {
  const left = (waiting.get(about) ?? 0) - 1;
  return left > 0 ? new Map(waiting).set(about, left) : without(waiting, about);
}
