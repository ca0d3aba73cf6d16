import type { DnConfig } from "@sidetone/config";
import { type NameAddr, Params } from "@sidetone/sip";
import { type Call, nextPartyId, type Party, presentParties } from "../call-model/call.ts";
import type { PartyFacts } from "../call-model/machine.ts";
import { type MediaPlan, mediaPlan } from "../recording/policy.ts";
import type { CallSnapshot, KnownDn } from "../restore/call-snapshot.ts";
import type { CallFacts, Target } from "./call-controller.ts";
import { OriginStamp } from "./origin-stamp.ts";
import { identityOf, partyOf, recordedBy } from "./party-number.ts";
import { CALLER } from "./phone-leg.ts";
import type { ServerContext } from "./server-context.ts";

/** What a call knows of the DNs and agents behind its parties. */
export class CallParties {
  /** Whom the called party's phone is shown. */
  readonly callerIdentity: NameAddr;
  readonly #context: ServerContext;
  readonly #facts: CallFacts;
  /** What was reached, by party: of a trunk group more than its configuration says. */
  readonly #reached = new Map<string, DnConfig>();
  /** Trunk that carries a party. */
  readonly #trunks = new Map<string, string>();
  /** Ids given to parties that have not been reached yet. */
  readonly #reserved = new Set<string>();

  constructor(context: ServerContext, facts: CallFacts) {
    this.#context = context;
    this.#facts = facts;
    this.callerIdentity = identityOf(this.caller(), context.config.domain, facts.callerName, new Params());
  }

  /** The caller, as the call begins. */
  caller(): Party {
    const { caller, callerNumber } = this.#facts;
    return partyOf(CALLER, caller, callerNumber, "origination", this.#surroundings(caller));
  }

  /** The party that a target makes. */
  called(id: string, { called, calledNumber }: Target): Party {
    this.#reached.set(id, called);
    return partyOf(id, called, calledNumber, "destination", this.#surroundings(called));
  }

  snapshot(): Pick<CallSnapshot, "reached"> {
    return { reached: Array.from(this.#reached, ([id, dn]) => [id, knownDn(dn)]) };
  }

  /** R33: what was reached before the restart. */
  restore({ reached }: Pick<CallSnapshot, "reached">): void {
    for (const [id, dn] of reached) this.#reached.set(id, dnAsKnown(this.#context, dn));
  }

  /** The trunk that carries a party, where it is known. */
  trunkOf(party: string): string | undefined {
    return this.#trunks.get(party);
  }

  /** R1: a trunk group's call is recorded where the group asks for it, or the trunk of it that took the call. */
  answeredOver(party: string, trunk: string | undefined): void {
    const reached = this.#reached.get(party);
    if (trunk !== undefined) this.#trunks.set(party, trunk);
    if (trunk === undefined || reached?.type !== "trunk-group") return;
    const { directory } = this.#context;
    const record = directory.dn(reached.dn)?.record === true || directory.dn(trunk)?.record === true;
    this.#reached.set(party, { ...reached, record });
  }

  /** An id for a party that is not in the call yet. */
  reserveId(call: Call): string {
    const reserved = Array.from(this.#reserved, (id): Party => ({ ...this.caller(), id }));
    const id = nextPartyId({ ...call, parties: [...call.parties, ...reserved] });
    this.#reserved.add(id);
    return id;
  }

  /** The party is in the call now, or will not come. */
  giveBackId(id: string): void {
    this.#reserved.delete(id);
  }

  /** How the media go when the caller talks to this DN. */
  planFor(called: DnConfig): MediaPlan {
    const asked = [this.#facts.caller, called].map((dn) => recordedBy(dn, this.#context.agentOf?.(dn.dn)));
    const plan = mediaPlan(...asked);
    // R27: a consultation is recorded only where that is wanted.
    if (!this.#silent) return plan;
    const anchored = asked.some(({ media }) => media === "anchored");
    return { path: anchored ? "anchored" : "direct", record: false, recordingFailure: "continue" };
  }

  /** The same when the party has answered. */
  planOfAnswered(party: string): MediaPlan {
    return this.planFor(this.#reached.get(party) ?? this.#facts.called);
  }

  /** R1, R6: agents and recording of the parties that are in the call, as they are now. */
  factsOf(call: Call): ReadonlyMap<string, PartyFacts> {
    const facts = this.factsElsewhere(call);
    if (!this.#silent) return facts;
    return new Map(Array.from(facts, ([id, { agentId }]) => [id, { agentId, recorded: false }]));
  }

  /** R27: the same, were this no consultation. */
  factsElsewhere(call: Call): ReadonlyMap<string, PartyFacts> {
    return new Map(
      presentParties(call).map(({ id, dn }): [string, PartyFacts] => {
        const config = this.#reached.get(id) ?? this.#context.config.dns.get(dn);
        const agent = this.#context.agentOf?.(dn);
        return [id, { agentId: agent?.agentId, recorded: config !== undefined && recordedBy(config, agent).record }];
      }),
    );
  }

  /** R27: who would be recorded, were this no consultation. */
  leftOut(call: Call): ReadonlySet<string> {
    if (!this.#silent) return new Set();
    return new Set(Array.from(this.factsElsewhere(call)).flatMap(([id, { recorded }]) => (recorded ? [id] : [])));
  }

  /** Whom a phone that is rung for this call is shown. */
  identityOf(party: Party): NameAddr {
    if (party.id === CALLER) return this.callerIdentity;
    return identityOf(party, this.#context.config.domain, undefined, new Params());
  }

  /** The origin of what one more phone is shown. */
  newStamp(): OriginStamp {
    return new OriginStamp(String(this.#context.clock.wallMicros()), this.#facts.localAddress);
  }

  /** A consultation, of which nothing is to be recorded. */
  get #silent(): boolean {
    return this.#facts.origin === "consultation" && !this.#context.config.options.recordConsultCalls;
  }

  #surroundings({ dn }: DnConfig): Parameters<typeof partyOf>[4] {
    return { domain: this.#context.config.domain, agent: this.#context.agentOf?.(dn) };
  }
}

/** R33: what of a DN's configuration a call keeps. */
export function knownDn({ dn, type, record }: DnConfig): KnownDn {
  return { dn, type, record };
}

/** R33: the DN as it is configured now; what is not configured any more has a name and a type. */
export function dnAsKnown({ directory }: Pick<ServerContext, "directory">, { dn, type, record }: KnownDn): DnConfig {
  const now = directory.dn(dn);
  if (now !== undefined) return { ...now, record };
  return {
    dn,
    type,
    record,
    password: undefined,
    digestAlgorithms: [],
    recordingFailure: "continue",
    media: "direct",
    contact: undefined,
    prefix: undefined,
    defaultDestination: undefined,
    routeTimeoutMs: 0,
  };
}
