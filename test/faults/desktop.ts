// A T-Library client that keeps what it is told, with the time, through lost connections and restarts of SIP Server.
import { systemClock } from "@sidetone/foundation";
import { type Topology, until } from "@sidetone/testing";
import { connect, type TlibClient, TlibError } from "@sidetone/tlib/client";

/** An event as it came. */
export interface Told {
  readonly atMicros: number;
  readonly message: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** The application `desk`, registered at DNs. */
export class Desktop {
  readonly client: TlibClient;
  readonly told: Told[] = [];
  /** Sessions that could not go on. */
  resets = 0;

  private constructor(client: TlibClient) {
    this.client = client;
  }

  static async open(topology: Topology, dns: readonly string[]): Promise<Desktop> {
    const url = `${topology.http("sip-server").replace("http", "ws")}/tlib/v1`;
    const applicationPassword = topology.passwordOf("desk");
    const desktop = new Desktop(await connect({ url, applicationName: "desk", applicationPassword }));
    void desktop.#listen().catch(() => undefined); // it ends with the client
    for (const dn of dns) await desktop.client.register(dn);
    return desktop;
  }

  /** What a DN was told since an instant (wall clock, µs). */
  about(dn: string, sinceMicros = 0): Told[] {
    return this.told.filter(({ attributes, atMicros }) => attributes["ThisDN"] === dn && atMicros >= sinceMicros);
  }

  /** `GSIP_RECORD` of a DN in the order of its changes, since an instant. */
  indications(dn: string, sinceMicros = 0): string[] {
    return this.about(dn, sinceMicros)
      .filter(({ message }) => message === "EventAttachedDataChanged")
      .map(({ attributes }) =>
        String((attributes["UserData"] as Record<string, unknown> | undefined)?.["GSIP_RECORD"]),
      );
  }

  /** R23: EventPrivateInfo about a recording that broke or went on elsewhere. */
  privateInfo(dn: string, sinceMicros = 0): Readonly<Record<string, unknown>>[] {
    return this.about(dn, sinceMicros)
      .filter(({ message, attributes }) => message === "EventPrivateInfo" && attributes["PrivateMsgID"] === 3013)
      .map(({ attributes }) => (attributes["Extensions"] ?? {}) as Record<string, unknown>);
  }

  /** After a restart of SIP Server: waits until the session is a new one, with the DNs registered again. */
  async startedAgain(resetsBefore: number, timeoutMs: number): Promise<boolean> {
    return until(() => this.resets > resetsBefore, timeoutMs);
  }

  /** ConnID of the call of a DN that was told last. */
  connId(dn: string): string {
    return String(
      this.about(dn).findLast(({ attributes }) => attributes["ConnID"] !== undefined)?.attributes["ConnID"],
    );
  }

  close(): void {
    void this.client.close();
  }

  async #listen(): Promise<void> {
    for await (const event of this.client.events()) {
      if ("attributes" in event) {
        const { message, attributes } = event;
        this.told.push({ atMicros: systemClock.wallMicros(), message, attributes });
      } else this.resets += 1;
    }
  }
}

/** `accepted`, or the error's name. */
export function outcomeOf(request: Promise<unknown>): Promise<string> {
  return request.then(
    () => "accepted",
    (error: unknown) => (error instanceof TlibError ? error.name : String(error)),
  );
}
