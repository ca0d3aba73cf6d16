import { isIP } from "node:net";
import { YAMLMap } from "yaml";
import { mapped, sipUri, sipUriPlace, sqliteFile } from "../addresses.ts";
import type { At, Reader, Reading } from "../reading.ts";
import { duration, flag, integer, oneOf, secret, size, text } from "../scalars.ts";
import { listOf, mapOf, object, oneOrMore, optional, required } from "../shapes.ts";
import type {
  AgentLoginConfig,
  AlertToneConfig,
  ApplicationConfig,
  CallJournalConfig,
  SipServerConfig,
  SipServerOptions,
} from "../types.ts";
import { dnConfig, soundFileName } from "./dns.ts";
import { grants, tokenSecret } from "./grants.ts";
import { sipRoleFields } from "./sip-role.ts";

const second = 1000;
const toSeconds = (ms: number): number => Math.round(ms / 1000);

/** A group's name stands as host of a SIP URI in `dest` (R10): an address would be one of a recorder. */
const groupName: Reader<string> = mapped(text, (name, at, reading) =>
  isIP(name) === 0 && sipUriPlace(`sip:${name}`)?.host === name
    ? name
    : reading.complain(at, `"${name}" cannot name a group of recorders.`, "Letters, digits, . and - may stand in it."),
);

const toneSide: Reader<"customer" | "agent"> = oneOf(["customer", "agent"]);

const toneFields = object({
  every: optional(duration(second, 3600 * second), 15 * second),
  duration: optional(duration(50, 10 * second), 200),
  frequency: optional(integer(200, 3400), 1400),
  sides: optional<("customer" | "agent")[]>(listOf(toneSide, 1), ["customer", "agent"]),
  recorded: optional(flag, true),
  file: optional(text),
});

const alertTone: Reader<AlertToneConfig> = mapped(toneFields, (v, at, reading) => {
  if (v.duration >= v.every) {
    return reading.complain({ path: `${at.path}.duration` }, "must be shorter than every.");
  }
  if (v.file !== undefined && !soundFileName(v.file)) {
    const path = `${at.path}.file`;
    return reading.complain({ path }, "is not a file name.", "Name a file in the Media Server's folder of prompts.");
  }
  const { every: everyMs, duration: durationMs, frequency: frequencyHz, sides, recorded, file } = v;
  return { everyMs, durationMs, frequencyHz, sides, recorded, file };
});

const optionFields = object({
  "recording-filename": optional(text, "$UUID$_$DATE$_$TIME$"),
  "record-consult-calls": optional(flag, true),
  "record-moh": optional(flag, true),
  "invert-route-record-sides": optional(flag, false),
  "recorder-group": optional(groupName, "recorders"),
  "second-recorder-group": optional(groupName),
  "geo-location": optional(text),
  "music-on-hold": optional(text),
  "recording-alert-tone": optional(alertTone),
  "honor-recordpref": optional(flag, false),
  "no-answer-timeout": optional(duration(second, 3600 * second), 60 * second),
  "session-expires": optional(duration(90 * second), 1800 * second),
  "min-se": optional(duration(90 * second), 90 * second),
  "min-expires": optional(duration(second), 60 * second),
  "max-expires": optional(duration(second), 3600 * second),
});

const options: Reader<SipServerOptions> = mapped(optionFields, (v, at, reading) => {
  if (v["min-se"] > v["session-expires"]) {
    return reading.complain({ path: `${at.path}.min-se` }, "must not be longer than session-expires (RFC 4028).");
  }
  if (v["min-expires"] > v["max-expires"]) {
    return reading.complain({ path: `${at.path}.min-expires` }, "must not be longer than max-expires.");
  }
  if (v["music-on-hold"] !== undefined && !soundFileName(v["music-on-hold"])) {
    const path = `${at.path}.music-on-hold`;
    return reading.complain({ path }, "is not a file name.", "Name a file in the Media Server's folder of prompts.");
  }
  return checkTemplate(v["recording-filename"], `${at.path}.recording-filename`, reading)
    ? {
        recordingFilename: v["recording-filename"],
        recordConsultCalls: v["record-consult-calls"],
        recordMoh: v["record-moh"],
        invertRouteRecordSides: v["invert-route-record-sides"],
        recorderGroup: v["recorder-group"],
        secondRecorderGroup: v["second-recorder-group"],
        geoLocation: v["geo-location"],
        musicOnHold: v["music-on-hold"],
        recordingAlertTone: v["recording-alert-tone"],
        honorRecordpref: v["honor-recordpref"],
        noAnswerTimeoutMs: v["no-answer-timeout"],
        sessionExpires: toSeconds(v["session-expires"]),
        minSe: toSeconds(v["min-se"]),
        minExpires: toSeconds(v["min-expires"]),
        maxExpires: toSeconds(v["max-expires"]),
      }
    : undefined;
});

