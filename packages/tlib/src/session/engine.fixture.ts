import { ManualClock, type RandomBytes, type Result, fail, ok } from "@sidetone/foundation";
import type { SessionOpenAttributes, TlibRequest } from "../schema/index.ts";
import type { ClosingReason } from "./closings.ts";
import type { SessionLimits } from "./limits.ts";
import { type PreparedMessage, prepareEvent } from "./prepared-message.ts";
import type { ServerSession, SessionConnection, SessionInput } from "./server-session.ts";
import { SessionServer, type SessionServerOptions } from "./session-server.ts";

/** Random bytes that repeat. */
export function seededRandom(seed = 1): RandomBytes {
  let state = seed;
  return (count) =>
    Uint8Array.from({ length: count }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 16;
    });
}

/** A client's connection, by hand: what the server wrote, and what the test says. */
export class Peer implements SessionConnection {
  /** What has been written, parsed. */
  readonly got: Got[] = [];
  unsentBytes = 0;
  closedWith: { readonly code: number; readonly reason: string } | undefined;
  readonly input: SessionInput;

  constructor(server: SessionServer<string>) {
    this.input = server.accept(this);
  }

  send(text: string): void {
    this.got.push(JSON.parse(text) as Got);
  }

  close(code: number, reason: string): void {
    this.closedWith ??= { code, reason };
    this.input.closed();
  }

  /** Code with which the server closed; undefined while it has not. */
  code(): number | undefined {
    return this.closedWith?.code;
  }

  say(message: string, attributes: object = {}, rest: object = {}): void {
    this.input.text(JSON.stringify({ message, ...rest, attributes }));
  }

  /** Opens or resumes a session; resolves when the server has decided. */
  async open(o: Partial<SessionOpenAttributes> = {}): Promise<Got["attributes"]> {
    this.say("SessionOpen", { ProtocolVersion: "1.0", ApplicationName: "desk", ApplicationPassword: "s3cret", ...o });
    await turn();
    return this.got.find((message) => message.message === "SessionOpened")?.attributes ?? {};
  }

  /** Resumes the session that `opened` speaks of. */
  resume(
    opened: Got["attributes"],
    lastSeq: number,
    o: Partial<SessionOpenAttributes> = {},
  ): Promise<Got["attributes"]> {
    const { SessionID, ResumeToken } = opened as { SessionID: string; ResumeToken: string };
    return this.open({ SessionID, ResumeToken, LastSeq: lastSeq, ...o });
  }

  /** Seqs of the events that came, in their order. */
  get seqs(): number[] {
    return this.got.flatMap(({ seq }) => (seq === undefined ? [] : [seq]));
  }

  get last(): Got | undefined {
    return this.got.at(-1);
  }
}

/** A message of the server. */
export interface Got {
  readonly message: string;
  readonly seq?: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A server whose requests and ends are noted. The password is s3cret; the owner is the application's name. */
export class Bench {
  /** Every access token is good. */
  tokens = false;
  readonly clock: ManualClock;
  readonly server: SessionServer<string>;
  readonly requests: { readonly session: ServerSession<string>; readonly request: TlibRequest }[] = [];
  readonly opened: ServerSession<string>[] = [];
  readonly ended: { readonly id: string; readonly reason: ClosingReason }[] = [];
  #sequence = 0;

  constructor(
    limits: Partial<SessionLimits> = {},
    o: Partial<SessionServerOptions<string>> & { readonly clock?: ManualClock } = {},
  ) {
    this.clock = o.clock ?? new ManualClock();
    this.server = new SessionServer<string>({
      clock: this.clock,
      random: seededRandom(),
      serverStartMicros: 1_795_147_200_000_000,
      limits,
      capabilities: ["recording"],
      nextEventSequenceNumber: () => this.next(),
      authenticate: (open) => Promise.resolve(this.tokens && open.AccessToken ? ok("desk") : authenticate(open)),
      sameOwner: (a, b) => a === b,
      onOpened: (session) => this.opened.push(session),
      onRequest: (session, request) => this.requests.push({ session, request }),
      onEnded: ({ id }, reason) => this.ended.push({ id, reason }),
      ...o,
    });
  }

  connect(): Peer {
    return new Peer(this.server);
  }

  next(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** An event with a number that tells it from others. */
  event(n = 0, padding = ""): PreparedMessage {
    return prepareEvent("EventDNOutOfService", this.clock.wallMicros(), {
      EventSequenceNumber: this.next(),
      ThisDN: "7001",
      Extensions: { n, padding },
    });
  }

  /** The direct response to a RequestQueryServer. */
  info(referenceId: number): PreparedMessage {
    return prepareEvent("EventServerInfo", this.clock.wallMicros(), {
      EventSequenceNumber: this.next(),
      ReferenceID: referenceId,
      ServerVersion: "0.1.0",
      ServerRole: "Primary",
    });
  }

  /** The session that was opened last. */
  get session(): ServerSession<string> {
    const session = this.opened.at(-1);
    if (session === undefined) throw new Error("no session has been opened");
    return session;
  }
}

function authenticate(open: SessionOpenAttributes): Result<string, string> {
  return open.ApplicationPassword === "s3cret" ? ok(open.ApplicationName) : fail("wrong password");
}

/** Lets promises go on. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 8; i++) await Promise.resolve();
}
