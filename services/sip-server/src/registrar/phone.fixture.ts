// For the tests of this folder: a phone's requests, and transactions that keep their answers.
import assert from "node:assert/strict";
import type { DnConfig, SipServerOptions } from "@sidetone/config";
import {
  type Flow,
  type RespondOptions,
  type ServerTransaction,
  type SipRequest,
  answerChallenge,
  parseMessage,
} from "@sidetone/sip";

/** A DN as the configuration gives it. */
export function dnConfig(dn: string, o: Partial<DnConfig> = {}): DnConfig {
  return {
    dn,
    type: "extension",
    password: `demo-${dn}`,
    digestAlgorithms: ["MD5"],
    record: false,
    recordingFailure: "continue",
    media: "direct",
    contact: undefined,
    prefix: undefined,
    defaultDestination: undefined,
    routeTimeoutMs: 10_000,
    ...o,
  };
}

/** Options with the defaults of the configuration. */
export const options: SipServerOptions = {
  recordingFilename: "$UUID$",
  recordConsultCalls: true,
  recordMoh: true,
  invertRouteRecordSides: false,
  recorderGroup: "recorders",
  secondRecorderGroup: undefined,
  geoLocation: undefined,
  musicOnHold: undefined,
  noAnswerTimeoutMs: 30_000,
  sessionExpires: 1800,
  minSe: 90,
  minExpires: 60,
  maxExpires: 7200,
};

/** A path from `host:port`. */
export function flowFrom(host: string, port: number, transport: Flow["transport"] = "udp"): Flow {
  return {
    id: `${transport}:${host}:${port}`,
    transport,
    local: { host: "127.0.0.1", port: 5060 },
    remote: { host, port },
  };
}

/** What a request is made of. */
export interface RequestParts {
  readonly method?: string;
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly via?: string;
  /** Further header lines. */
  readonly headers?: readonly string[];
}

/** A request of 7001, read from its bytes. */
export function request(o: RequestParts = {}): SipRequest {
  const {
    method = "REGISTER",
    uri = "sip:sidetone.local",
    from = "<sip:7001@sidetone.local>",
    to = "<sip:7001@sidetone.local>",
  } = o;
  const lines = [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${o.via ?? "192.0.2.1:5062;rport"};branch=z9hG4bK1`,
    "Max-Forwards: 70",
    `From: ${from};tag=1`,
    `To: ${to}`,
    `Call-ID: ${o.callId ?? "call-1"}`,
    `CSeq: ${o.cseq ?? 1} ${method}`,
    ...(o.headers ?? []),
    "Content-Length: 0",
  ];
  const parsed = parseMessage(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"));
  assert.ok(parsed.ok && parsed.value.kind === "request");
  return parsed.value;
}

/** The Authorization value for a challenge. */
export function authorization(
  challenge: readonly string[],
  message: SipRequest,
  user: string,
  password: string,
  nonceCount = 1,
): string {
  const answer = answerChallenge({
    challenge,
    method: message.method,
    uri: message.uri,
    username: user,
    password,
    nonceCount,
  });
  assert.ok(answer.ok);
  return answer.value;
}

/** An answer that was sent. */
export interface SentAnswer {
  readonly status: number;
  readonly reason: string | undefined;
  readonly headers: readonly (readonly [string, string])[];
}

/** A transaction that keeps its answer. */
export class KeptTransaction implements ServerTransaction {
  readonly id = "tx";
  readonly state = "trying";
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly answered: Promise<SentAnswer>;
  readonly #answer: (answer: SentAnswer) => void;

  constructor(message: SipRequest, flow: Flow) {
    this.request = message;
    this.flow = flow;
    const { promise, resolve } = Promise.withResolvers<SentAnswer>();
    this.answered = promise;
    this.#answer = resolve;
  }

  respond(status: number, o: RespondOptions = {}): void {
    this.#answer({ status, reason: o.reason, headers: o.headers ?? [] });
  }

  forward(): void {
    assert.fail("a registrar forwards nothing");
  }
}

/** The values of a header of an answer. */
export function valuesOf(answer: { readonly headers: readonly (readonly [string, string])[] }, name: string): string[] {
  return answer.headers.filter(([key]) => key === name).map(([, value]) => value);
}
