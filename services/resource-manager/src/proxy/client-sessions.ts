import { assumedSessionMs, maxCountedSessions } from "../limits.ts";

/**
 * Sessions that each client has, by its address. Without Record-Route a Resource Manager does not see the end of a session:
 * such a one counts for five minutes.
 */
export class ClientSessions {
  readonly #limit: number | undefined;
  /** By Call-ID, the oldest first. */
  readonly #sessions = new Map<string, { readonly client: string; readonly since: number }>();
  readonly #counts = new Map<string, number>();

  /** @param limit sessions that one client may have; undefined: nothing is counted. */
  constructor(limit: number | undefined) {
    this.#limit = limit;
  }

  /** True where `client` may begin no other one. */
  isFull(client: string, now: number): boolean {
    if (this.#limit === undefined) return false;
    for (const [callId, { since }] of this.#sessions) {
      if (now - since < assumedSessionMs && this.#sessions.size < maxCountedSessions) break;
      this.ended(callId);
    }
    return (this.#counts.get(client) ?? 0) >= this.#limit;
  }

  began(client: string, callId: string, now: number): void {
    if (this.#limit === undefined) return;
    this.ended(callId);
    this.#sessions.set(callId, { client, since: now });
    this.#counts.set(client, (this.#counts.get(client) ?? 0) + 1);
  }

  /** A session is over. */
  ended(callId: string): void {
    const session = this.#sessions.get(callId);
    if (session === undefined) return;
    this.#sessions.delete(callId);
    const left = (this.#counts.get(session.client) ?? 1) - 1;
    if (left > 0) this.#counts.set(session.client, left);
    else this.#counts.delete(session.client);
  }
}
