/** Roles are asked for their health this often; ms. */
export const askIntervalMs = 2000;
/** A role that does not answer its health check for this long is not ready; ms. */
export const askTimeoutMs = 1500;
/** A role that does not begin to answer for this long is given up; ms. */
export const upstreamTimeoutMs = 15_000;
/** Largest health answer that is read, in bytes. */
export const maxHealthBytes = 64 * 1024;
/** Wrong passwords per user and address before it gets slow. */
export const freeTries = 5;
/** Longest wait between two tries; ms. */
export const maxWaitMs = 60_000;
/** Users and addresses whose wrong tries are remembered. */
export const maxGuessers = 10_000;
/** Longest Authorization header that is read. */
export const maxAuthorizationLength = 1000;
/** T-Library connections that are passed on at once. */
export const maxProxied = 2000;
/** SIP Server has this long to answer an upgrade; ms. */
export const upgradeTimeoutMs = 5000;
/** One end of a T-Library connection is gone: the other may take this long for what was still said; ms. */
export const lingerMs = 2000;
/** Longest answer of a Resource Manager to a command that is passed on; bytes. */
export const maxCommandAnswerBytes = 4 * 1024 * 1024;
/** Largest list of recordings that is read from one of several recorders, in bytes: 1000 rows of many events. */
export const maxListBytes = 64 * 1024 * 1024;
/** Proposals for a value of the search, as of one recorder. */
export const maxSuggestions = 20;
/** Rows of a list where nobody says how many, as at a recorder. */
export const pageDefault = 50;
/** Part of the hash that says whether the pages are built: another number when the way they are built changes. */
export const builtFor = "2";
/** How long a locked file of the console's store is waited for; ms. */
export const busyTimeoutMs = 2000;
/** Longest value of a query parameter; characters. */
export const maxQueryValue = 1000;
/** Longest text in an audit entry; what is longer is cut. Characters. */
export const maxAuditText = 1000;
/** Audit entries that may wait for the disk: one that hangs must not fill the memory. */
export const maxWaitingAudit = 10_000;
/** Entries of the trail that are checked, or exported, in one go: others wait so long for the store. */
export const chainStep = 500;
/** Entries that are searched for a text in one go. */
export const textStep = 10_000;
/** Entries of a page of the audit where nobody says how many, and at most. */
export const auditPageDefault = 100;
export const auditPageMax = 1000;
/** Saved searches of one user. */
export const maxSavedSearches = 200;
/** Longest name of a saved search; characters. */
export const maxSearchName = 100;
/** Longest query of a saved search; characters. */
export const maxSearchQuery = 4000;
/** Comments on one recording. */
export const maxComments = 1000;
/** Longest comment; characters. */
export const maxCommentText = 2000;
/** Latest moment of a comment: no recording is longer; ms. */
export const maxCommentAtMs = 7 * 24 * 3_600_000;
/** The same listening as before where one asks again so soon: players fetch a recording in parts; ms. */
export const listeningMs = 10 * 60_000;
/** Listenings that are remembered for it. */
export const maxListenings = 10_000;
/** A recording that is paused for so long is too long, where the configuration says nothing; ms. */
export const defaultPauseReminderMs = 60_000;
/** Time between two looks at resources and storages for the live page; ms. */
export const liveLookMs = 2000;
/** A SIP Server whose stream of calls broke off is asked again after this; ms. */
export const liveRetryMs = 1000;
/** A stream of calls that says nothing for this long is given up; ms. SIP Server says every 5 s that it lives. */
export const liveSilenceMs = 15_000;
/** The streams of calls stay open this long after the last visitor has left the live page; ms. */
export const liveLingerMs = 10_000;
/** Largest event of such a stream; bytes: 20,000 calls of 2 kB. */
export const maxEventBytes = 64 * 1024 * 1024;
/** Alarms that have ended and are still shown. */
export const endedAlarmsKept = 20;
/** A certificate that ends within this is told; ms. */
export const certificateWarningMs = 14 * 24 * 3_600_000;
/** SIP Server carries out a recording command within this; ms. */
export const commandTimeoutMs = 10_000;
/** What is live is put together anew after this; ms. */
export const stageMs = 50;
/** A visitor's stream of the live page ends after this; the browser opens the next one by itself, with the rights of then; ms. */
export const liveStreamMs = 10 * 60_000;
/** Wrong passwords per address, over all names, before it gets slow: people behind one address share it. */
export const freeTriesOfAddress = 30;
/** Wrong tries are forgotten when none has followed for so long; ms. */
export const forgetTriesMs = 15 * 60_000;
/** Password hashes that are computed at once: they share the process's threads with the disk. */
export const hashesAtOnce = 2;
/** Passwords that may wait to be hashed. */
export const maxWaitingHashes = 200;
/** Right passwords of programs (HTTP Basic) that are remembered by a hash of this process, and how long; ms. */
export const maxKnownPasswords = 500;
export const knownPasswordMs = 5 * 60_000;
/** Shortest and longest password that a person may choose; characters. */
export const minPasswordLength = 12;
export const maxPasswordLength = 200;
/** Longest name of a user; characters. */
export const maxUserName = 100;
/** Most grants of one user. */
export const maxGrants = 200;
/** Longest pattern of DNs in a grant; characters. */
export const maxDnPattern = 64;
/** Users that the console keeps. */
export const maxUsers = 10_000;
/** A session's last use is written down so often at most; ms. */
export const seenEveryMs = 30_000;
/** What the store said of a session counts so long; changes made here count at once. ms. */
export const sessionCacheMs = 5000;
/** Sessions that are held in memory. */
export const maxCachedSessions = 10_000;
/** Sessions that have expired are looked for so often, and their open streams ended; ms. */
export const sessionSweepMs = 15_000;
/** A log-in at the OIDC provider must be through within this time; ms. */
export const oidcPatienceMs = 10 * 60_000;
/** Log-ins that are at the provider at the same time. */
export const maxPendingOidc = 1000;
/** The provider has this long to answer; seconds. */
export const oidcTimeoutSeconds = 10;
