import type { InviteSession, SipResponse } from "@sidetone/sip";

/** Phones that ring and can be told to answer: they said `Allow-Events: talk`. */
export class TalkEvent {
  readonly #phones = new Set<InviteSession>();

  /** A provisional response of a phone. */
  note(phone: InviteSession, response: SipResponse): void {
    const events = response.headers.list("Allow-Events").map((event) => event.trim().toLowerCase());
    if (events.includes("talk")) this.#phones.add(phone);
  }

  /** Tells a ringing phone to answer. False: there is none that can be told, or it did not take it. */
  async send(): Promise<boolean> {
    const [phone] = Array.from(this.#phones).filter(({ state }) => state === "early");
    if (phone === undefined) return false;
    const response = await phone.request("NOTIFY", {
      headers: [
        ["Event", "talk"],
        ["Subscription-State", "active"],
      ],
    });
    return response.status < 300;
  }
}
