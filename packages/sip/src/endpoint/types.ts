import type { Clock, Logger, RandomBytes } from "@sidetone/foundation";
import type { NameAddr, SipMessage, SipRequest, SipResponse } from "../message/index.ts";
import type { PendingInvite } from "../session/pending-invite.ts";
import type { SessionSnapshot } from "../session/session-snapshot.ts";
import type { Destination } from "../transport/resolve.ts";
import type { Flow, SipTransport, Network } from "../transport/types.ts";

export type { Destination, Target } from "../transport/resolve.ts";
export type { Flow, HostPort, SipTransport } from "../transport/types.ts";

/** An address that listens, or should: port 0 takes any free port. */
export interface ListenAddress {
  readonly transport: SipTransport;
  readonly host: string;
  readonly port: number;
}

/** One SIP frame sent or received; retransmissions and malformed frames included. */
export interface JournalEntry {
  readonly direction: "in" | "out";
  readonly wallMicros: number;
  readonly transport: SipTransport;
  /** `host:port` of our side. */
  readonly local: string;
  /** `host:port` of the far side. */
  readonly remote: string;
  /** The reader must not keep it longer than the call without copying. */
  readonly bytes: Buffer;
  /** Absent where the frame could not be parsed. */
  readonly message?: SipMessage;
}

/** RFC 3261 timer bases in milliseconds (17.1.1.1, table 4). */
export interface TimerBases {
  readonly t1: number;
  readonly t2: number;
  readonly t4: number;
}

/** What a digest challenge is answered with. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** RFC 4028: session interval and smallest accepted one, seconds. */
export interface SessionTimerWish {
  readonly expires: number;
  readonly minSe: number;
}

export interface SipEndpointOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Text of `User-Agent` and `Server`. */
  readonly userAgent: string;
  readonly random?: RandomBytes;
  readonly timers?: Partial<TimerBases>;
  /** Option tags for `Supported`; default `100rel, timer`. */
  readonly supported?: readonly string[];
  /** Methods for `Allow`. */
  readonly allow?: readonly string[];
  /** Body types for `Accept`; default `application/sdp`. */
  readonly accept?: readonly string[];
  /** RFC 3261 18.1.1: what becomes of a request above 1,300 bytes that would leave over UDP. Default `tcp-then-udp`. */
  readonly largeRequests?: "tcp-only" | "tcp-then-udp" | "as-is";
  readonly onJournal?: (entry: JournalEntry) => void;
  /** False refuses every packet and connection of that address, silently. */
  readonly acceptPeer?: (ip: string) => boolean;
  /** Host to advertise in Via and Contact where it is not the bound one. */
  readonly contactHost?: string;
  /** Above it new requests get 503 with Retry-After. */
  readonly maxTransactions?: number;
  /** Above it new INVITEs get 503 with Retry-After. */
  readonly maxDialogs?: number;
  /** RFC 3261 8.2.2.2: 482 to merged requests; a proxy that may see a request twice turns it off. Default true. */
  readonly refuseMerged?: boolean;
  /** Answer UDP requests to where they came from even without `rport` (as RFC 3581 with it). Default true; false is RFC 3261 18.2.2 to the letter. */
  readonly forceRport?: boolean;
  /** Default for `InviteOptions.sessionTimer` and `UasOptions.sessionTimer`; default 1800 s, 90 s. */
  readonly sessionTimer?: SessionTimerWish | false;
  /** Sockets; default the machine's. */
  readonly network?: Network;
}

/** What a response may carry beyond its status. */
export interface RespondOptions {
  readonly reason?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: Buffer | string;
  /** Default `application/sdp` where there is a body. */
  readonly contentType?: string;
  readonly toTag?: string;
}

/** A request from outside and the way to answer it. */
export interface ServerTransaction {
  readonly id: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly state: "trying" | "proceeding" | "completed" | "confirmed" | "accepted" | "terminated";
  /** Builds a response and sends it. After a final response (2xx of INVITE excepted, which may be repeated) it does nothing. */
  respond(status: number, o?: RespondOptions): void;
  /** Sends a response as it is; its top Via must already be that of `request`. For proxies. */
  forward(response: SipResponse): void;
  /** INVITE: a CANCEL matched this transaction (it was already answered with 200). */
  onCancel?: ((cancel: SipRequest) => void) | undefined;
  /** No ACK for a 3xx-6xx within 64*T1, or the transport failed. */
  onFailure?: (why: "timeout" | "transport") => void;
  /** The transaction is gone; called once. */
  onTerminated?: () => void;
}

