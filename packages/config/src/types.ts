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
  /** SIP URI of a trunk, or of an extension or voice treatment port that does not register. */
  readonly contact: string | undefined;
  /** Dialled prefix of a trunk or trunk group; cut off the number before it is sent. */
  readonly prefix: string | undefined;
  readonly defaultDestination: string | undefined;
  readonly routeTimeoutMs: number;
  /** Trunk, trunk group: put in front of the number once the prefix is cut. A member's own one goes before its group's. */
  readonly replacePrefix?: string | undefined;
  /** Trunk: name for the digest that the trunk asks us for; default the trunk's DN. */
  readonly user?: string | undefined;
  /** Trunk: how its calls are known: by where they come from, or by digest with the DN as its user. */
  readonly inboundAuthentication?: "address" | "digest" | undefined;
  /** Trunk: calls at once, both directions; undefined = no limit. */
  readonly capacity?: number | undefined;
  /** Trunk group: DNs of its trunks, at least one. */
  readonly members?: readonly string[] | undefined;
  /** Trunk group: `in-order` tries the first member first, `round-robin` begins at the next one each time. */
  readonly loadBalanceScheme?: "in-order" | "round-robin" | undefined;
  /** Routing point: what the caller hears while it waits for a destination. */
  readonly treatment?: "ringback" | "music" | "announcement" | undefined;
  /** Routing point: name of the file of music (undefined: the default music) or announcement (always there); no folder. */
  readonly treatmentFile?: string | undefined;
  /** Whether a recording for this DN is told of by a tone; undefined: wherever `recording-alert-tone` is set. */
  readonly alertTone?: boolean | undefined;
}

/** What tells the parties of a call that it is recorded. */
export interface AlertToneConfig {
  /** From one tone's beginning to the next one's; ms. */
  readonly everyMs: number;
  readonly durationMs: number;
  readonly frequencyHz: number;
  /** Who hears it. */
  readonly sides: readonly ("customer" | "agent")[];
  /** Whether it is heard in the recording too. */
  readonly recorded: boolean;
  /** In the Media Server's folder of prompts, in place of the tone; no folder. */
  readonly file: string | undefined;
}

export interface SipServerOptions {
  /** R9 template. */
  readonly recordingFilename: string;
  readonly recordConsultCalls: boolean;
  readonly recordMoh: boolean;
  readonly invertRouteRecordSides: boolean;
  /** R10: the Resource Manager's group that recordings go to where a client names no `dest`. */
  readonly recorderGroup: string;
  /** R10: the group that gets a duplicate of everything where a client names no `dest2`; undefined: no duplicates. */
  readonly secondRecorderGroup: string | undefined;
  readonly geoLocation: string | undefined;
  readonly musicOnHold: string | undefined;
  /** Undefined: only DNs with `alert-tone: true` have one, the usual one. */
  readonly recordingAlertTone?: AlertToneConfig | undefined;
  /** RFC 7866 7.1.3: a phone's `a=recordpref` pauses, resumes or stops the recording; otherwise it is only logged. */
  readonly honorRecordpref?: boolean;
  /** How long a phone may ring before the caller gets 480; ms. */
  readonly noAnswerTimeoutMs: number;
  /** RFC 4028, seconds. */
  readonly sessionExpires: number;
  readonly minSe: number;
  /** Shortest and longest registration, seconds. */
  readonly minExpires: number;
  readonly maxExpires: number;
}

/** What is kept of every call for who looks into it later. */
export interface CallJournalConfig {
  /** Days that a call's journal is kept. */
  readonly days: number;
  /** Bytes that the file of SIP messages may have; the oldest go first. */
  readonly size: number;
  /** False: no SIP messages, only what T-Library, the call and its recording did. */
  readonly messages: boolean;
}

