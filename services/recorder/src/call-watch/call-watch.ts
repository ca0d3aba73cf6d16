import type { TLibraryClientConfig } from "@sidetone/config";
import { type Cancel, type Clock, errorText, type Logger, rfc3339 } from "@sidetone/foundation";
import { type ClientEvent, connect, type ConnectOptions, type TlibClient, TlibError } from "@sidetone/tlib/client";
import type { RecordingRow } from "../index/recording-row.ts";
import {
  CALL_NOTE_MS,
  MAX_CALL_NOTES,
  MAX_WATCHED_DNS,
  TLIB_REFUSED_RETRY_MS,
  TLIB_RETRY_MAX_MS,
  TLIB_RETRY_MS,
} from "../limits.ts";
import type { NoteLine } from "../media/recording-media.ts";
import {
  type CallFacts,
  type CallNews,
  type PartyNews,
  newsOf,
  newsOfSnapshot,
  noFacts,
  sameFacts,
  withNews,
} from "./call-facts.ts";

/** How a T-Library session is opened; tests give their own. */
export type OpenSession = (
  o: ConnectOptions,
) => Promise<Pick<TlibClient, "register" | "unregister" | "events" | "on" | "close">>;

interface Watched {
  readonly id: string;
  readonly connId: string | undefined;
  readonly callUuid: string | undefined;
  facts: CallFacts;
  /** What the recording has of them. */
  written: CallFacts;
  notes: number;
  /** DNs that have put it on hold. */
  readonly holders: Set<string>;
  cancel: Cancel | undefined;
}

/**
 * The recorder as a T-Library client: registers the DNs of the parties that it records and writes what SIP Server says of their calls (ANI, DNIS,
 * agents, user data, who came and went) into their recordings. Recording depends on it in nothing.
 */
export class CallWatch {
  readonly #config: TLibraryClientConfig;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #open: OpenSession;
  readonly #note: (id: string, line: NoteLine) => void;
  readonly #onHold: (id: string, held: boolean) => void;
  readonly #watched = new Map<string, Watched>();
  /** DNs that are to be registered, those needed last at the end. */
  readonly #dns = new Set<string>();
  readonly #registered = new Set<string>();
  #client: Awaited<ReturnType<OpenSession>> | undefined;
  #cancel: Cancel | undefined;
  #failures = 0;
  #lostAt: number | undefined;
  #problem: string | undefined;
  #closed = false;

  /**
   * @param note adds a line to a recording that runs
   * @param onHold a party put the call of a recording on hold, or all that had it there took it back
   */
  constructor(o: {
    config: TLibraryClientConfig;
    clock: Clock;
    log: Logger;
    open?: OpenSession;
    note: (id: string, line: NoteLine) => void;
    onHold?: (id: string, held: boolean) => void;
  }) {
    this.#config = o.config;
    this.#clock = o.clock;
    this.#log = o.log.child({ tLibrary: o.config.url });
    this.#open = o.open ?? connect;
    this.#note = o.note;
    this.#onHold = o.onHold ?? (() => undefined);
    void this.#connect();
  }

  /** A session is open. */
  get connected(): boolean {
    return this.#client !== undefined && this.#lostAt === undefined;
  }

  /** What is wrong; undefined: nothing. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** DNs that are registered. */
  get registrations(): number {
    return this.#registered.size;
  }

