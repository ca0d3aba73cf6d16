import { answeredParties, type Call, type Party, presentParties } from "../call.ts";
import type { CallInput } from "../machine.ts";
import type { Change, MergePart } from "./act.ts";
import { type Heard, type HeardState, heardKey } from "./automaton.ts";
import { type Violation, violation } from "./model.ts";

/** Events of which the contract says no order among themselves. */
type Group = readonly string[];

/** tlib-wire.md, "Which events, to whom, in which order": what a change tells must be exactly what its row says. */
export function rowViolation(change: Change, heard: Heard): Violation | undefined {
  const told = change.events.map(({ message, attributes }) => `${message.slice(5)}(${attributes.ThisDN})`);
  const groups = new Row(change, heard).groups();
  let from = 0;
  for (const group of groups) {
    const found = told.slice(from, from + group.length);
    if (found.toSorted().join() !== group.toSorted().join()) break;
    from += group.length;
  }
  const all = groups.flat();
  if (from === told.length && from === all.length) return undefined;
  return violation("rows", `${change.cause.kind}: told ${told.join(" ")}, the contract says ${all.join(" ")}`);
}

class Row {
  readonly #change: Change;
  readonly #heard: Heard;
  readonly #before: Call;

  constructor(change: Change, heard: Heard) {
    this.#change = change;
    this.#heard = heard;
    this.#before = change.before.call;
  }

  groups(): readonly Group[] {
    if (this.#change.effects.length === 0) return [];
    const { cause } = this.#change;
    return "consult" in cause ? this.#merge(cause) : this.#input(cause);
  }

  #input(input: CallInput): readonly Group[] {
    switch (input.kind) {
      case "party-added":
        return input.party.role === "origination" ? [[`Dialing(${input.party.dn})`]] : [];
      case "party-ringing": {
        const party = this.#party(input.party);
        return party?.role === "destination" ? [[`Ringing(${party.dn})`]] : [];
      }
      case "party-queued":
        return [[this.#told("Queued", input.party)], [this.#told("RouteRequest", input.party)]];
      case "party-answered":
        return this.#answer(input.party);
      case "party-held":
        return [[this.#told("Held", input.party)]];
      case "party-retrieved":
        return [[this.#told("Retrieved", input.party)]];
      case "party-routed":
        return [[this.#told("RouteUsed", input.party)], [this.#told("Diverted", input.party)]];
      case "party-transferred":
        return this.#ends ? this.#release(input.party, "released") : [[this.#told("Released", input.party)]];
      case "party-released":
        return this.#release(input.party, input.cause);
      case "user-data":
      case "recording":
        return [this.#toAll("AttachedDataChanged")];
      case "recording-failed":
      case "recording-recovered":
        return [this.#toAll("PrivateInfo")];
    }
  }

  #answer(id: string): readonly Group[] {
    const party = this.#party(id);
    if (party === undefined) return [];
    const callers = presentParties(this.#before).filter(
      (one) => one.id !== id && one.role === "origination" && this.#state(one) === "dialing",
    );
    const unheard = this.#state(party) === undefined ? [[`Ringing(${party.dn})`]] : [];
    const others = answeredParties(this.#before);
    const { introduction } = party;
    const hosts = others.filter((one) => one.id === introduction?.party);
    const rest = others.filter((one) => one.id !== introduction?.party);
    const event = introduction?.how === "transfer" ? "PartyChanged" : "PartyAdded";
    const told =
      introduction === undefined || introduction.how === "route" ? [] : [tell(event, rest), tell(event, hosts)];
    return [...unheard, [`Established(${party.dn})`], tell("Established", callers), ...told];
  }

  #release(id: string, cause: string): readonly Group[] {
    const leaver = this.#party(id);
    if (leaver === undefined) return [];
    const others = presentParties(this.#before).filter((party) => party.id !== id);
    if (!this.#ends) {
      const answered = answeredParties(this.#before);
      const left = answered.length > 2 && answered.some((party) => party.id === id);
      const rest = left ? answered.filter((party) => party.id !== id) : [];
      return [...this.#end(leaver, cause), tell("PartyDeleted", rest)];
    }
    return [this.#off(), ...this.#end(leaver, cause), this.#endsOf(others, cause)];
  }

  /** The last that a party hears of its call. */
  #end(party: Party, cause: string): readonly Group[] {
    switch (this.#state(party)) {
      case undefined:
        return [];
      case "dialing": {
        const failed = cause !== "released" && cause !== "deleted" && cause !== "transferred";
        // A caller's own phone that nobody was called for yet is no destination.
        const nobody = this.#before.parties.length < 2 && cause !== "unknown-number";
        const released = [`Released(${party.dn})`];
        return failed && !nobody ? [[`DestinationBusy(${party.dn})`], released] : [released];
      }
      case "ringing":
        return [[cause === "busy" || cause === "unknown-number" ? `Released(${party.dn})` : `Abandoned(${party.dn})`]];
      case "asked":
        return [[`Abandoned(${party.dn})`]];
      case "busy":
      case "talking":
      case "held":
      case "queued":
      case "routed":
        return [[`Released(${party.dn})`]];
    }
  }

  #endsOf(parties: readonly Party[], cause: string): Group {
    return parties.flatMap((party) => this.#end(party, cause).flat());
  }

  #merge({ kind, how, party: id, consult, moved }: MergePart): readonly Group[] {
    if (kind === "left") {
      const points = presentParties(consult).filter(({ device }) => device === "routing-point");
      return [this.#off(), [this.#told("Released", id)], this.#endsOf(points, "transferred")];
    }
    const consulting = this.#party(id);
    const newcomers = presentParties(consult).filter((party) => moved.has(party.id));
    const heard = newcomers.filter(({ dn }) => this.#heard.has(heardKey(consult.connId, dn)));
    const movedIn = tell("PartyChanged", heard);
    const rest = answeredParties(this.#before).filter((party) => party.id !== id);
    const talking = answeredParties(consult).filter((party) => moved.has(party.id));
    if (how === "transfer") {
      return [[this.#told("Released", id)], movedIn, talking.flatMap(() => tell("PartyChanged", rest))];
    }
    const own = consulting === undefined ? [] : [consulting];
    const back = consulting?.state === "held" ? tell("Retrieved", own) : [];
    return [back, ...talking.flatMap(() => [tell("PartyAdded", own), tell("PartyAdded", rest)]), movedIn];
  }

  get #ends(): boolean {
    return this.#change.after.call.endedMicros !== undefined;
  }

  /** R21: `Off` comes before the end. */
  #off(): Group {
    const { state } = this.#before.recording;
    return state === "On" || state === "Paused" ? this.#toAll("AttachedDataChanged") : [];
  }

  #toAll(event: string): Group {
    return tell(
      event,
      presentParties(this.#before).filter((party) => this.#state(party) !== undefined),
    );
  }

  #party(id: string): Party | undefined {
    return this.#before.parties.find((party) => party.id === id);
  }

  #state({ dn }: Party): HeardState | undefined {
    return this.#heard.get(heardKey(this.#before.connId, dn));
  }

  #told(event: string, id: string): string {
    return `${event}(${this.#party(id)?.dn ?? ""})`;
  }
}

function tell(event: string, parties: readonly Party[]): Group {
  return parties.map(({ dn }) => `${event}(${dn})`);
}
