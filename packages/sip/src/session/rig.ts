import { ManualClock, silentLogger } from "@sidetone/foundation";
import { SipEndpoint } from "../endpoint/endpoint.ts";
import type { InviteOptions, InviteSession, SipEndpointOptions, UasOptions } from "../endpoint/types.ts";
import { nameAddr, parseUri } from "../message/index.ts";
import type { NameAddr } from "../message/index.ts";
import { MemoryNetwork } from "../transport/memory.ts";
import type { MemoryNetworkOptions } from "../transport/memory.ts";

/** An address for tests; throws where it is none. */
export function address(uri: string): NameAddr {
  const parsed = parseUri(uri);
  if (!parsed.ok) throw new Error(parsed.error);
  return nameAddr(parsed.value);
}

/** Repeatable numbers from 0 to below 1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** For tests: two endpoints on a memory network and a manual clock; every frame is in `frames`. */
export class CallRig {
  readonly clock = new ManualClock();
  readonly network: MemoryNetwork;
  readonly caller: SipEndpoint;
  readonly callee: SipEndpoint;
  /** First lines as sent, `a INVITE`, `b 180 INVITE`. */
  readonly frames: string[] = [];
  /** The callee's sessions, in order. */
  readonly answered: InviteSession[] = [];
  #port = 0;

  constructor(
    network: Omit<MemoryNetworkOptions, "clock"> = {},
    options: Partial<SipEndpointOptions> & { uas?: UasOptions } = {},
  ) {
    this.network = new MemoryNetwork({ ...network, clock: this.clock });
    const number = seeded(3261);
    const make = (who: "a" | "b"): SipEndpoint =>
      new SipEndpoint({
        clock: this.clock,
        log: silentLogger,
        userAgent: "Rig",
        network: this.network,
        random: (size) => Uint8Array.from({ length: size }, () => number() * 256),
        onJournal: ({ direction, message }) => {
          if (direction === "in" || message === undefined) return;
          const line = message.kind === "request" ? message.method : `${message.status} ${message.cseq?.method ?? ""}`;
          this.frames.push(`${who} ${line}`);
        },
        ...options,
      });
    this.caller = make("a");
    this.callee = make("b");
    this.callee.onRequest = (tx) => {
      this.answered.push(this.callee.accept(tx, options.uas ?? {}));
    };
  }

  async start(transport: "udp" | "tcp" = "udp"): Promise<this> {
    await this.caller.listen({ transport, host: "127.0.0.1", port: 0 });
    this.#port = (await this.callee.listen({ transport, host: "127.0.0.1", port: 0 })).port;
    this.#transport = transport;
    return this;
  }

  #transport: "udp" | "tcp" = "udp";

  get calleeUri(): string {
    return `sip:bob@127.0.0.1:${this.#port};transport=${this.#transport}`;
  }

  invite(o: Partial<InviteOptions> = {}): InviteSession {
    const to = { uri: this.calleeUri };
    return this.caller.invite({ uri: this.calleeUri, to, from: address("sip:alice@127.0.0.1"), body: "offer", ...o });
  }

  /** Moves time; promises run in between. */
  async after(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms);
  }

  /** An answered call, settled; both sides. */
  async call(o: Partial<InviteOptions> = {}): Promise<{ a: InviteSession; b: InviteSession }> {
    const a = this.invite(o);
    await this.after(5);
    const b = this.answered.at(-1);
    if (b === undefined) throw new Error("no call arrived");
    b.accept({ body: "answer" });
    await this.after(5);
    this.frames.length = 0;
    return { a, b };
  }

  /** Waits for the last timers, closes, and says what is left: all zeros. */
  async leftovers(): Promise<readonly number[]> {
    await this.after(70_000);
    const { caller, callee } = this;
    const before = [caller, callee].flatMap((e) => [e.stats().transactions, e.stats().dialogs]);
    await Promise.all([caller.close(), callee.close()]);
    await this.after(10);
    return [...before, this.clock.pending, this.network.open];
  }
}

/** What `leftovers` gives where nothing is left. */
export const NOTHING: readonly number[] = [0, 0, 0, 0, 0, 0];
