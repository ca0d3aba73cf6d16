import { isToken } from "@sidetone/sip";
import type { RecordingFacts } from "./facts.ts";
import { namedIn, type SessionOf } from "./target.ts";

/** Names that are headers of ours, or of the Resource Manager's, behind `X-`. Lower case. */
const ours = ["resource-", "genesys-"];

/**
 * What a recorder of `protocol: request-uri` knows by name: the numbers and the generic parameters (R7) of its Request-URI,
 * and what has been added to them.
 */
export function wordsOf(facts: RecordingFacts, of: Pick<SessionOf, "party">): ReadonlyMap<string, string> {
  const { dn, otherDn, recordDn } = namedIn(facts, of);
  const named: readonly (readonly [string, string | undefined])[] = [
    ["dn", dn],
    ["otherdn", otherDn],
    ["recorddn", recordDn],
  ];
  return new Map([
    ...named.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    ...facts.userParams,
  ]);
}

/** Headers `X-<name>` of a re-INVITE or BYE: what is new or has changed since. What cannot be a header is left out. */
export function changeHeaders(told: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): [string, string][] {
  return Array.from(now)
    .filter(([name, value]) => told.get(name) !== value && isToken(name))
    .filter(([name]) => !ours.some((prefix) => name.toLowerCase().startsWith(prefix)))
    .map(([name, value]) => [
      `X-${name}`,
      Array.from(value, (c) => (c < " " ? " " : c))
        .join("")
        .trim(),
    ]);
}
