import { type GrantConfig, matchesPattern } from "@sidetone/config";
import type { KVList, RequestName } from "@sidetone/tlib";

/** A verb of a grant (tlib-wire.md, "Rights"). */
export type Right = GrantConfig["rights"][number];

/** R20, R21: indications of the system, which every application sees. */
const systemPrefix = "GSIP_";

/** The right that a request needs on its ThisDN. Queries of the server itself need none. */
export const rightOf: ReadonlyMap<RequestName, Right> = new Map([
  ["RequestRegisterAddress", "monitor"],
  ["RequestQueryAddress", "monitor"],
  ["RequestQueryCall", "monitor"],
  ["RequestAgentLogin", "control"],
  ["RequestAgentLogout", "control"],
  ["RequestAgentReady", "control"],
  ["RequestAgentNotReady", "control"],
  ["RequestMakeCall", "control"],
  ["RequestAnswerCall", "control"],
  ["RequestReleaseCall", "control"],
  ["RequestHoldCall", "control"],
  ["RequestRetrieveCall", "control"],
  ["RequestAttachUserData", "userdata"],
  ["RequestUpdateUserData", "userdata"],
  ["RequestDeletePair", "userdata"],
  ["RequestDeleteUserData", "userdata"],
  ["RequestPrivateService", "record"],
  ["RequestRouteCall", "route"],
]);

/**
 * What an application may do with which DN, and which user data it sees. Default none. Several grants that name a DN add
 * up.
 */
export class Rights {
  readonly #grants: readonly GrantConfig[];
  readonly #keys: readonly string[] | undefined;
  readonly #known = new Map<string, ReadonlySet<Right>>();
  /** Where it sees all keys undefined, else a name for what it sees: applications of one name see the same. */
  readonly view: string | undefined;

  /** @param keys patterns of the user data keys that the application sees; undefined = all. */
  constructor(grants: readonly GrantConfig[], keys: readonly string[] | undefined) {
    this.#grants = grants;
    this.#keys = keys;
    this.view = keys === undefined ? undefined : JSON.stringify(keys);
  }

  may(right: Right, dn: string): boolean {
    return this.#of(dn).has(right);
  }

  /** Whether the application sees a key of the user data. */
  sees(key: string): boolean {
    return key.startsWith(systemPrefix) || this.#allowed(key);
  }

  /** Whether the application may write a key that is not the system's own (R22). */
  writes(key: string): boolean {
    return this.#allowed(key);
  }

  /** The part of a call's user data that the application sees. */
  shown(userData: KVList): KVList {
    if (this.#keys === undefined) return userData;
    return Object.fromEntries(Object.entries(userData).filter(([key]) => this.sees(key)));
  }

  #allowed(key: string): boolean {
    return this.#keys === undefined || this.#keys.some((pattern) => matchesPattern(pattern, key));
  }

  #of(dn: string): ReadonlySet<Right> {
    const known = this.#known.get(dn);
    if (known !== undefined) return known;
    const rights = new Set(this.#grants.filter(({ dns }) => matchesPattern(dns, dn)).flatMap((grant) => grant.rights));
    if (this.#known.size < 10_000) this.#known.set(dn, rights);
    return rights;
  }
}