/** R9. */
const templateVariables = ["ANI", "DNIS", "DATE", "TIME", "CONNID", "UUID", "AGENTID", "AGENTDN", "CALLID"];

function checkTemplate(template: string, path: string, reading: Reading): boolean {
  const parts = template.split("$");
  const known = `Known: ${templateVariables.map((v) => `$${v}$`).join(" ")}.`;
  if (parts.length % 2 === 0) {
    reading.complain({ path }, "has a $ without its partner.", known);
    return false;
  }
  for (let i = 1; i < parts.length; i += 2) {
    const name = parts[i] ?? "";
    if (templateVariables.includes(name)) continue;
    reading.complain({ path }, `$${name}$ is not a variable of a file name.`, known);
    return false;
  }
  return true;
}

const agentFields = object({ password: optional(secret), record: optional(flag, false) });

function agentLogin(agentId: string): Reader<AgentLoginConfig> {
  return mapped(agentFields, (v) => ({ agentId, password: v.password, record: v.record }));
}

/** Before the name of a person with an access token, in logs, audit and trace. */
const userPrefix = "user:";

const applicationFields = object({
  password: required(secret),
  grants: optional(grants, []),
  destinations: optional(listOf(text), []),
  "user-data-keys": optional(listOf(text)),
});

function application(name: string): Reader<ApplicationConfig> {
  return mapped(applicationFields, (v, at, reading) =>
    name.startsWith(userPrefix)
      ? reading.complain(at, `must not begin with "${userPrefix}": so SIP Server names people.`)
      : {
          name,
          password: v.password,
          grants: v.grants,
          destinations: v.destinations,
          userDataKeys: v["user-data-keys"],
        },
  );
}

const journalFields = object({
  days: optional(integer(1, 3650), 30),
  size: optional(size, 4e9),
  messages: optional(flag, true),
});

/** Below it a busy hour would not fit. */
const smallestJournal = 10e6;

const journal: Reader<CallJournalConfig> = mapped(journalFields, (v, at, reading) =>
  v.size < smallestJournal
    ? reading.complain(
        { path: `${at.path}.size` },
        "must not be less than 10MB.",
        "Leave out the SIP messages by messages: false.",
      )
    : v,
);

const fields = object({
  ...sipRoleFields,
  domain: required(text),
  "resource-manager": optional(oneOrMore(sipUri), []),
  "resource-events": optional(flag, true),
  "server-id": optional(integer(1, 255), 1),
  "plain-ws": optional(flag, false),
  "token-secret": optional(tokenSecret),
  storage: required(sqliteFile),
  journal: optional(journal),
  options: optional(options),
  dns: required(mapOf("DNs", dnConfig)),
  "agent-logins": optional(mapOf("agent logins", agentLogin), new Map()),
  applications: optional(mapOf("applications", application), new Map()),
});

/** Section `sip-server`. */
export const sipServer: Reader<SipServerConfig> = mapped(fields, (v, at, reading) => {
  const chosen = v.options ?? options(emptyMap(at), reading);
  if (chosen === undefined) return undefined;
  return {
    listen: v.listen,
    http: v.http,
    apiToken: v["api-token"],
    sipJournal: v["sip-journal"],
    peers: v.peers,
    domain: v.domain,
    resourceManagers: v["resource-manager"],
    resourceEvents: v["resource-events"],
    serverId: v["server-id"],
    plainWs: v["plain-ws"],
    tokenSecret: v["token-secret"],
    storage: v.storage,
    ...(v.journal === undefined ? {} : { journal: v.journal }),
    options: chosen,
    dns: v.dns,
    agentLogins: v["agent-logins"],
    applications: v.applications,
  };
});

function emptyMap(at: At): At {
  return { ...at, path: `${at.path}.options`, node: new YAMLMap() };
}
