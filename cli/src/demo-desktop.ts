import type { SidetoneConfig } from "@sidetone/config";
import { SidetoneError } from "@sidetone/foundation";
import type { TlibClient } from "@sidetone/tlib/client";
import { tlibClient } from "./tlib-access.ts";

/** The agent's desktop in the demo: a T-Library client that pauses and resumes the recording of the agent's call. */
export class DemoDesktop {
  readonly #client: TlibClient;
  readonly #dn: string;
  readonly #connIds: string[] = [];

  private constructor(client: TlibClient, dn: string) {
    this.#client = client;
    this.#dn = dn;
  }

  /** Undefined, with the reason said, where the configuration has no application that may. */
  static async open(config: SidetoneConfig, dn: string, say: (line: string) => void): Promise<DemoDesktop | undefined> {
    try {
      const client = await tlibClient({}, () => config, { dns: [dn], rights: ["monitor", "record"] });
      const desktop = new DemoDesktop(client, dn);
      client.on("EventEstablished", ({ attributes }) => desktop.#connIds.push(attributes.ConnID));
      await client.register(dn);
      return desktop;
    } catch (error) {
      if (!(error instanceof SidetoneError)) throw error;
      say(`Nobody pauses the recording: ${error.message}`);
      return undefined;
    }
  }

  pause(): Promise<unknown> {
    return this.#client.recordPause({ ThisDN: this.#dn, ConnID: this.#call, Reasons: { reason: "card number" } });
  }

  resume(): Promise<unknown> {
    return this.#client.recordResume({ ThisDN: this.#dn, ConnID: this.#call });
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  get #call(): string {
    const connId = this.#connIds.at(-1);
    if (connId === undefined) throw new Error(`the T-Library client has not seen the call of ${this.#dn}`);
    return connId;
  }
}
