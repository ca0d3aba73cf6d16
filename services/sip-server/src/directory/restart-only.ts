import { isDeepStrictEqual } from "node:util";
import type { SidetoneConfig, SipServerConfig, SipServerOptions } from "@sidetone/config";

/** Keys of the section that are read at the start only, as the file has them. */
const fixed: readonly (readonly [keyof SipServerConfig, string])[] = [
  ["listen", "listen"],
  ["domain", "domain"],
  ["resourceManagers", "resource-manager"],
  ["serverId", "server-id"],
  ["storage", "storage"],
  ["journal", "journal"],
  ["http", "http"],
  ["apiToken", "api-token"],
  ["plainWs", "plain-ws"],
  ["sipJournal", "sip-journal"],
  ["peers", "peers"],
];

/** Options that the SIP endpoint is made with. */
const fixedOptions: readonly (readonly [keyof SipServerOptions, string])[] = [
  ["sessionExpires", "session-expires"],
  ["minSe", "min-se"],
];

const otherSections: readonly (readonly [keyof SidetoneConfig, string])[] = [
  ["resourceManager", "resource-manager"],
  ["mediaServer", "media-server"],
  ["recorder", "recorder"],
  ["console", "console"],
];

/** Paths of what is different in a new configuration and counts from the next start only. */
export function restartOnly(running: SidetoneConfig, next: SidetoneConfig): string[] {
  const [was, is] = [running.sipServer, next.sipServer];
  const sections = different(otherSections, running, next);
  if (was === undefined || is === undefined) return was === is ? sections : ["sip-server", ...sections];
  return [
    ...different(fixed, was, is).map((key) => `sip-server.${key}`),
    ...different(fixedOptions, was.options, is.options).map((key) => `sip-server.options.${key}`),
    ...sections,
  ];
}

function different<T>(keys: readonly (readonly [keyof T, string])[], a: T, b: T): string[] {
  return keys.filter(([key]) => !isDeepStrictEqual(a[key], b[key])).map(([, name]) => name);
}

/** The options that hold from now on: the new ones, but for those that only a start reads. */
export function changeableOptions(running: SipServerOptions, next: SipServerOptions): SipServerOptions {
  return { ...next, sessionExpires: running.sessionExpires, minSe: running.minSe };
}
