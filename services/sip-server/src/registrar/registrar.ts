import type { SipServerConfig } from "@sidetone/config";
import { type Cancel, type Clock, Events, type Logger, errorText, rfc3339 } from "@sidetone/foundation";
import type { ServerTransaction } from "@sidetone/sip";
import type { Storage } from "../storage/storage.ts";
import type { Authenticator } from "./authenticator.ts";
import { loadBindings, saveBindings } from "./binding-store.ts";
import { applyRegister } from "./bindings.ts";
import { contactOf } from "./contact-destination.ts";
import { sweepMs } from "./limits.ts";
import { type RegisterAnswer, registerInput, registerOk, registerRefused } from "./register-request.ts";
import type { Binding, Contact, RegistrationView } from "./types.ts";

/** `changed`: a DN's first contact came, or its last one went, or its contacts changed. */
export interface RegistrarEvents extends Record<string, unknown[]> {
  changed: [{ readonly dn: string; readonly registered: boolean }];
}

export interface RegistrarOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly storage: Storage;
  readonly authenticator: Authenticator;
  readonly config: Pick<SipServerConfig, "domain" | "dns" | "options">;
}

/** RFC 3261 10: keeps where each DN's phones are, on the disk too (R33). */
export class Registrar {
  readonly id = "registrar";
  readonly events: Events<RegistrarEvents>;
  readonly #o: RegistrarOptions;
  readonly #bindings: Map<string, readonly Binding[]>;
  readonly #stopSweep: Cancel;
  #closed = false;
  #unsaved = 0;

  private constructor(o: RegistrarOptions, bindings: Map<string, readonly Binding[]>) {
    this.#o = o;
    this.#bindings = bindings;
    this.events = new Events((error, event) => o.log.error({ error, event }, "a listener of the registrar failed"));
    this.#stopSweep = o.clock.every(sweepMs, () => this.#sweep());
  }

  /** Starts with the registrations that the last run left. */
  static async open(o: RegistrarOptions): Promise<Registrar> {
    return new Registrar(o, await loadBindings(o.storage, o.clock.wallMicros(), o.config.dns));
  }

