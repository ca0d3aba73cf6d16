import type { ConfigMistake } from "./mistake.ts";

/** A listening address: `udp://127.0.0.1:5060`. Port 0 takes any free port. */
export interface ListenAddress {
  readonly transport: "udp" | "tcp";
  readonly host: string;
  readonly port: number;
}

/** An HTTP listening address: `http://127.0.0.1:8081`. */
export interface HttpAddress {
  readonly host: string;
  readonly port: number;
}

/** What every SIP-speaking role has in its section. */
export interface SipRoleConfig {
  readonly listen: readonly ListenAddress[];
  /** Where `/metrics`, `/livez`, `/readyz` and the role's `/api/v1` paths are served. */
  readonly http: HttpAddress | undefined;
  /** Bearer token of the role's `/api/v1`; required where `http` is not on loopback. */
  readonly apiToken: string | undefined;
  /** JSON lines of every SIP message sent and received, for tracing a complaint. */
  readonly sipJournal: string | undefined;
  /** Addresses that may talk to this role besides loopback; empty = loopback only (Resource Manager, Media Server, recorder). */
  readonly peers: readonly string[];
}

export type DnType = "extension" | "acd-position" | "routing-point" | "trunk" | "trunk-group" | "voice-treatment-port";
export type DigestAlgorithm = "MD5" | "SHA-256";

/** One directory number. */
export interface DnConfig {
  readonly dn: string;
  readonly type: DnType;
  readonly password: string | undefined;
  /** In the order in which they are offered. Default `["MD5"]`. */
  readonly digestAlgorithms: readonly DigestAlgorithm[];
  /** R1: full-time recording of this DN. */
  readonly record: boolean;
  /** R17: what happens to a call whose recording cannot be started. */
  readonly recordingFailure: "continue" | "reject";
  /** `anchored`: media goes through the Media Server without recording. */
  readonly media: "direct" | "anchored";
  /** SIP URI of a trunk, or of an extension that does not register. */
  readonly contact: string | undefined;
  /** Dialled prefix of a trunk. */
  readonly prefix: string | undefined;
  readonly defaultDestination: string | undefined;
  readonly routeTimeoutMs: number;
}

export interface SipServerOptions {
  /** R9 template. */
  readonly recordingFilename: string;
  readonly recordConsultCalls: boolean;
  readonly recordMoh: boolean;
  readonly invertRouteRecordSides: boolean;
  readonly recorderGroup: string;
  readonly secondRecorderGroup: string | undefined;
  readonly geoLocation: string | undefined;
  readonly musicOnHold: string | undefined;
  /** How long a phone may ring before the caller gets 480; ms. */
  readonly noAnswerTimeoutMs: number;
  /** RFC 4028, seconds. */
  readonly sessionExpires: number;
  readonly minSe: number;
  /** Shortest and longest registration, seconds. */
  readonly minExpires: number;
  readonly maxExpires: number;
}

export interface SipServerConfig extends SipRoleConfig {
  readonly domain: string;
  /** SIP URIs, tried in order. */
  readonly resourceManagers: readonly string[];
  readonly serverId: number;
  /** T-Library without TLS on an address that is not loopback; default false. */
  readonly plainWs?: boolean;
  /** SQLite file of ledger, journal, registrations and audit. */
  readonly storage: string;
  readonly options: SipServerOptions;
  readonly dns: ReadonlyMap<string, DnConfig>;
  readonly agentLogins?: ReadonlyMap<string, AgentLoginConfig>;
  readonly applications?: ReadonlyMap<string, ApplicationConfig>;
}

/** An agent who logs in at a DN. */
export interface AgentLoginConfig {
  readonly agentId: string;
  readonly password: string | undefined;
  /** R1: full-time recording of this agent, at whatever DN. */
  readonly record: boolean;
}

/** What a T-Library client may do with the DNs that a pattern (`70*`) names. */
export interface GrantConfig {
  readonly dns: string;
  readonly rights: readonly ("monitor" | "control" | "userdata" | "record" | "route" | "suppress")[];
}

