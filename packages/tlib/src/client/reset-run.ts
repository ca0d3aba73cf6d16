import type { TlibEvent, UnknownEvent } from "../schema/messages.ts";
import type { Receipt } from "../session/client-session.ts";
import type { Reset } from "./client-events.ts";
import type { RegisterAttributes, Registered } from "./registrations.ts";
import { TlibError } from "./tlib-error.ts";

/** An event that waits behind the Reset. */
export interface HeldEvent {
  readonly event: TlibEvent | UnknownEvent;
  readonly receipt: Receipt;
}

/** From `Resumed: false` until every DN is registered again: events wait, so that the snapshot comes before what applies to it. */
export class ResetRun {
  readonly held: HeldEvent[] = [];
  readonly #reason: string;
  readonly #registrations = new Map<string, Registered["attributes"]>();
  readonly #failed = new Map<string, TlibError>();

  constructor(reason: string) {
    this.#reason = reason;
  }

  /** Registers all; resolves with what the application is told. */
  async run(
    dns: readonly RegisterAttributes[],
    register: (dn: RegisterAttributes) => Promise<Registered>,
  ): Promise<Reset> {
    await Promise.all(
      dns.map(async (dn) => {
        try {
          this.#registrations.set(dn.ThisDN, (await register(dn)).attributes);
        } catch (error) {
          if (!(error instanceof TlibError)) throw error;
          this.#failed.set(dn.ThisDN, error);
        }
      }),
    );
    return { message: "Reset", reason: this.#reason, registrations: this.#registrations, failed: this.#failed };
  }
}
