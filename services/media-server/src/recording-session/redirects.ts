import { parseNameAddr, type SipResponse, type SipUri } from "@sidetone/sip";
import { MAX_REDIRECTS } from "../limits.ts";

/**
 * Where one recording INVITE is redirected to (RFC 3261 8.1.3.4): the Contacts of a 300, 301 or 302 one after another, each
 * once, `MAX_REDIRECTS` together. What is taken of a Contact is where it leads: who is asked for stays the recording, and the
 * Resource Manager still checks the destination (R10).
 */
export class Redirects {
  #left: string[] = [];
  readonly #seen = new Set<string>();
  #current: string | undefined;

  /** `host:port;transport=tcp` that is asked now; undefined: the one that was asked first. */
  get current(): string | undefined {
    return this.#current;
  }

  /** Begins anew, at the first destination. */
  clear(): void {
    this.#left = [];
    this.#seen.clear();
    this.#current = undefined;
  }

  /** Goes on to where the response leads, or to what is left of the last one's. False where there is nothing. */
  next(response: SipResponse | undefined): boolean {
    if (response !== undefined && isRedirect(response)) this.#left.unshift(...placesIn(response));
    for (let place = this.#left.shift(); place !== undefined; place = this.#left.shift()) {
      if (this.#seen.has(place.toLowerCase())) continue;
      if (this.#seen.size >= MAX_REDIRECTS) return false;
      this.#seen.add(place.toLowerCase());
      this.#current = place;
      return true;
    }
    return false;
  }
}

/** 305 and 380 name no recorder. */
function isRedirect({ status }: SipResponse): boolean {
  return status === 300 || status === 301 || status === 302;
}

/** The best first; those without `q` count as 1. */
function placesIn({ headers }: SipResponse): string[] {
  const contacts = headers
    .list("Contact")
    .map((value) => parseNameAddr(value))
    .flatMap((read) => (read.ok ? [read.value] : []))
    .filter(({ uri }) => uri.scheme === "sip");
  const weight = (one: (typeof contacts)[number]): number => {
    const q = Number(one.params.text("q") ?? "1");
    return Number.isFinite(q) ? q : 0;
  };
  return contacts.toSorted((a, b) => weight(b) - weight(a)).map(({ uri }) => placeIn(uri));
}

function placeIn({ host, port, params }: SipUri): string {
  const name = host.includes(":") ? `[${host}]` : host;
  const transport = params.text("transport");
  return `${name}${port === undefined ? "" : `:${port}`}${transport === undefined ? "" : `;transport=${transport.toLowerCase()}`}`;
}
