import type { DnConfig } from "@sidetone/config";
import { fail, ok, type Result } from "@sidetone/foundation";
import { parseUri } from "@sidetone/sip";
import { isExternal } from "./party-number.ts";
import type { RingTarget } from "./ringing.ts";
import type { ServerContext } from "./server-context.ts";

/** How many default destinations may follow each other. */
const MAX_REDIRECTIONS = 5;

/** Who rings where a DN is dialled, and the contacts; fails with why nobody does. */
export function reachable(
  context: ServerContext,
  dn: DnConfig,
  number: string,
): Result<{ readonly called: DnConfig; readonly targets: readonly RingTarget[] }> {
  const called = followDefaults(dn, context.config.dns);
  if (called === undefined) return fail("No Destination");
  const targets = ringTargets(context, called, number);
  return targets.length === 0 ? fail("Not Registered") : ok({ called, targets });
}

/** A routing point without a strategy sends its calls to its default destination. */
function followDefaults(dn: DnConfig, dns: ReadonlyMap<string, DnConfig>): DnConfig | undefined {
  let current: DnConfig | undefined = dn;
  for (let i = 0; i < MAX_REDIRECTIONS && current?.type === "routing-point"; i += 1) {
    current = current.defaultDestination === undefined ? undefined : dns.get(current.defaultDestination);
  }
  return current?.type === "routing-point" ? undefined : current;
}

function ringTargets(context: ServerContext, called: DnConfig, number: string): readonly RingTarget[] {
  if (called.contact === undefined) return context.contactsOf(called.dn);
  const contact = parseUri(called.contact);
  if (!contact.ok) return [];
  const { host, port, params } = contact.value;
  const hostport = `${host.includes(":") ? `[${host}]` : host}${port === undefined ? "" : `:${port}`}`;
  const user = isExternal(called) ? number : called.dn;
  const uri = `${contact.value.scheme}:${encodeURIComponent(user)}@${hostport}${params.toString()}`;
  return [{ uri, destination: { uri } }];
}
