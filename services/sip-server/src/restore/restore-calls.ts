import { type Cancel, errorText } from "@sidetone/foundation";
import type { ConnId } from "@sidetone/foundation";
import { CallController, type CallFacts } from "../signalling/call-controller.ts";
import { dnAsKnown } from "../signalling/call-parties.ts";
import type { Calls } from "../signalling/calls.ts";
import { CALLER, type PhoneLeg } from "../signalling/phone-leg.ts";
import type { ServerContext } from "../signalling/server-context.ts";
import type { CallSnapshot, PhoneSnapshot } from "./call-snapshot.ts";
import { GIVEN_UP_STATUS } from "./limits.ts";
import { dialogOf, PhonePool } from "./phone-pool.ts";
import { Probes } from "./probes.ts";
import { settleCall } from "./settle-call.ts";

/** What is left of a call that nobody answers for any more. */
interface Remains {
  readonly snapshot: CallSnapshot;
  readonly legs: readonly PhoneLeg[];
}

/**
 * R33: the calls of the last run. `restore` makes them, before anything can come in; `resume` does what has to be said to
 * phones and Media Servers, once we listen.
 */
export class RestoredCalls {
  readonly #calls: Calls;
  readonly #context: ServerContext;
  readonly #forget: (callUuid: string) => Promise<void>;
  readonly #controllers: { readonly controller: CallController; readonly snapshot: CallSnapshot }[] = [];
  readonly #remains: Remains[] = [];
  readonly #probes: Probes;

  /** @param forget removes what the store has of a call */
  constructor(calls: Calls, forget: (callUuid: string) => Promise<void>) {
    this.#calls = calls;
    this.#context = calls.context;
    this.#forget = forget;
    this.#probes = new Probes(this.#context.clock);
  }

  /** Calls that go on. */
  get size(): number {
    return this.#controllers.length;
  }

  restore(snapshots: readonly CallSnapshot[]): void {
    const pool = new PhonePool(this.#context, snapshots);
    const gone = mergedAway(snapshots);
    const live = snapshots.filter((snapshot) => isUp(snapshot) && !gone.has(snapshot));
    const legsOf = new Map<string, readonly PhoneLeg[]>();
    // A consultation needs the phone of the call that it was begun from.
    for (const snapshot of live.toSorted((x, y) => x.call.createdMicros - y.call.createdMicros)) {
      const legs = snapshot.phones.map((phone) => pool.legOf(phone));
      legsOf.set(snapshot.call.connId, legs);
      this.#restoreOne(snapshot, legs, legsOf);
    }
    for (const snapshot of snapshots) {
      if (live.includes(snapshot)) continue;
      const own = snapshot.phones.filter((phone) => !pool.has(phone));
      this.#remains.push({ snapshot, legs: own.map((phone) => pool.legOf(phone)) });
    }
  }

  #restoreOne(
    snapshot: CallSnapshot,
    phones: readonly PhoneLeg[],
    legsOf: ReadonlyMap<string, readonly PhoneLeg[]>,
  ): void {
    const [first] = phones;
    const { callUuid, connId } = snapshot.call;
    try {
      if (first === undefined) throw new Error("no phone of it is known");
      const facts = this.#factsOf(snapshot, first, legsOf);
      const controller = new CallController(this.#context, facts, this.#calls, { snapshot, phones });
      this.#controllers.push({ controller, snapshot });
      this.#calls.adopt(controller);
    } catch (error) {
      this.#context.log.error({ callUuid, connId, error: errorText(error) }, "a call could not be restored");
      this.#remains.push({ snapshot, legs: phones });
    }
  }

  #factsOf(snapshot: CallSnapshot, first: PhoneLeg, legsOf: ReadonlyMap<string, readonly PhoneLeg[]>): CallFacts {
    const { caller, called, consultOf, callerNumber, callerName, calledNumber, localAddress } = snapshot.facts;
    const own = snapshot.phones.find(({ party }) => party === CALLER);
    const shared = consultOf === undefined || own === undefined ? undefined : sharedLeg(legsOf.get(consultOf), first);
    return {
      session: first.session,
      // Whose other call is gone has this one only: it is hung up with it.
      ...(consultOf === undefined || shared === undefined
        ? {}
        : { origin: "consultation", consultOf: { connId: consultOf as ConnId, leg: shared } }),
      localAddress,
      offer: first.session.remoteSdp ?? Buffer.alloc(0),
      caller: dnAsKnown(this.#context, caller),
      callerNumber,
      callerName,
      called: dnAsKnown(this.#context, called),
      calledNumber,
      targets: [],
    };
  }

  /** Told once we listen. Resolves when every call has been seen to; the questions to phones follow. */
  async resume(): Promise<void> {
    const { log } = this.#context;
    await Promise.all(this.#remains.splice(0).map((remains) => this.#end(remains)));
    const calls = this.#controllers.map(({ controller }) => controller);
    await Promise.all(
      this.#controllers.map(({ controller, snapshot }) =>
        settleCall(controller, snapshot).catch((error: unknown) =>
          controller.log.error({ error: errorText(error) }, "a restored call could not be set right"),
        ),
      ),
    );
    if (calls.length > 0) log.info({ calls: calls.length }, "calls of before the restart go on");
    this.#probes.start(calls);
  }

  /** No more questions. */
  get stop(): Cancel {
    return () => this.#probes.stop();
  }

  /** What was not answered, or was ending: its phones and legs at the Media Server are told. */
  async #end({ snapshot, legs }: Remains): Promise<void> {
    const { endpoint, log } = this.#context;
    const { callUuid, connId } = snapshot.call;
    log.warn({ callUuid, connId, phones: legs.length }, "a call that was not up at the restart has ended");
    for (const pending of snapshot.pending) endpoint.giveUp(pending, GIVEN_UP_STATUS);
    for (const { session } of legs) session.terminate();
    const there = snapshot.anchor?.legs.map(({ session }) => session) ?? [];
    for (const leg of [...there, ...snapshot.strays]) endpoint.restoreSession(leg).terminate();
    await this.#forget(callUuid).catch((error: unknown) =>
      log.error({ callUuid, error: errorText(error) }, "a call that has ended stays in the store"),
    );
  }
}

function isUp({ call, phones }: CallSnapshot): boolean {
  return call.answeredMicros !== undefined && call.endedMicros === undefined && phones.length > 0;
}

function sharedLeg(legs: readonly PhoneLeg[] | undefined, own: PhoneLeg): PhoneLeg | undefined {
  return legs?.find(({ session }) => session === own.session);
}

/** Consultations whose other party is in another call already: the merge was written, its end was not. */
function mergedAway(snapshots: readonly CallSnapshot[]): ReadonlySet<CallSnapshot> {
  const where = new Map<string, CallSnapshot[]>();
  for (const snapshot of snapshots.filter(isUp)) {
    for (const phone of snapshot.phones) {
      const calls = where.get(dialogOf(phone)) ?? [];
      where.set(dialogOf(phone), [...calls, snapshot]);
    }
  }
  const merged = new Set<CallSnapshot>();
  const consulted = (snapshot: CallSnapshot): readonly PhoneSnapshot[] =>
    snapshot.facts.consultOf === undefined ? [] : snapshot.phones.filter(({ party }) => party !== CALLER);
  for (const snapshot of snapshots) {
    if (consulted(snapshot).some((phone) => (where.get(dialogOf(phone))?.length ?? 0) > 1)) merged.add(snapshot);
  }
  return merged;
}