/** A request of ours on its way. */
export interface ClientTransaction {
  readonly id: string;
  /** As last sent: a retry after 401, 407 has a higher CSeq. */
  readonly request: SipRequest;
  readonly destination: Destination;
  /** The flow it left on; undefined before. */
  readonly flow: Flow | undefined;
  readonly state: "trying" | "calling" | "proceeding" | "completed" | "accepted" | "terminated";
  /** INVITE: CANCEL as soon as RFC 3261 9.1 allows; if no final response follows in 64*T1, `onFailure("timeout")`. */
  cancel(headers?: readonly (readonly [string, string])[]): void;
}

export interface RequestHandlers {
  onProvisional?(response: SipResponse): void;
  /** The final response; of an INVITE each 2xx, retransmissions and forks included. */
  onFinal(response: SipResponse): void;
  /** No final response will come. */
  onFailure?(why: "timeout" | "transport"): void;
  /** Answer one 401 and one 407 with these, and once more a challenge that only calls the nonce stale. */
  readonly credentials?: Credentials;
}

/** What `newRequest` needs. */
export interface NewRequestOptions {
  readonly uri: string;
  readonly to: NameAddr | string;
  readonly from: NameAddr | string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: Buffer | string;
  readonly contentType?: string;
}

export interface InviteOptions {
  /** Request-URI. */
  readonly uri: string;
  /** Where it is sent. */
  readonly to: Destination;
  readonly from: NameAddr;
  /** Default: the Request-URI. */
  readonly toHeader?: NameAddr;
  readonly contactUser?: string;
  /** Parameters of our Contact header, e.g. `[["+sip.src", true]]`. */
  readonly contactParams?: readonly (readonly [string, string | true])[];
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: Buffer | string;
  readonly contentType?: string;
  readonly credentials?: Credentials;
  readonly sessionTimer?: SessionTimerWish | false;
  /** Default true: ACK by itself where the INVITE carried the offer. */
  readonly autoAck?: boolean;
  /** Default true: PRACK by itself where the reliable response carries no offer. */
  readonly autoPrack?: boolean;
  readonly callId?: string;
  /** Preloaded route set, as Route header values. */
  readonly routeSet?: readonly string[];
}

export interface UasOptions {
  readonly contactUser?: string;
  readonly contactParams?: readonly (readonly [string, string | true])[];
  /** To tag of ours; default random. */
  readonly localTag?: string;
  readonly sessionTimer?: SessionTimerWish | false;
  readonly credentials?: Credentials;
}

/** What a snapshot does not hold. */
export interface RestoreOptions {
  readonly credentials?: Credentials | undefined;
  /** Where the peer can be reached now, where it has a connection of its own to us; asked for each request while none of the session's is open. */
  readonly reach?: (() => Destination | undefined) | undefined;
}

/** Body and headers of a request inside a dialog. */
export interface RequestOptions {
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: Buffer | string;
  /** Default `application/sdp` for re-INVITE and UPDATE with a body. */
  readonly contentType?: string;
}

/** BYE, and who wants to know what became of it. */
export interface ByeOptions extends RequestOptions {
  /** How BYE was answered; made up (`X-Synthesised`) 408 or 503 where it was not. Not called where none was sent. */
  readonly onAnswer?: (response: SipResponse) => void;
}

export interface ReinviteOptions extends RequestOptions {
  /** Default true: RFC 3261 14.1, repeat after 491. */
  readonly retry491?: boolean;
  /** Default true; with false (offerless re-INVITE) call `ack(answer)` after the promise resolves. */
  readonly autoAck?: boolean;
}

export interface ProgressOptions extends RequestOptions {
  readonly reason?: string;
  /** RFC 3262: sent with RSeq and repeated until PRACK. Ignored where the peer does not support 100rel. */
  readonly reliable?: boolean;
}

/** A request inside a dialog that wants an answer from the application. */
export interface IncomingRequest {
  readonly request: SipRequest;
  readonly flow: Flow;
  respond(status: number, o?: RespondOptions): void;
  /** Re-INVITE: the ACK of our 2xx. Set it before `respond`. */
  onAck?: (ack: SipRequest) => void;
}

/** Why a session ended. */
export interface EndReason {
  readonly by: "local" | "remote" | "timeout" | "transport" | "no-ack" | "session-timer";
  readonly request?: SipRequest;
  readonly response?: SipResponse;
}

