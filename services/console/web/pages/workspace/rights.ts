import { matchesPattern } from "@sidetone/config/pattern";

/** What a person may do with which DNs; as in the answer of `POST /api/v1/tlib-token`. */
export interface Grant {
  /** A DN, or a pattern such as `70*`. */
  readonly dns: string;
  readonly rights: readonly string[];
}

/** All rights on a DN; several grants that name it add up. */
export function rightsOn(grants: readonly Grant[], dn: string): ReadonlySet<string> {
  return new Set(grants.filter(({ dns }) => matchesPattern(dns, dn)).flatMap(({ rights }) => rights));
}

/** DNs to choose from, those that grants name in full and that may be seen; `open`: others may be typed. */
export function dnChoices(grants: readonly Grant[]): { readonly dns: readonly string[]; readonly open: boolean } {
  const seen = grants.filter(({ rights }) => rights.includes("monitor")).map(({ dns }) => dns);
  const exact = seen.filter((dns) => !dns.includes("*"));
  return { dns: Array.from(new Set(exact)).toSorted(), open: exact.length < seen.length };
}