  /** A row of the index was written: a recording runs, or has ended. */
  row({ document }: Pick<RecordingRow, "document">): void {
    const { id, state, connId, callUuid, participants, parameters } = document;
    if (state !== "recording") {
      const watched = this.#watched.get(id);
      watched?.cancel?.();
      this.#watched.delete(id);
      if (watched !== undefined && watched.holders.size > 0) this.#onHold(id, false);
      return;
    }
    const holders = new Set<string>();
    const nothing = { facts: noFacts, written: noFacts, notes: 0, holders, cancel: undefined };
    if (!this.#watched.has(id)) this.#watched.set(id, { id, connId, callUuid, ...nothing });
    const dns = new Set<string>();
    for (const { dn } of participants) if (dn !== undefined && dn !== "") dns.add(dn);
    for (const [name, value] of Object.entries(parameters))
      if (["dn", "otherdn", "recorddn"].includes(name.toLowerCase()) && value !== "") dns.add(value);
    for (const dn of dns) this.#want(dn);
  }

  /** Ends the session. Idempotent; resolves soon, whatever the server does. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    for (const { cancel } of this.#watched.values()) cancel?.();
    await this.#client?.close();
  }

  async #connect(): Promise<void> {
    const { url, application, password } = this.#config;
    try {
      const client = await this.#open({
        url,
        applicationName: application,
        applicationPassword: password,
        clock: this.#clock,
        onListenerError: (error) => this.#log.error({ err: error }, "T-Library: an event could not be taken"),
      });
      if (this.#closed) return await client.close();
      this.#client = client;
      if (this.#problem !== undefined || this.#failures === 0) this.#log.info({}, "T-Library: connected");
      this.#failures = 0;
      this.#problem = undefined;
      this.#listen(client);
      for (const dn of this.#dns) void this.#register(dn);
    } catch (error) {
      this.#failed(error);
    }
  }

  #listen(client: Awaited<ReturnType<OpenSession>>): void {
    client.on("event", (event) => this.#take(event));
    client.on("disconnected", ({ reason }) => {
      this.#lostAt ??= this.#clock.wallMicros();
      this.#log.warn({ reason }, "T-Library: the connection is lost; what happens to calls meanwhile may be missing");
    });
    client.on("connected", ({ resumed }) => {
      // What was missed is replayed: nothing is missing.
      if (resumed) this.#lostAt = undefined;
    });
    client.on("reset", ({ reason, registrations, failed }) => {
      this.#missed(reason === "" ? "the session was lost" : reason);
      for (const { Calls } of registrations.values())
        for (const call of Calls) this.#learn(newsOfSnapshot(call, this.#config));
      for (const dn of failed.keys()) this.#registered.delete(dn);
    });
    client.on("closed", ({ error }) => {
      if (this.#client !== client || this.#closed) return;
      this.#client = undefined;
      this.#lostAt ??= this.#clock.wallMicros();
      this.#registered.clear();
      this.#failed(error ?? new Error("the session was closed"));
    });
  }

  /** Place, reason and remedy, once; then it is tried again and again. */
  #failed(error: unknown): void {
    if (this.#closed) return;
    this.#failures += 1;
    const refused = error instanceof TlibError && error.name === "AuthenticationFailed";
    const remedy = refused
      ? "Compare recorder.t-library.application and password with sip-server.applications."
      : "Look whether SIP Server runs, and at recorder.t-library.url.";
    const problem = `${refused ? `SIP Server does not know the application ${this.#config.application} with this password` : errorText(error)}. ${remedy}`;
    if (this.#problem !== problem)
      this.#log.error(
        { url: this.#config.url, application: this.#config.application, remedy },
        `recorder.t-library ${this.#config.url}: ${problem} Calls are recorded all the same, without user data.`,
      );
    this.#problem = problem;
    const wait = refused
      ? TLIB_REFUSED_RETRY_MS
      : Math.min(TLIB_RETRY_MAX_MS, TLIB_RETRY_MS * 2 ** Math.min(this.#failures - 1, 10));
    this.#cancel = this.#clock.after(wait, () => void this.#connect());
  }

  #want(dn: string): void {
    const known = this.#dns.delete(dn);
    this.#dns.add(dn);
    if (!known) void this.#register(dn);
    for (const oldest of this.#dns) {
      if (this.#dns.size <= MAX_WATCHED_DNS) break;
      this.#dns.delete(oldest);
      if (this.#registered.delete(oldest)) void this.#client?.unregister(oldest).catch(() => undefined);
    }
  }

  async #register(dn: string): Promise<void> {
    const client = this.#client;
    if (client === undefined || this.#registered.has(dn)) return;
    this.#registered.add(dn);
    try {
      const { attributes } = await client.register(dn);
      for (const call of attributes.Calls) this.#learn(newsOfSnapshot(call, this.#config));
      if (this.#lostAt !== undefined) this.#missed("the session was lost");
    } catch (error) {
      this.#registered.delete(dn);
      // An outside number, or no right: what is known of the call comes from its other parties.
      this.#log.debug({ dn, error: errorText(error) }, "T-Library: a DN was not registered");
    }
  }

  #take(event: Exclude<ClientEvent, { message: "Reset" }>): void {
    this.#learn(newsOf(event, this.#config));
  }

  #learn(news: CallNews | undefined): void {
    if (news === undefined) return;
    for (const watched of this.#watched.values()) {
      const same = watched.callUuid === undefined ? watched.connId === news.connId : watched.callUuid === news.callUuid;
      if (!same) continue;
      watched.facts = withNews(watched.facts, news.facts);
      if (news.news !== undefined) {
        this.#holds(watched, news.news);
        this.#write(watched, { type: "event", atMs: 0, source: "t-library", ...news.news });
      }
      if (!sameFacts(watched.facts, watched.written))
        watched.cancel ??= this.#clock.after(CALL_NOTE_MS, () => this.#writeFacts(watched));
    }
  }

  #holds({ id, holders }: Watched, { event, dn, otherDn }: PartyNews): void {
    const before = holders.size > 0;
    if (event === "hold") holders.add(dn);
    else if (event === "retrieve") holders.delete(dn);
    else if (event === "party-left" && otherDn !== undefined) holders.delete(otherDn);
    if (holders.size > 0 !== before) this.#onHold(id, !before);
  }

  #writeFacts(watched: Watched): void {
    watched.cancel = undefined;
    if (sameFacts(watched.facts, watched.written)) return;
    watched.written = watched.facts;
    this.#write(watched, { type: "call", atMs: 0, ...watched.facts });
  }

  #write(watched: Watched, line: NoteLine): void {
    watched.notes += 1;
    if (watched.notes <= MAX_CALL_NOTES) this.#note(watched.id, line);
  }

  /** Says in every recording that something of its call may be missing. */
  #missed(reason: string): void {
    const from = this.#lostAt;
    this.#lostAt = undefined;
    if (from === undefined) return;
    const text = `what happened to the call from ${rfc3339(from)} to ${rfc3339(this.#clock.wallMicros())} is not known: ${reason}`;
    for (const watched of this.#watched.values()) {
      this.#write(watched, { type: "warning", atMs: 0, code: "t-library-gap", text });
      // It may have been taken back meanwhile.
      if (watched.holders.size > 0) this.#onHold(watched.id, false);
      watched.holders.clear();
    }
  }
}
