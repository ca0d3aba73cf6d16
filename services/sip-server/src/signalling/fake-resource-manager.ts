import type { IncomingRequest, ServerTransaction, SipEndpoint } from "@sidetone/sip";

/** A Media Server as the fake Resource Manager knows it. */
export interface FakeResource {
  readonly uri: string;
  readonly token: string;
  /** False: it is known to be gone. */
  up: boolean;
}

/** A proxy in front of fake Media Servers, which obeys tokens and X-Resource-Avoid; for tests. */
export class FakeResourceManager {
  readonly endpoint: SipEndpoint;
  readonly resources: readonly FakeResource[];
  /** Values of X-Resource-Avoid that came. */
  readonly avoided: string[] = [];
  #turn = 0;

  constructor(endpoint: SipEndpoint, resources: readonly FakeResource[]) {
    this.endpoint = endpoint;
    this.resources = resources;
    endpoint.onRequest = (tx) => this.#request(tx);
  }

  #request(tx: ServerTransaction): void {
    if (tx.request.method !== "INVITE") return tx.respond(200);
    const to = this.#choose(tx.request.headers);
    if (to === undefined) return tx.respond(503);
    const copy = tx.request.clone();
    copy.headers.remove("X-Resource-Avoid");
    const out = this.endpoint.request(
      copy,
      { uri: to.uri },
      {
        onProvisional: (response) => response.status > 100 && tx.forward(withoutTopVia(response)),
        onFinal: (response) => tx.forward(withoutTopVia(response)),
        onFailure: () => tx.respond(503),
      },
    );
    tx.onCancel = () => out.cancel();
  }

  #choose(headers: IncomingRequest["request"]["headers"]): FakeResource | undefined {
    const avoid = headers.list("X-Resource-Avoid");
    this.avoided.push(...avoid);
    const token = headers.get("X-Resource-Token");
    const named = this.resources.find((resource) => resource.token === token);
    if (named !== undefined) return named.up ? named : undefined;
    const all = this.resources.filter(({ up }) => up);
    const fresh = all.filter(({ token: own, uri }) => !avoid.includes(own) && !avoid.includes(uri));
    const there = fresh.length > 0 ? fresh : all;
    this.#turn += 1;
    return there[this.#turn % Math.max(1, there.length)];
  }
}

function withoutTopVia<T extends { readonly headers: IncomingRequest["request"]["headers"]; clone(): T }>(
  response: T,
): T {
  const copy = response.clone();
  copy.headers.removeFirst("Via");
  return copy;
}