  /** Answers a REGISTER; the 200 goes out when the bindings are on the disk. */
  handleRegister(tx: ServerTransaction): void {
    const { clock, config, authenticator, log } = this.#o;
    const input = registerInput(tx, config.domain, clock.wallMicros());
    if (!input.ok && input.error.status === 404) return respond(tx, input.error);
    const auth = authenticator.check(tx.request, tx.flow);
    if (auth.kind === "challenge") return tx.respond(auth.status, { headers: auth.headers });
    if (auth.kind === "refused") {
      const headers = auth.retryAfter === undefined ? [] : [["Retry-After", String(auth.retryAfter)] as const];
      return tx.respond(auth.status, { reason: auth.reason, headers });
    }
    if (!input.ok) return respond(tx, input.error);
    if (auth.dn !== input.value.dn) return tx.respond(403, { reason: "Only The DN Itself May Register" });
    const before = this.#alive(auth.dn);
    const applied = applyRegister(before, input.value, config.options);
    if (!applied.ok) return respond(tx, registerRefused(applied.error));
    const answer = registerOk(applied.value, clock.wallMicros());
    if (input.value.contacts.length === 0) return respond(tx, answer);
    this.#set(auth.dn, before, applied.value);
    log.info(
      { dn: auth.dn, contacts: applied.value.length, callId: input.value.callId, source: tx.flow.remote.host },
      "registered",
    );
    saveBindings(this.#o.storage, auth.dn, applied.value)
      .catch((error: unknown) => {
        // The phone can be called now: that it would be forgotten by a restart is no reason to send it away.
        this.#unsaved += 1;
        log.error({ dn: auth.dn, error: errorText(error) }, "a registration is not on the disk");
      })
      .finally(() => respond(tx, answer))
      .catch((error: unknown) =>
        log.error({ dn: auth.dn, error: errorText(error) }, "a REGISTER could not be answered"),
      );
  }

  /** The contacts of a DN that can be called now, the preferred ones first; those of equal `q` in the order of their registration. */
  lookup(dn: string): Contact[] {
    const contacts: Contact[] = [];
    for (const binding of this.#alive(dn)) {
      const contact = contactOf(binding);
      if (contact !== undefined) contacts.push(contact);
    }
    return contacts.sort((a, b) => b.q - a.q);
  }

  isRegistered(dn: string): boolean {
    return this.#alive(dn).length > 0;
  }

  /** Every contact of every DN, without secrets. */
  list(): RegistrationView[] {
    const views: RegistrationView[] = [];
    for (const dn of this.#bindings.keys()) {
      for (const binding of this.#alive(dn)) views.push(view(binding));
    }
    return views;
  }

  /** DNs and contacts that are registered, and registrations that the disk did not take. */
  counts(): { readonly dns: number; readonly contacts: number; readonly unsaved: number } {
    let dns = 0;
    let contacts = 0;
    for (const dn of this.#bindings.keys()) {
      const alive = this.#alive(dn).length;
      contacts += alive;
      if (alive > 0) dns += 1;
    }
    return { dns, contacts, unsaved: this.#unsaved };
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The DN is no more: its contacts are dropped, on the disk too. */
  forget(dn: string): void {
    const bindings = this.#bindings.get(dn);
    if (bindings === undefined) return;
    this.#set(dn, bindings, []);
    this.#o.log.info({ dn, contacts: bindings.length }, "the contacts of a DN that is gone were dropped");
    saveBindings(this.#o.storage, dn, []).catch((error: unknown) => {
      this.#o.log.error({ dn, error: errorText(error) }, "a registration of a DN that is gone is still on the disk");
    });
  }

  /** Stops its timer; registrations stay on the disk. */
  close(): void {
    this.#closed = true;
    this.#stopSweep();
    this.events.clear();
  }

  #alive(dn: string): readonly Binding[] {
    const now = this.#o.clock.wallMicros();
    const all = this.#bindings.get(dn) ?? [];
    return all.every((binding) => binding.expiresAt > now) ? all : all.filter((binding) => binding.expiresAt > now);
  }

  #set(dn: string, before: readonly Binding[], after: readonly Binding[]): void {
    if (after.length === 0) this.#bindings.delete(dn);
    else this.#bindings.set(dn, after);
    if (!sameContacts(before, after)) this.events.emit("changed", { dn, registered: after.length > 0 });
  }

  #sweep(): void {
    for (const [dn, all] of Array.from(this.#bindings)) {
      const alive = this.#alive(dn);
      if (alive.length === all.length) continue;
      this.#set(dn, all, alive);
      this.#o.log.info({ dn, contacts: alive.length }, "a registration ran out");
      saveBindings(this.#o.storage, dn, alive).catch((error: unknown) => {
        this.#o.log.error({ dn, error: errorText(error) }, "a registration that ran out is still on the disk");
      });
    }
  }
}

function respond(tx: ServerTransaction, answer: RegisterAnswer): void {
  tx.respond(answer.status, {
    ...(answer.reason === undefined ? {} : { reason: answer.reason }),
    headers: answer.headers,
  });
}

function sameContacts(before: readonly Binding[], after: readonly Binding[]): boolean {
  return before.length === after.length && before.every((binding, index) => binding.uri === after[index]?.uri);
}

function view(binding: Binding): RegistrationView {
  return {
    dn: binding.dn,
    contact: binding.uri,
    transport: binding.source.transport,
    source: `${binding.source.remoteHost}:${binding.source.remotePort}`,
    q: binding.q / 1000,
    expires: rfc3339(binding.expiresAt),
    userAgent: binding.userAgent ?? null,
    instance: binding.instance ?? null,
  };
}
