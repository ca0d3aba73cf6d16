import type { EndReason, PendingInvite } from "@sidetone/sip";
import type { PhoneLeg } from "./phone-leg.ts";
import type { DialogName } from "./replaces.ts";

/** A party whose phone rings. */
export interface RingingParty {
  cancel(): void;
  rejectByClient(): void;
  answerByClient(): Promise<boolean>;
  /** R33: the INVITEs that wait for an answer. */
  pending(): readonly PendingInvite[];
}

/** The phones of a call: the dialog of each party, and whose phone rings. */
export class CallPhones {
  readonly #onEnded: (leg: PhoneLeg, by: EndReason["by"]) => void;
  readonly #onChanged: () => void;
  readonly #onAdded: (leg: PhoneLeg) => void;
  readonly #legs = new Map<string, PhoneLeg>();
  readonly #ringers = new Map<string, RingingParty>();

  /** @param onEnded a phone's dialog is over; the phone may have been replaced or have gone into another call before. @param onChanged R33: what a restarted server has to know has changed. @param onAdded a phone is in the call */
  constructor(
    onEnded: (leg: PhoneLeg, by: EndReason["by"]) => void,
    onChanged: () => void,
    onAdded: (leg: PhoneLeg) => void = () => undefined,
  ) {
    this.#onEnded = onEnded;
    this.#onChanged = onChanged;
    this.#onAdded = onAdded;
  }

  /** The phone of a party, once its dialog is there. */
  get(party: string): PhoneLeg | undefined {
    return this.#legs.get(party);
  }

  /** Phones that are in the call. */
  get all(): readonly PhoneLeg[] {
    return Array.from(this.#legs.values());
  }

  /** A phone is in the call. */
  add(leg: PhoneLeg): void {
    this.#legs.set(leg.party, leg);
    this.#onAdded(leg);
    leg.session.on("ended", ({ by }) => this.#onEnded(leg, by));
    leg.session.on("refreshed", this.#onChanged);
    this.#onChanged();
  }

  /** The phone is not in the call any more: what it does is another call's business. */
  remove(party: string): void {
    this.#legs.delete(party);
    this.#onChanged();
  }

  /** Id of the party that has this dialog with us. */
  partyOf({ callId, toTag, fromTag }: DialogName): string | undefined {
    const named = this.all.find(
      ({ session }) => session.callId === callId && session.localTag === toTag && session.remoteTag === fromTag,
    );
    return named?.party;
  }

  /** What rings for a party. */
  ringer(party: string): RingingParty | undefined {
    return this.#ringers.get(party);
  }

  /** A party's phone rings, or does not any more. */
  setRinger(party: string, ringer: RingingParty | undefined): void {
    if (ringer === undefined) this.#ringers.delete(party);
    else this.#ringers.set(party, ringer);
  }

  /** R33: the INVITEs to phones that ring. */
  pending(): readonly PendingInvite[] {
    return Array.from(this.#ringers.values()).flatMap((ringer) => ringer.pending());
  }

  /** Nobody rings for the party any more. */
  cancelRinger(party: string): void {
    const ringer = this.#ringers.get(party);
    this.#ringers.delete(party);
    ringer?.cancel();
  }

  /** Nobody rings any more. */
  cancelRinging(): void {
    for (const party of Array.from(this.#ringers.keys())) this.cancelRinger(party);
  }

  /** Gives what rings to another call: from now on its business. */
  takeRinger(): RingingParty | undefined {
    const [[party, ringer] = []] = this.#ringers;
    if (party !== undefined) this.#ringers.delete(party);
    return ringer;
  }
}
