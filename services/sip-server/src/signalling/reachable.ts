import type { DnConfig } from "@sidetone/config";
import { fail, ok, type Result } from "@sidetone/foundation";
import { type Credentials, parseUri } from "@sidetone/sip";
import { resolveNumber } from "./destination.ts";
import { isExternal } from "./party-number.ts";
import type { RingTarget } from "./ring-target.ts";
import type { ServerContext } from "./server-context.ts";

/** How many default destinations may follow each other. */
const MAX_REDIRECTIONS = 5;

/** Who is called where a DN is dialled, and what rings. */
export interface Reached {
  readonly called: DnConfig;
  /** The number that was dialled; where a default destination leads out, that of the called party. */
  readonly calledNumber: string;
  readonly targets: readonly RingTarget[];
}

/** As `reachable`; a call to a routing point waits there. */
export function reachableOrQueue(context: ServerContext, dn: DnConfig, number: string): Result<Reached> {
  return dn.type === "routing-point"
    ? ok({ called: dn, calledNumber: number, targets: [] })
    : reachable(context, dn, number);
}

/** Who rings where a DN is dialled, and the contacts; fails with why nobody does. Of a routing point its default destination. */
export function reachable(context: ServerContext, dn: DnConfig, number: string): Result<Reached> {
  const last = followDefaults(context, dn, number);
  if (last === undefined) return fail("No Destination");
  const targets = ringTargets(context, last.dn, last.number);
  if (targets.length === 0) return fail("Not Registered");
  return ok({ called: asGroup(context, last.dn), calledNumber: isExternal(last.dn) ? last.number : number, targets });
}

/** A routing point without a strategy sends its calls to its default destination: a DN, or a number behind a trunk's prefix. */
function followDefaults(
  { directory }: ServerContext,
  dn: DnConfig,
  number: string,
): { readonly dn: DnConfig; readonly number: string } | undefined {
  let current = { dn, number };
  for (let i = 0; i < MAX_REDIRECTIONS && current.dn.type === "routing-point"; i += 1) {
    const next = current.dn.defaultDestination;
    const found = next === undefined ? undefined : resolveNumber(next, directory);
    if (found?.kind !== "dn") return undefined;
    current = found;
  }
  return current.dn.type === "routing-point" ? undefined : current;
}

/** R1: a group's calls are recorded where the group or the trunk that they take asks for it; which one that is nobody knows yet. */
function asGroup({ directory }: ServerContext, dn: DnConfig): DnConfig {
  if (dn.type !== "trunk-group" || dn.record) return dn;
  const some = dn.members?.some((name) => directory.dn(name)?.record === true) === true;
  return some ? { ...dn, record: true } : dn;
}

function ringTargets(context: ServerContext, called: DnConfig, number: string): readonly RingTarget[] {
  if (called.type === "trunk") return trunkTarget(context, called, `${called.replacePrefix ?? ""}${number}`);
  if (called.type === "trunk-group") {
    return context.trunks.order(called).flatMap((member, turn) => {
      const shown = `${member.replacePrefix ?? called.replacePrefix ?? ""}${number}`;
      return trunkTarget(context, member, shown).map((target) => ({ ...target, turn }));
    });
  }
  if (called.contact === undefined) return context.contactsOf(called.dn);
  const uri = uriAt(called.contact, called.dn);
  return uri === undefined ? [] : [{ uri, destination: { uri } }];
}

function trunkTarget({ trunks }: ServerContext, trunk: DnConfig, number: string): readonly RingTarget[] {
  const uri = trunk.contact === undefined ? undefined : uriAt(trunk.contact, number);
  if (uri === undefined) return [];
  const { dn } = trunk;
  const credentials = trunkCredentials(trunk);
  const target = { uri, destination: { uri }, trunk: dn, acquire: () => trunks.acquire(dn) };
  return [credentials === undefined ? target : { ...target, credentials }];
}

/** What a challenge of a trunk is answered with; undefined where it has no password, and for other DNs. */
export function trunkCredentials({ type, dn, user, password }: DnConfig): Credentials | undefined {
  return type === "trunk" && password !== undefined ? { username: user ?? dn, password } : undefined;
}

/** The address of a contact with another user part. */
function uriAt(contact: string, user: string): string | undefined {
  const parsed = parseUri(contact);
  if (!parsed.ok) return undefined;
  const { scheme, host, port, params } = parsed.value;
  const hostport = `${host.includes(":") ? `[${host}]` : host}${port === undefined ? "" : `:${port}`}`;
  return `${scheme}:${encodeURIComponent(user)}@${hostport}${params.toString()}`;
}