export interface SipServerConfig extends SipRoleConfig {
  readonly domain: string;
  /** SIP URIs, tried in order. */
  readonly resourceManagers: readonly string[];
  /** Subscribes to the states of their resources; false for a Resource Manager that has no such event package. */
  readonly resourceEvents: boolean;
  readonly serverId: number;
  /** T-Library without TLS on an address that is not loopback; default false. */
  readonly plainWs?: boolean;
  /** Key of the access tokens that the console mints for people; undefined: they are refused. */
  readonly tokenSecret?: string | undefined;
  /** SQLite file of ledger, journal, registrations and audit. */
  readonly storage: string;
  /** Default: 30 days, 4 GB, with SIP messages. */
  readonly journal?: CallJournalConfig;
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

/** What a T-Library client may be allowed to do with a DN (tlib-wire.md, "Rights"). */
export const grantRights = ["monitor", "control", "userdata", "record", "route", "suppress"] as const;

/** What a T-Library client may do with the DNs that a pattern (`70*`) names. */
export interface GrantConfig {
  readonly dns: string;
  readonly rights: readonly (typeof grantRights)[number][];
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
  /** 1 is tried first, a higher number only where nothing below it is free. */
  readonly preference: number;
  /** Where it stands, as compared with X-Genesys-geo-location; undefined = that of its group. */
  readonly geoLocation: string | undefined;
  /** It takes nothing new from the start on. */
  readonly withdrawn: boolean;
}

export interface ResourceGroupConfig {
  readonly name: string;
  readonly service: "msml" | "recording-server";
  readonly loadBalanceScheme: "round-robin" | "least-used" | "least-percent";
  readonly monitor: {
    readonly intervalMs: number;
    readonly timeoutMs: number;
    /** Good answers in a row that bring a lost resource back. */
    readonly returnAnswers: number;
  };
  readonly recordRoute: boolean;
  /** Of several groups for a service: 1 is tried first. */
  readonly preference: number;
  readonly geoLocation: string | undefined;
  /** False: it takes nothing that names another location than its own. */
  readonly geoOverflow: boolean;
  /** Addresses and networks that may use it; undefined = every peer. */
  readonly clients: readonly string[] | undefined;
  readonly resources: readonly ResourceConfig[];
}

export interface ResourceManagerConfig extends SipRoleConfig {
  /** Sessions that one client (address) may have at once; undefined = no limit. */
  readonly maxSessionsPerClient: number | undefined;
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

/** How recording sessions with the recorders of a group, or of hosts, are made (contract, "The recording session"). */
export interface RecorderProfile {
  /** A recorder group, or `host` or `host:port` of a `dest`; `*` in it stands for any characters. */
  readonly name: string;
  /** `request-uri`: no metadata in bodies, no `Require: siprec`; changes are `X-` headers of re-INVITE and BYE. */
  readonly protocol: "siprec" | "request-uri";
  /** `session-per-party`: a session for each stream, each with its own `dn`. */
  readonly layout: "single-session" | "session-per-party";
  readonly streams: "per-side" | "per-participant";
  /** SDES (RFC 4568). `optional`: offered, and plain RTP after a 488. */
  readonly srtp: "off" | "optional" | "required";
  /** What is offered, in this order; undefined: both, the party's own first. */
  readonly codecs: readonly ("PCMU" | "PCMA")[] | undefined;
  /** SIP transport towards a `dest` that names none; undefined: as it says. */
  readonly transport: "udp" | "tcp" | undefined;
}

/** Which sound files a Media Server fetches from elsewhere, and how much that may cost. */
export interface PromptsHttpConfig {
  /** Base URLs, without the last slash: a source, and each redirect on the way to it, must be one of these or lie below it. */
  readonly allow: readonly string[];
  readonly maxOctets: number;
  /** For the whole of it, redirects included; ms. */
  readonly timeoutMs: number;
  readonly maxRedirects: number;
}

/** Hosts that are one MSML client together. */
export interface MsmlClientConfig {
  readonly name: string;
  /** IP addresses and networks. */
  readonly hosts: readonly string[];
}

export interface MediaServerConfig extends SipRoleConfig {
  readonly resourceManagers: readonly string[];
  /** Subscribes to the states of their resources; false for a Resource Manager that has no such event package. */
  readonly resourceEvents: boolean;
  readonly rtp: RtpConfig;
  readonly recorderProfiles: ReadonlyMap<string, RecorderProfile>;
  /** Folder of the sound files that can be played to a connection. Default: the one that comes with the Media Server. */
  readonly prompts?: string | undefined;
  /** Undefined: none is fetched. */
  readonly promptsHttp?: PromptsHttpConfig | undefined;
  /** Folder that `<record dest="file:...">` may write to. Undefined: nobody records to a file here. */
  readonly recordFolder?: string | undefined;
  /** Hosts named together share connections, conferences and dialogs; any other host has its own. */
  readonly msmlClients?: readonly MsmlClientConfig[];
  /** A leg or session without RTP for this long is ended; ms. R33: 90 s. */
  readonly rtpTimeoutMs: number;
}

export interface RecorderConfig extends SipRoleConfig {
  readonly rtp: RtpConfig;
  readonly storage: {
    /** Folder of the recordings' segments and manifests. */
    readonly directory: string;
    /** The index: path of a SQLite file, or `postgres://USER@HOST:PORT/DATABASE`. */
    readonly database: string;
    /** Password of the PostgreSQL user, instead of one in the URL. */
    readonly databasePassword?: string | undefined;
  };
  /** A session without RTP for this long is ended and marked; ms. */
  readonly rtpTimeoutMs: number;
  /** Keys that are pressed (RFC 4733) are markers of a recording: without the digit, or with it. */
  readonly dtmfDigits: "masked" | "shown";
  /** Where user data of the calls come from. */
  readonly tLibrary?: TLibraryClientConfig | undefined;
  /** SRTP by SDES (RFC 4568): refused, taken where it is offered (default), or the only thing that is taken. */
  readonly srtp?: "off" | "optional" | "required" | undefined;
  /** R34: what is expected is compared with what is held. Undefined: no ledger is known. */
  readonly reconciliation?: ReconciliationConfig | undefined;
}

/** R34: whose ledgers say what should be recorded, and who may hold it besides. */
export interface ReconciliationConfig {
  /** HTTP addresses of the SIP Servers, without the last slash. Default: that of `t-library`. */
  readonly sipServers: readonly string[];
  /** HTTP addresses of the other recorders. */
  readonly recorders: readonly string[];
  /** A side without audio for this long in a call is found, and told while the call is up; ms. */
  readonly silenceMs: number;
  /** Time between two looks at a ledger, ms. */
  readonly intervalMs: number;
  /** What was found of a party is kept for so long after it began, ms. */
  readonly keepMs: number;
}

/** How the recorder logs in to SIP Server as a T-Library client. */
export interface TLibraryClientConfig {
  readonly url: string;
  readonly application: string;
  readonly password: string;
  /** Names of user data whose values are not kept, in any case. */
  readonly mask: readonly string[];
}

export interface ConsoleUser {
  readonly name: string;
  readonly password: string;
  readonly role: "administrator" | "supervisor" | "auditor" | "agent";
  /** What the user may see and do live (T-Library). Default: administrator everything, auditor `monitor` on every DN, else nothing. */
  readonly grants?: readonly GrantConfig[];
}

export interface ConsoleConfig {
  /** Base URLs of the other roles' HTTP servers. */
  readonly roles: readonly string[];
  readonly http: HttpAddress;
  /** Absolute path of the SQLite file of users, sessions, audit, saved searches and comments, or `:memory:`. */
  readonly storage: string;
  readonly users: readonly ConsoleUser[];
  /** Bearer token sent to the roles. */
  readonly apiToken: string | undefined;
  /** Key of the access tokens that SIP Server verifies; undefined: no live view. */
  readonly tokenSecret?: string | undefined;
  /** Agents are reminded of a recording that is paused for so long; ms. */
  readonly pauseReminderMs?: number | undefined;
  /** Default: half an hour, twelve hours. */
  readonly session?: SessionConfig | undefined;
  /** Undefined: nobody logs in by OpenID Connect. */
  readonly oidc?: OidcConfig | undefined;
  /** Where browsers reach the console, without a slash at the end; undefined: where each request says that it went. */
  readonly publicUrl?: string | undefined;
  /** Addresses and networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. */
  readonly trustedProxies?: readonly string[] | undefined;
}

/** How long a log-in at the console lasts. */
export interface SessionConfig {
  /** Without a request for this long it ends; ms. */
  readonly idleMs: number;
  /** It ends then in any case; ms. */
  readonly longestMs: number;
}

/** Log-in by OpenID Connect. */
export interface OidcConfig {
  /** Issuer URL; `/.well-known/openid-configuration` is found under it. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What the button says. */
  readonly label: string;
  readonly scopes: readonly string[];
  /** Claim that names the user at the console. */
  readonly nameClaim: string;
  /** Claim, text or list of texts, that `roles` is about. */
  readonly roleClaim: string;
  /** Value of the claim → role; who has none of them is refused. */
  readonly roles: ReadonlyMap<string, ConsoleUser["role"]>;
  /** Claim, text or list of texts, with the DNs (patterns) of supervisors and agents; undefined: `grants` says. */
  readonly dnsClaim: string | undefined;
  /** What supervisors and agents get whose DNs no claim says. */
  readonly grants: readonly GrantConfig[];
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
