import { matchesPattern } from "@sidetone/config";
import type { LiveState } from "@sidetone/foundation";
import type { Visitor } from "../authentication.ts";
import { may } from "../permissions.ts";
import type { Alarm, AlarmBook } from "./alarms.ts";
import type { CallOnStage } from "./role-views.ts";

/** Everything that is live now, before anybody's rights. */
export interface Stage {
  readonly calls: ReadonlyMap<string, CallOnStage>;
  readonly agents: ReadonlyMap<string, { readonly dn: string }>;
  /** Media servers, recorders, Resource Managers, SIP Servers, consoles' roles; by kind and address. */
  readonly servers: ReadonlyMap<string, unknown>;
  readonly storages: ReadonlyMap<string, unknown>;
  /** SIP Servers, and whether their calls are known. */
  readonly feeds: ReadonlyMap<string, unknown>;
  readonly book: AlarmBook;
}

/** What a visitor sees of it: only calls, agents and alarms of their DNs; `control` names the calls whose recording is theirs to command. */
export function viewFor(visitor: Visitor, stage: Stage): LiveState {
  const sees = sightOf(visitor.scope);
  const alarm = ({ dns }: Alarm): boolean => dns === undefined || sees(dns);
  const calls = visitor.scope === undefined ? stage.calls : only(stage.calls, (call) => seesCall(visitor, call));
  return {
    calls,
    control: controlOf(visitor, calls),
    agents: visitor.scope === undefined ? stage.agents : only(stage.agents, ({ dn }) => sees([dn])),
    servers: stage.servers,
    storages: stage.storages,
    feeds: stage.feeds,
    alarms: only(stage.book.now, alarm),
    ended: only(stage.book.ended, alarm),
  };
}

/** Whether a visitor may know of a call. */
export function seesCall({ scope }: Visitor, { parties }: Pick<CallOnStage, "parties">): boolean {
  return sightOf(scope)(parties.map(({ dn }) => dn));
}

/** The DN of a call at which a visitor may command its recording; SIP Server has the last word. */
export function commandDn(visitor: Visitor, call: Pick<CallOnStage, "parties">): string | undefined {
  if (!may(visitor, "control")) return undefined;
  const patterns = visitor.grants.filter(({ rights }) => rights.includes("record")).map(({ dns }) => dns);
  return call.parties.find(
    ({ dn, kind }) => kind === "internal" && dn !== "" && patterns.some((p) => matchesPattern(p, dn)),
  )?.dn;
}

function controlOf(visitor: Visitor, calls: ReadonlyMap<string, CallOnStage>): ReadonlyMap<string, true> {
  const control = new Map<string, true>();
  if (!may(visitor, "control")) return control;
  for (const [connId, call] of calls) if (commandDn(visitor, call) !== undefined) control.set(connId, true);
  return control;
}

function sightOf(scope: readonly string[] | undefined): (dns: readonly string[]) => boolean {
  return (dns) => scope === undefined || dns.some((dn) => scope.some((pattern) => matchesPattern(pattern, dn)));
}

function only<T>(part: ReadonlyMap<string, T>, wanted: (value: T) => boolean): ReadonlyMap<string, T> {
  return new Map(Array.from(part).filter(([, value]) => wanted(value)));
}