/** Events of a session with the arguments of their listeners. */
export interface SessionEvents extends Record<string, unknown[]> {
  /** UAC: 100: the next hop has the INVITE. */
  trying: [SipResponse];
  /** UAC: each 101-199. A reliable one with an offer wants `prack(answer)`. */
  progress: [{ response: SipResponse; reliable: boolean }];
  /** UAC: the first 2xx. Where it carries the offer, `ack(answer)` is wanted. */
  accepted: [SipResponse];
  /** UAC: 3xx-6xx. Made up (header `X-Synthesised: timeout | transport`): 408 on timeout, 503 on a transport failure. */
  rejected: [SipResponse];
  /** UAS: CANCEL came before the final response; 487 was sent. */
  cancelled: [SipRequest];
  /** UAS: ACK of the INVITE's 2xx. */
  acked: [SipRequest];
  /** UAS: PRACK. Where it has an offer, the second argument wants `respond(200, answer)`. */
  prack: [SipRequest, IncomingRequest | undefined];
  reinvite: [IncomingRequest];
  /** UPDATE with an offer. */
  update: [IncomingRequest];
  /** UPDATE with a body that is no description, e.g. recording metadata (RFC 7866 9); without a listener it gets 200. */
  bodyUpdate: [IncomingRequest];
  request: [IncomingRequest];
  /** A refresh, or an offer and its answer, is done: SDP, target or timer may be others now. */
  refreshed: [];
  /** Exactly once, however it ended. */
  ended: [EndReason];
}

/** An INVITE dialog from its first message to its last. */
export interface InviteSession {
  readonly id: string;
  readonly role: "uac" | "uas";
  readonly callId: string;
  readonly localTag: string;
  /** UAC: of the latest early dialog until a 2xx decides. */
  readonly remoteTag: string | undefined;
  readonly state: "trying" | "early" | "confirmed" | "ended";
  /** The INVITE that began it; as last sent. */
  readonly invite: SipRequest;
  /** URI of the far side's Contact. */
  readonly remoteTarget: string | undefined;
  /** Methods the peer said it allows, upper case. */
  readonly remoteAllow: ReadonlySet<string>;
  /** Option tags the peer supports, lower case. */
  readonly remoteSupported: ReadonlySet<string>;
  /** Last negotiated SDP of ours. */
  readonly localSdp: Buffer | undefined;
  /** Last negotiated SDP of the peer. */
  readonly remoteSdp: Buffer | undefined;
  on<K extends keyof SessionEvents & string>(event: K, listener: (...args: SessionEvents[K]) => void): () => void;
  /** UAS: 101-199 (100 is sent by itself). */
  progress(status: number, o?: ProgressOptions): void;
  /** UAS: 200, repeated until ACK; without ACK for 64*T1 BYE and `ended` by "no-ack". */
  accept(o?: RequestOptions): void;
  /** UAS: 300-699. */
  reject(status: number, o?: RespondOptions): void;
  /** UAC: CANCEL. A 2xx that crosses it is ACKed and BYEd. */
  cancel(o?: RequestOptions): void;
  /** UAC: ACK of a 2xx that waits for one. */
  ack(body?: Buffer | string, contentType?: string): void;
  /** UAC: PRACK of the oldest reliable response that waits for one. */
  prack(body?: Buffer | string, contentType?: string): void;
  /** Resolves with the final response, 408 or 503 where none came; waits for one in progress. */
  reinvite(o?: ReinviteOptions): Promise<SipResponse>;
  update(o?: RequestOptions): Promise<SipResponse>;
  /** As the session timer does it: UPDATE, or a re-INVITE with what was agreed. A 481 ends the session. */
  refresh(): Promise<SipResponse>;
  /** What a restarted element needs to go on with it (`SipEndpoint.restoreSession`); undefined where it is not confirmed. */
  snapshot(): SessionSnapshot | undefined;
  /** What a restarted element needs to put an end to it (`SipEndpoint.giveUp`); undefined where its INVITE is answered. */
  pending(): PendingInvite | undefined;
  /** Any other method. A 481 ends the session. */
  request(method: string, o?: RequestOptions): Promise<SipResponse>;
  /** Ends it by BYE, or before that is possible by CANCEL or 480. Resolves when answered or timed out. */
  bye(o?: ByeOptions): Promise<void>;
  /** `bye` that nobody waits for. */
  terminate(o?: RequestOptions): void;
}

/** Counts for tests and metrics. */
export interface EndpointStats {
  readonly transactions: number;
  readonly dialogs: number;
  readonly connections: number;
  readonly sentMessages: number;
  readonly receivedMessages: number;
  readonly malformed: number;
}
