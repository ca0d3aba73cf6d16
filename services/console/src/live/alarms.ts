import { rfc3339 } from "@sidetone/foundation";
import { certificateWarningMs } from "../limits.ts";
import type { RoleHealth } from "../role-directory.ts";
import type { CallOnStage, RecorderAlarms, Resource, SilentStream, UnrecordedCall } from "./role-views.ts";

/** What is wrong. */
export type AlarmKind =
  | "no-rtp"
  | "one-side-silent"
  | "not-recorded"
  | "recorder-lost"
  | "media-server-lost"
  | "resource-failing"
  | "role-lost"
  | "role-not-ready"
  | "calls-unknown"
  | "storage"
  | "key-expiry";

/** Something that somebody should do something about. */
export interface Alarm {
  /** The same for as long as it lasts. */
  readonly id: string;
  readonly kind: AlarmKind;
  readonly severity: "critical" | "warning";
  /** RFC 3339. */
  readonly since: string;
  readonly text: string;
  readonly remedy: string;
  /** The call that it is about. */
  readonly connId: string | null;
  readonly callUuid: string | null;
  readonly recordingId: string | null;
  /** Parties of that call: who may not see one of them does not see the alarm. Undefined: it is about no call. */
  readonly dns: readonly string[] | undefined;
}

/** A key or certificate that has an end. */
export interface ExpiringKey {
  readonly name: string;
  /** Wall clock, µs. */
  readonly expiresMicros: number;
}

/** What alarms are made from. */
export interface AlarmSources {
  readonly roles: readonly RoleHealth[];
  /** SIP Servers that answer, but whose calls are not told. */
  readonly silentFeeds: readonly string[];
  readonly resources: readonly Resource[];
  readonly recorders: readonly { readonly url: string; readonly alarms: RecorderAlarms }[];
  readonly unrecorded: readonly UnrecordedCall[];
  readonly calls: readonly CallOnStage[];
  readonly keys: readonly ExpiringKey[];
}

/** An alarm whose beginning only who looks again and again knows. */
type Found = Omit<Alarm, "since"> & { readonly since: string | undefined };

const aboutNoCall = { connId: null, callUuid: null, recordingId: null, dns: undefined } as const;

/** What is wrong now. @param nowMicros wall clock */
export function alarmsNow(sources: AlarmSources, nowMicros: number): Found[] {
  return [
    ...sources.recorders.flatMap(({ alarms }) => silentStreams(alarms.streams, sources.calls)),
    ...sources.unrecorded.map(notRecorded),
    ...sources.roles.flatMap(roleAlarm),
    ...sources.silentFeeds.map(silentFeed),
    ...sources.resources.flatMap((one) => resourceAlarm(one, nowMicros)),
    ...sources.recorders.flatMap(storageAlarms),
    ...sources.keys.flatMap((key) => keyAlarm(key, nowMicros)),
  ];
}

/** Streams of one recording are one alarm: one side is silent, or there is no audio at all. */
function silentStreams(streams: readonly SilentStream[], calls: readonly CallOnStage[]): Found[] {
  const byRecording = Map.groupBy(streams, ({ recordingId }) => recordingId);
  return Array.from(byRecording, ([recordingId, silent]) => {
    const call = calls.find(
      ({ callUuid, recording }) => recording.id === recordingId || callUuid === silent[0]?.callUuid,
    );
    const sides = new Set(silent.map(({ side }) => side));
    const both = sides.size > 1;
    const who = both ? "Neither side" : `The ${silent[0]?.side ?? "customer"}'s side`;
    const verb = both ? "brings RTP" : "brings no RTP";
    return {
      id: `stream ${recordingId} ${Array.from(sides).toSorted().join(" ")}`,
      kind: both ? "no-rtp" : "one-side-silent",
      severity: both ? "critical" : "warning",
      since: silent.map(({ since }) => since).toSorted()[0],
      text: both
        ? `${who} ${verb}: nothing is heard in the recording of ${nameOf(call, recordingId)}.`
        : `${who} ${verb}: the recording of ${nameOf(call, recordingId)} is one-sided.`,
      remedy: both
        ? "Ask whether they hear each other. If they do, the Media Server's way to the recorder is blocked: check recorder.rtp and the firewall."
        : "Ask whether that side is heard in the call. If it is not, look at its phone, its NAT and the firewall; a phone on mute sends packets all the same.",
      connId: call?.connId ?? null,
      callUuid: call?.callUuid ?? silent[0]?.callUuid ?? null,
      recordingId,
      // Without its call nobody knows whose it is: only who sees everything sees it.
      dns: call?.parties.map(({ dn }) => dn) ?? [],
    };
  });
}

function nameOf(call: CallOnStage | undefined, recordingId: string): string {
  const dns = call?.parties.map(({ dn }) => dn).filter((dn) => dn !== "") ?? [];
  return dns.length === 0 ? recordingId : `the call of ${dns.join(" and ")}`;
}

const reasons: Readonly<Record<string, string>> = {
  "no-recorder": "No recorder takes it. `sidetone resources` shows why; recording begins by itself when one is back.",
  "recorder-failed": "Its recorder failed. Recording goes on by itself at another one; if none is up, start one.",
  "no-media-server": "No Media Server takes the call. `sidetone resources` shows why.",
  "media-server-failed":
    "Its Media Server failed. Look at its log; the call is moved by itself where another one is up.",
  "ledger-unwritable": "SIP Server's disk refuses the ledger. Check room and rights of sip-server.storage.",
};

