import { matchesPattern } from "@sidetone/config";
import { maxScopePatterns } from "./limits.ts";
import { badQuery } from "./query.ts";

/** Header by which the console narrows what a person sees to their DNs; only it, and programs with the token, can ask here. */
export const scopeHeader = "x-sidetone-dns";

/** The DNs that an asker may see; undefined: all. */
export interface Scope {
  readonly patterns: readonly string[] | undefined;
  /** One of the DNs is among them. */
  sees(dns: Iterable<string>): boolean;
}

const everything: Scope = { patterns: undefined, sees: () => true };

/**
 * Reads `x-sidetone-dns: 70*, 8001`, patterns of grants. An empty one sees nothing: it only ever narrows.
 * @throws SidetoneError `bad-query` (400) where there are more than any person has
 */
export function readScope(headers: Readonly<Record<string, string | readonly string[] | undefined>>): Scope {
  const value = headers[scopeHeader];
  if (value === undefined) return everything;
  const text = typeof value === "string" ? value : value.join(",");
  const patterns = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (patterns.length > maxScopePatterns)
    throw badQuery(`${scopeHeader} has more than ${maxScopePatterns} patterns`, "Name the DNs by fewer patterns.");
  const sees = (dns: Iterable<string>): boolean => {
    for (const dn of dns) if (patterns.some((pattern) => matchesPattern(pattern, dn))) return true;
    return false;
  };
  return { patterns, sees };
}
