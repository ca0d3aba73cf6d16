import type { InviteSession } from "@sidetone/sip";
import { OriginStamp } from "../signalling/origin-stamp.ts";
import type { PhoneLeg } from "../signalling/phone-leg.ts";
import { trunkCredentials } from "../signalling/reachable.ts";
import type { ServerContext } from "../signalling/server-context.ts";
import type { CallSnapshot, PhoneSnapshot } from "./call-snapshot.ts";

/** Names the dialog of a phone. */
export function dialogOf({ session }: PhoneSnapshot): string {
  const { callId, localTag, remoteTag } = session.dialog;
  return `${callId}\n${localTag}\n${remoteTag}`;
}

/** The phones of restored calls, each once: the phone of who consults is in two calls. */
export class PhonePool {
  readonly #context: ServerContext;
  readonly #newest = new Map<string, PhoneSnapshot>();
  readonly #phones = new Map<string, { readonly session: InviteSession; readonly stamp: OriginStamp }>();

  /** @param snapshots all of them: of two that know the same dialog the later one counts */
  constructor(context: ServerContext, snapshots: readonly CallSnapshot[]) {
    this.#context = context;
    for (const phone of snapshots.flatMap(({ phones }) => phones)) {
      const known = this.#newest.get(dialogOf(phone));
      if (known === undefined || isLater(phone, known)) this.#newest.set(dialogOf(phone), phone);
    }
  }

  /** The phone, as a party of a call. */
  legOf(phone: PhoneSnapshot): PhoneLeg {
    const { party, dn } = phone;
    const key = dialogOf(phone);
    const there = this.#phones.get(key) ?? this.#restore(this.#newest.get(key) ?? phone);
    this.#phones.set(key, there);
    return { party, dn, ...there };
  }

  /** Whether a call has taken the phone. */
  has(phone: PhoneSnapshot): boolean {
    return this.#phones.has(dialogOf(phone));
  }

  #restore({ dn, trunk, session: snapshot, stamp }: PhoneSnapshot): {
    readonly session: InviteSession;
    readonly stamp: OriginStamp;
  } {
    const { endpoint, directory, trunks } = this.#context;
    const config = directory.dn(trunk ?? dn);
    const session: InviteSession = endpoint.restoreSession(snapshot, {
      credentials: config === undefined ? undefined : trunkCredentials(config),
      reach: () => {
        const { remoteTarget } = session;
        const contact = this.#context.contactsOf(dn).find(({ uri }) => uri === remoteTarget);
        return contact !== undefined && "flow" in contact.destination ? contact.destination : undefined;
      },
    });
    const release = trunk === undefined ? undefined : trunks.acquire(trunk);
    if (release !== undefined) session.on("ended", release);
    return { session, stamp: OriginStamp.restored(stamp) };
  }
}

function isLater(one: PhoneSnapshot, other: PhoneSnapshot): boolean {
  return (
    one.session.dialog.localSequence > other.session.dialog.localSequence ||
    (one.session.dialog.remoteSequence ?? 0) > (other.session.dialog.remoteSequence ?? 0) ||
    one.stamp.version > other.stamp.version
  );
}
