import type { Cancel } from "@sidetone/foundation";
import { deltaSeconds, formatNameAddr, nameAddr, parseNameAddr, parseUri, uriEquals } from "../message/index.ts";
import type { NameAddr, SipRequest, SipResponse } from "../message/index.ts";
import type { SipEndpoint } from "./endpoint.ts";
import type { Credentials, Destination } from "./types.ts";

export interface RegistrationOptions {
  /** Request-URI, e.g. `sip:sidetone.local`. */
  readonly registrar: string;
  /** Where REGISTER is sent; default: by the Request-URI. */
  readonly to?: Destination;
  /** Address of record, e.g. `sip:7001@sidetone.local`. */
  readonly aor: NameAddr;
  readonly credentials?: Credentials;
  /** User part of our Contact; default that of the address of record. */
  readonly contactUser?: string;
  /** Asked for, seconds; default 3,600. */
  readonly expires?: number;
  /** Called at every change after `register` resolved: a refresh that failed, or worked again. */
  readonly onState?: (state: RegistrationClient["state"], response: SipResponse | undefined) => void;
}

/** After a failed refresh the next try comes after this, ms; the double each time up to the maximum. */
const RETRY_MS = 2_000;
const RETRY_MAX_MS = 60_000;
/** Refreshed when this share of the interval is over. */
const REFRESH_SHARE = 0.75;

/** RFC 3261 10.2: keeps one contact registered: digest, refresh, 423, removal. */
export class RegistrationClient {
  readonly #endpoint: SipEndpoint;
  readonly #o: RegistrationOptions;
  readonly #callId: string;
  readonly #tag: string;
  #sequence = 0;
  #expires: number;
  #timer: Cancel | undefined;
  #retryMs = RETRY_MS;
  #state: "idle" | "registered" | "failed" | "closed" = "idle";

  constructor(endpoint: SipEndpoint, o: RegistrationOptions) {
    this.#endpoint = endpoint;
    this.#o = o;
    this.#callId = endpoint.newCallId();
    this.#tag = endpoint.newTag();
    this.#expires = o.expires ?? 3_600;
  }

  get state(): "idle" | "registered" | "failed" | "closed" {
    return this.#state;
  }

  get closed(): boolean {
    return this.#state === "closed";
  }

  /** The final response; undefined on timeout or transport failure. Refreshes by itself from then on. */
  async register(): Promise<SipResponse | undefined> {
    let response = await this.#send(this.#expires);
    const smallest = response?.status === 423 ? deltaSeconds(response.headers.get("Min-Expires") ?? "") : undefined;
    if (smallest !== undefined && smallest > this.#expires) {
      this.#expires = smallest;
      response = await this.#send(smallest);
    }
    if (this.#state === "closed") return response;
    const registered = response !== undefined && response.status < 300;
    this.#state = registered ? "registered" : "failed";
    const answered = response !== undefined && registered ? this.#granted(response) : undefined;
    if (answered !== undefined) {
      this.#retryMs = RETRY_MS;
      this.#later(Math.max(1, answered) * 1000 * REFRESH_SHARE);
    }
    return response;
  }

  /** Removes the contact (Expires: 0) and stops refreshing. */
  async unregister(): Promise<SipResponse | undefined> {
    const wasRegistered = this.#state === "registered";
    this.close();
    return wasRegistered ? await this.#send(0) : undefined;
  }

  /** Stops refreshing; says nothing. */
  close(): void {
    this.#timer?.();
    this.#timer = undefined;
    this.#state = "closed";
  }

  #later(ms: number): void {
    this.#timer?.();
    this.#timer = this.#endpoint.clock.after(ms, () => void this.#refresh());
  }

  async #refresh(): Promise<void> {
    const before = this.#state;
    const response = await this.register();
    if (this.closed) return;
    if (this.#state === "failed") {
      this.#later(this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS);
    }
    if (before !== this.#state) this.#o.onState?.(this.#state, response);
  }

  #send(expires: number): Promise<SipResponse | undefined> {
    return new Promise((resolve) => {
      const to = this.#destination();
      const request = this.#request(expires, to);
      const tx = this.#endpoint.request(request, to, {
        onFinal: (response) => {
          this.#sequence = tx.request.cseq?.sequence ?? this.#sequence;
          resolve(response);
        },
        onFailure: () => resolve(undefined),
        ...(this.#o.credentials === undefined ? {} : { credentials: this.#o.credentials }),
      });
    });
  }

  #destination(): Destination {
    return this.#o.to ?? { uri: this.#o.registrar };
  }

  #request(expires: number, to: Destination): SipRequest {
    this.#sequence += 1;
    const from = nameAddr(this.#o.aor.uri, this.#o.aor.displayName, this.#o.aor.params.clone().set("tag", this.#tag));
    return this.#endpoint.newRequest("REGISTER", {
      uri: this.#o.registrar,
      to: formatNameAddr(this.#o.aor),
      from,
      callId: this.#callId,
      cseq: this.#sequence,
      headers: [
        ["Contact", `<${this.#contact(to)}>`],
        ["Expires", String(expires)],
        ["Allow", this.#endpoint.allow.join(", ")],
      ],
    });
  }

  #contact(to: Destination): string {
    return this.#endpoint.contact(this.#o.contactUser ?? this.#o.aor.uri.user, to);
  }

  /** Seconds that the registrar gave our contact (10.2.4), else its Expires header, else what was asked for. */
  #granted(response: SipResponse): number {
    const ours = parseUri(this.#contact(this.#destination()));
    for (const value of response.headers.list("Contact")) {
      const contact = parseNameAddr(value);
      if (!contact.ok || !ours.ok || !uriEquals(contact.value.uri, ours.value)) continue;
      const seconds = deltaSeconds(contact.value.params.text("expires") ?? "");
      if (seconds !== undefined) return seconds;
    }
    return deltaSeconds(response.headers.get("Expires") ?? "") ?? this.#expires;
  }
}
