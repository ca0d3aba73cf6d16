import { type MsmlOperation, readMsml, type RecorderCommand, type ResponseCode, writeMsml } from "@sidetone/msml";
import { type InviteSession, parseUri, type ServerTransaction, type SipEndpoint } from "@sidetone/sip";
import { audioDirection } from "./sdp-direction.ts";

/** SDP of a test phone. */
export function phoneSdp(port: number, formats = "0 8 101", way = "sendrecv"): string {
  return [
    "v=0",
    `o=phone ${port} 1 IN IP4 127.0.0.1`,
    "s=-",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    `m=audio ${port} RTP/AVP ${formats}`,
    "a=rtpmap:101 telephone-event/8000",
    `a=${way}`,
    "",
  ].join("\r\n");
}

/** RFC 3264 6.1: the answer to each direction. */
const reversed = new Map([
  ["sendrecv", "sendrecv"],
  ["sendonly", "recvonly"],
  ["recvonly", "sendonly"],
  ["inactive", "inactive"],
]);

/** What the Media Server says of a command that it has done. */
const tellings = new Map([
  ["start", "recorder.started"],
  ["pause", "recorder.paused"],
  ["resume", "recorder.resumed"],
  ["stop", "recorder.stopped"],
]);

/** A Media Server that says yes to everything, and what it was told; for tests. */
export class FakeMediaServer {
  readonly endpoint: SipEndpoint;
  readonly legs: InviteSession[] = [];
  readonly operations: MsmlOperation[] = [];
  /** Every INVITE, re-INVITE and INFO, in order. */
  readonly log: string[] = [];
  /** False: no answer at all to what comes. */
  answering = true;
  /** Result of the next documents. */
  response: ResponseCode = 200;
  /** False: documents are taken, INFO is not answered. */
  resulting = true;
  /** True: like a real one it tells of a recorder command that changes something, before the command's result. Of `stop` it always does. */
  telling = false;
  readonly #note: (what: string) => void;
  readonly #firstPort: number;
  readonly #token: string;

  /** @param firstPort of its media; an even number */
  constructor(endpoint: SipEndpoint, note: (what: string) => void, firstPort = 40_000) {
    this.endpoint = endpoint;
    this.#note = note;
    this.#firstPort = firstPort;
    this.#token = `token-${firstPort === 40_000 ? 1 : firstPort}`;
    endpoint.onRequest = (tx) => this.#request(tx);
  }

  /** Sends an MSML event on the last leg. */
  event(name: string, values: [string, string][]): void {
    const body = writeMsml({ kind: "event", event: { name, id: "conf:x", values } });
    void this.legs.at(-1)?.request("INFO", { body, contentType: "application/msml+xml" });
  }

  /** The recorder commands so far. */
  get recorder(): RecorderCommand[] {
    return this.operations.flatMap((operation) =>
      operation.op === "modifyconference" && operation.recorder !== undefined ? [operation.recorder] : [],
    );
  }

  /** Its legs that are up. */
  get up(): readonly InviteSession[] {
    return this.legs.filter(({ state }) => state === "confirmed");
  }

  /** Whether a port is one of its own. */
  hasPort(port: number): boolean {
    return port >= this.#firstPort && port < this.#firstPort + 1000;
  }

  /** Names of recorder commands and joins, in order. */
  get commands(): string[] {
    return this.operations.map((operation) =>
      operation.op === "modifyconference" ? `recorder ${operation.recorder?.state ?? ""}` : operation.op,
    );
  }

  #request(tx: ServerTransaction): void {
    if (!this.answering) return;
    if (tx.request.method === "OPTIONS") return tx.respond(200);
    const user = parseUri(tx.request.uri);
    const dn = user.ok ? user.value.params.text("dn") : undefined;
    this.#note(`ms invite ${dn ?? ""}`);
    const leg = this.endpoint.accept(tx, {});
    const port = this.#firstPort + this.legs.length * 2;
    this.legs.push(leg);
    leg.accept({
      body: phoneSdp(port, "0 101", reversed.get(audioDirection(tx.request.body) ?? "sendrecv")),
      contentType: "application/sdp",
      headers: [["X-Resource-Token", this.#token]],
    });
    leg.on("reinvite", (incoming) => {
      this.#note(`ms reinvite ${dn ?? ""}`);
      incoming.respond(200, { body: phoneSdp(port, "0 101"), contentType: "application/sdp" });
    });
    leg.on("request", (incoming) => {
      const read = readMsml(incoming.request.body);
      if (read.ok && read.value.kind === "request") {
        this.operations.push(...read.value.operations);
        for (const command of this.commands.slice(-read.value.operations.length)) this.#note(`ms ${command}`);
      }
      if (!this.resulting) return;
      const told = tellings.get(this.recorder.at(-1)?.state ?? "");
      const tells = this.telling || this.recorder.at(-1)?.state === "stop";
      if (tells && told !== undefined && this.commands.at(-1)?.startsWith("recorder") === true) {
        const { params, epoch } = this.recorder.at(-1) ?? {};
        const values: [string, string][] = [["id", params?.get("id") ?? ""]];
        if (epoch !== undefined) values.push(["epoch", String(epoch)]);
        void leg.request("INFO", {
          body: writeMsml({ kind: "event", event: { name: told, id: "conf:x", values } }),
          contentType: "application/msml+xml",
        });
      }
      const result = { response: this.response, confIds: [], dialogIds: [], recorderIds: [] };
      incoming.respond(200, { body: writeMsml({ kind: "result", result }), contentType: "application/msml+xml" });
    });
  }
}
