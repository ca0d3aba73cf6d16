import { join } from "node:path";
import type { RoleName } from "@sidetone/foundation";
import { freePort } from "./ports.ts";
import { inNamespace } from "./programs.ts";
import {
  type ConfigTree,
  type ConfigValue,
  overlay,
  systemConfig,
  type SystemPorts,
  systemPorts,
} from "./system-config.ts";

/** One part of a topology: `sip-server`, `sip-server-2`, `console`, `media-server-2`. Numbers begin at 1; the first SIP Server has none. */
export type PartName = string;

/** Roles of which a topology may have several. */
export type ManyRole = "resource-manager" | "media-server" | "recorder";

/** Where a part is found. */
export interface Place {
  readonly name: PartName;
  readonly role: RoleName;
  readonly host: string;
  /** 0 for the console. */
  readonly sip: number;
  readonly http: number;
  /** First and last RTP port; Media Servers and recorders only. */
  readonly rtp: readonly [number, number] | undefined;
  /** Storage, journal and configuration of this part alone. */
  readonly folder: string;
}

/** How many of each. */
export interface TopologyCounts {
  readonly "sip-server": number;
  readonly "resource-manager": number;
  readonly "media-server": number;
  readonly recorder: number;
  readonly console: 0 | 1;
}

/** RTP ports of all Media Servers, and of all recorders, in a namespace of its own; they are shared out evenly. */
const MEDIA_RTP = [10_000, 24_999] as const;
const RECORDER_RTP = [25_000, 32_767] as const;

/** First SIP and HTTP ports of a role in a namespace of its own; the n-th of it has the n-th. */
const firstPorts: Readonly<Record<RoleName, readonly [sip: number, http: number]>> = {
  "sip-server": [5060, 8081],
  "resource-manager": [5070, 8200],
  "media-server": [5080, 8300],
  recorder: [5090, 8400],
  console: [0, 8080],
};

function share(range: readonly [number, number], count: number, n: number): readonly [number, number] {
  const size = 2 * Math.floor((range[1] - range[0] + 1) / count / 2);
  return [range[0] + n * size, range[0] + (n + 1) * size - 1];
}

/** Names and places of all parts, in the order of a call's way: who stands earlier ends it for those behind. */
export async function placesOf(
  folder: string,
  counts: TopologyCounts,
  hostOf: (name: PartName) => string,
): Promise<Place[]> {
  const free = inNamespace ? undefined : 10_000 + 2 * Math.floor(Math.random() * 5000);
  const media = free === undefined ? MEDIA_RTP : ([free, free + 3999] as const);
  const recorders = free === undefined ? RECORDER_RTP : ([free + 4000, free + 5999] as const);
  const places: Place[] = [];
  const add = async (role: RoleName, count: number, rtp?: readonly [number, number]): Promise<void> => {
    for (let n = 0; n < count; n += 1) {
      const single = role === "console" || (role === "sip-server" && n === 0);
      const name = single ? role : `${role}-${n + 1}`;
      const [sip, http] = firstPorts[role];
      places.push({
        name,
        role,
        host: hostOf(name),
        sip: role === "console" ? 0 : inNamespace ? sip + n : await freePort(),
        http: inNamespace ? http + n : await freePort(),
        rtp: rtp === undefined ? undefined : share(rtp, count, n),
        folder: join(folder, name),
      });
    }
  };
  await add("sip-server", counts["sip-server"]);
  await add("media-server", counts["media-server"], media);
  await add("recorder", counts.recorder, recorders);
  await add("resource-manager", counts["resource-manager"]);
  await add("console", counts.console);
  return places;
}

/** URI of a part towards its peers. */
export function sipUriOf(place: Place): string {
  return `sip:${place.host}:${place.sip};transport=tcp`;
}

/** Base URL of a part's HTTP server. */
export function httpOf(place: Place): string {
  return `http://${place.host}:${place.http}`;
}

/**
 * The configuration of one part: the section of `systemConfig`, with the places of the others in it. Off loopback peers and
 * tokens are there, as the product demands it.
 */
export async function partConfig(place: Place, all: readonly Place[]): Promise<ConfigTree> {
  const section = systemConfig(place.folder, await portsOf(place))[place.role];
  if (typeof section !== "object" || section === null || Array.isArray(section)) throw new Error(`no ${place.role}`);
  const of = (role: RoleName): Place[] => all.filter((other) => other.role === role);
  const local = all.every(({ host }) => host.startsWith("127."));
  const managers = of("resource-manager").map(sipUriOf);
  const change: ConfigTree = { http: httpOf(place) };
  if (place.sip > 0) change["listen"] = [`udp://${place.host}:${place.sip}`, `tcp://${place.host}:${place.sip}`];
  if (place.rtp !== undefined) change["rtp"] = { address: place.host, ports: place.rtp.join("-") };
  if (place.role === "sip-server" || place.role === "media-server") change["resource-manager"] = managers;
  if (place.role === "sip-server") change["server-id"] = of("sip-server").indexOf(place) + 1;
  if (place.role === "resource-manager") {
    const resources = (role: RoleName): ConfigValue =>
      of(role).map((other) => ({
        address: sipUriOf(other),
        // Four ports per session.
        ...(role === "media-server" && other.rtp !== undefined
          ? { "port-capacity": Math.floor((other.rtp[1] - other.rtp[0] + 1) / 4) }
          : {}),
      }));
    change["groups"] = {
      "media-servers": { resources: resources("media-server") },
      recorders: { resources: resources("recorder") },
    };
  }
  if (place.role === "console") change["roles"] = all.filter((other) => other !== place).map(httpOf);
  if (!local) {
    if (place.role !== "console" && place.role !== "sip-server") change["peers"] = ["10.0.0.0/8"];
    change["api-token"] = "test-token";
  }
  return { [place.role]: overlay(section, change) };
}

async function portsOf({ rtp }: Place): Promise<SystemPorts> {
  const ports = await systemPorts();
  return rtp === undefined ? ports : { ...ports, mediaRtp: rtp, recorderRtp: rtp };
}

/** `test-` for `demo-` in every value. */
export function withoutDemoPasswords<T extends ConfigValue>(value: T): T {
  return JSON.parse(JSON.stringify(value).replaceAll('"demo-', '"test-')) as T;
}