/** A T-Library client. */
export interface ApplicationConfig {
  readonly name: string;
  readonly password: string;
  readonly grants: readonly GrantConfig[];
  /** R10: hosts (patterns) that it may name in `dest` and `dest2`. */
  readonly destinations: readonly string[];
  /** User data keys (patterns) that it sees and may write; undefined = all. Keys `GSIP_*` are always seen. */
  readonly userDataKeys?: readonly string[] | undefined;
}

export interface ResourceConfig {
  /** SIP URI of the resource. */
  readonly address: string;
  /** Sessions it may carry at once; undefined = no limit of ours. */
  readonly portCapacity: number | undefined;
}

export interface ResourceGroupConfig {
  readonly name: string;
  readonly service: "msml" | "recording-server";
  readonly loadBalanceScheme: "round-robin" | "least-used" | "least-percent";
  readonly monitor: { readonly intervalMs: number; readonly timeoutMs: number };
  readonly recordRoute: boolean;
  readonly resources: readonly ResourceConfig[];
}

export interface ResourceManagerConfig extends SipRoleConfig {
  readonly groups: readonly ResourceGroupConfig[];
}

export interface RtpConfig {
  readonly address: string;
  /** Address written into SDP; default `address`. */
  readonly advertise: string;
  readonly portMin: number;
  readonly portMax: number;
  /** `auto` takes the batched one on Linux where it loads, else node:dgram. */
  readonly packetIo: "auto" | "dgram" | "batched";
}

export interface RecorderProfile {
  readonly name: string;
  readonly protocol: "siprec" | "request-uri";
  readonly layout: "single-session" | "session-per-party";
  readonly streams: "per-side" | "per-participant";
  readonly srtp: "off" | "optional" | "required";
}

export interface MediaServerConfig extends SipRoleConfig {
  readonly resourceManagers: readonly string[];
  readonly rtp: RtpConfig;
  readonly recorderProfiles: ReadonlyMap<string, RecorderProfile>;
  /** Folder of the sound files that can be played to a connection. Default: the one that comes with the Media Server. */
  readonly prompts?: string | undefined;
  /** A leg or session without RTP for this long is ended; ms. R33: 90 s. */
  readonly rtpTimeoutMs: number;
}

export interface RecorderConfig extends SipRoleConfig {
  readonly rtp: RtpConfig;
  readonly storage: {
    /** Folder of the recordings' segments and manifests. */
    readonly directory: string;
    /** SQLite file of the index. */
    readonly database: string;
  };
  /** A session without RTP for this long is ended and marked; ms. */
  readonly rtpTimeoutMs: number;
  /** Where user data of the calls come from. */
  readonly tLibrary?: TLibraryClientConfig | undefined;
}

/** How the recorder logs in to SIP Server as a T-Library client. */
export interface TLibraryClientConfig {
  readonly url: string;
  readonly application: string;
  readonly password: string;
}

export interface ConsoleUser {
  readonly name: string;
  readonly password: string;
  readonly role: "administrator" | "supervisor" | "auditor" | "agent";
}

export interface ConsoleConfig {
  /** Base URLs of the other roles' HTTP servers. */
  readonly roles: readonly string[];
  readonly http: HttpAddress;
  readonly users: readonly ConsoleUser[];
  /** Bearer token sent to the roles. */
  readonly apiToken: string | undefined;
}

/** A whole `sidetone.yaml`, checked, with defaults filled in and secrets resolved. An absent section is a role that does not run here. */
export interface SidetoneConfig {
  readonly file: string;
  readonly sipServer: SipServerConfig | undefined;
  readonly resourceManager: ResourceManagerConfig | undefined;
  readonly mediaServer: MediaServerConfig | undefined;
  readonly recorder: RecorderConfig | undefined;
  readonly console: ConsoleConfig | undefined;
  /** What is served, but probably not meant. */
  readonly warnings?: readonly ConfigMistake[];
}
