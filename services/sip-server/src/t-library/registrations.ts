import { type Result, fail, ok } from "@sidetone/foundation";
import type { RegisterMode } from "@sidetone/tlib";
import { maxRegistrations } from "./limits.ts";

/** Why a DN is not registered for a session. */
export type RegistrationRefusal = "ResourceSeized" | "TooManyRequests";

/**
 * Which sessions see which DNs.
 *
 * ModeShare: any number of sessions. ModeMonitor: the same, but the session may only look. ModePrivate: one session alone;
 * it is refused where another has the DN, and while it holds the DN every other is.
 */
export class Registrations<Session> {
  readonly #byDn = new Map<string, Map<Session, RegisterMode>>();
  readonly #bySession = new Map<Session, Set<string>>();

  /** Registering again changes the mode. */
  register(session: Session, dn: string, mode: RegisterMode): Result<undefined, RegistrationRefusal> {
    const holders = this.#byDn.get(dn);
    if (holders !== undefined) {
      for (const [other, held] of holders) {
        if (other !== session && (mode === "ModePrivate" || held === "ModePrivate")) return fail("ResourceSeized");
      }
    }
    const dns = this.#bySession.get(session) ?? new Set();
    if (!dns.has(dn) && dns.size >= maxRegistrations) return fail("TooManyRequests");
    this.#bySession.set(session, dns.add(dn));
    if (holders === undefined) this.#byDn.set(dn, new Map([[session, mode]]));
    else holders.set(session, mode);
    return ok(undefined);
  }

  /** False where it was not registered. */
  unregister(session: Session, dn: string): boolean {
    const holders = this.#byDn.get(dn);
    if (holders === undefined || !holders.delete(session)) return false;
    if (holders.size === 0) this.#byDn.delete(dn);
    const dns = this.#bySession.get(session);
    dns?.delete(dn);
    if (dns?.size === 0) this.#bySession.delete(session);
    return true;
  }

  /** The session has ended. */
  drop(session: Session): void {
    for (const dn of Array.from(this.#bySession.get(session) ?? [])) this.unregister(session, dn);
  }

  modeOf(session: Session, dn: string): RegisterMode | undefined {
    return this.#byDn.get(dn)?.get(session);
  }

  /** Whether any session sees a DN. */
  has(dn: string): boolean {
    return this.#byDn.has(dn);
  }

  /** The sessions that see a DN, in the order of their registration. */
  of(dn: string): Iterable<Session> {
    return this.#byDn.get(dn)?.keys() ?? [];
  }

  /** How many sessions have at least one DN, and registrations altogether. */
  counts(): { readonly dns: number; readonly registrations: number } {
    let registrations = 0;
    for (const dns of this.#bySession.values()) registrations += dns.size;
    return { dns: this.#byDn.size, registrations };
  }
}