function notRecorded({ connId, callUuid, dns, reason, since }: UnrecordedCall): Found {
  return {
    id: `not-recorded ${connId}`,
    kind: "not-recorded",
    severity: "critical",
    since,
    text: `The call of ${dns.join(" and ")} should be recorded and is not: ${reason}.`,
    remedy: reasons[reason] ?? "Look at the call's journal and at the media servers and recorders below.",
    connId,
    callUuid,
    recordingId: null,
    dns,
  };
}

function roleAlarm({ url, role, ok, reasons: why }: RoleHealth): Found[] {
  const silent = why.some((reason) => reason.startsWith("does not answer"));
  const name = role ?? "role";
  if (ok || why.includes("not asked yet")) return [];
  // What a recorder's storage lacks is told as such.
  if (!silent && role === "recorder") return [];
  return [
    {
      ...aboutNoCall,
      id: `role ${url}`,
      kind: silent ? "role-lost" : "role-not-ready",
      severity: "critical",
      since: undefined,
      text: silent
        ? `The ${name} at ${url} ${why.join("; ")}.`
        : `The ${name} at ${url} is not ready: ${why.join("; ")}.`,
      remedy: silent
        ? "Start it, or look at its log; check console.roles if it runs at another address."
        : "Its log says more; it goes on by itself when the cause is gone.",
    },
  ];
}

function silentFeed(url: string): Found {
  return {
    ...aboutNoCall,
    id: `feed ${url}`,
    kind: "calls-unknown",
    severity: "warning",
    since: undefined,
    text: `The SIP Server at ${url} does not tell its calls: the list may be out of date.`,
    remedy: "The console tries again every second. Check api-token of both, and that both are of one version.",
  };
}

function resourceAlarm({ service, address, state, reason, sinceMs }: Resource, nowMicros: number): Found[] {
  if (state !== "lost" && state !== "failing") return [];
  const recorder = service === "recording-server";
  const what = recorder ? "recorder" : service === "msml" ? "Media Server" : service;
  const since = rfc3339(Math.round((nowMicros - sinceMs * 1000) / 1_000_000) * 1_000_000);
  const why = reason === undefined ? "" : `: ${reason}`;
  return [
    {
      ...aboutNoCall,
      id: `resource ${service} ${address} ${state}`,
      kind: state === "failing" ? "resource-failing" : recorder ? "recorder-lost" : "media-server-lost",
      severity: state === "failing" ? "warning" : "critical",
      since,
      text:
        state === "lost"
          ? `The ${what} ${address} is lost${why}.`
          : `The ${what} ${address} refuses what is new${why}.`,
      remedy:
        state === "lost"
          ? `Start it again or look at its log and network. Calls go on at the other ${recorder ? "recorders" : "Media Servers"} where there are any.`
          : "Its log says why; nothing new goes there meanwhile.",
    },
  ];
}

function storageAlarms({ url, alarms }: AlarmSources["recorders"][number]): Found[] {
  const { takesSessions } = alarms.storage;
  return alarms.storage.alarms.map(({ code, text, remedy, since }) => ({
    ...aboutNoCall,
    id: `storage ${url} ${code}`,
    kind: "storage" as const,
    severity: takesSessions ? ("warning" as const) : ("critical" as const),
    since,
    text: `Recorder at ${url}: ${text}.`,
    remedy,
  }));
}

function keyAlarm({ name, expiresMicros }: ExpiringKey, nowMicros: number): Found[] {
  const leftMs = (expiresMicros - nowMicros) / 1000;
  if (leftMs > certificateWarningMs) return [];
  const days = Math.max(0, Math.floor(leftMs / (24 * 3_600_000)));
  return [
    {
      ...aboutNoCall,
      id: `key ${name}`,
      kind: "key-expiry",
      severity: days < 3 ? "critical" : "warning",
      since: undefined,
      text: leftMs <= 0 ? `${name} has expired.` : `${name} expires in ${days === 1 ? "1 day" : `${days} days`}.`,
      remedy: "Renew it before: the console no longer reaches what is behind it afterwards.",
    },
  ];
}

/** Alarms over time: since when each lasts, and what has ended lately. */
export interface AlarmBook {
  readonly now: ReadonlyMap<string, Alarm>;
  /** With `until`, the newest last. */
  readonly ended: ReadonlyMap<string, Alarm & { readonly until: string }>;
}

/** The book after a look; an alarm that is as it was is the same object. @param kept ended ones that stay */
export function bookAfter(book: AlarmBook, found: readonly Found[], nowMicros: number, kept: number): AlarmBook {
  const at = rfc3339(nowMicros);
  const now = new Map<string, Alarm>();
  for (const one of found) {
    const known = book.now.get(one.id);
    const alarm = { ...one, since: known?.since ?? one.since ?? at };
    now.set(one.id, known !== undefined && JSON.stringify(known) === JSON.stringify(alarm) ? known : alarm);
  }
  const over = Array.from(book.now.values()).filter(({ id }) => !now.has(id));
  const same =
    over.length === 0 && now.size === book.now.size && Array.from(now).every(([id, a]) => book.now.get(id) === a);
  if (same) return book;
  const ended = [
    ...Array.from(book.ended),
    ...over.map((alarm) => [`${alarm.id} ${alarm.since}`, { ...alarm, until: at }] as const),
  ].slice(-kept);
  return { now, ended: over.length === 0 ? book.ended : new Map(ended) };
}
