import type { Cancel, Clock, Logger } from "@sidetone/foundation";
import { endedAlarmsKept, liveLookMs, stageMs } from "../limits.ts";
import type { RoleDirectory } from "../role-directory.ts";
import { type AlarmBook, alarmsNow, bookAfter, type ExpiringKey } from "./alarms.ts";
import { type Asking, askJson } from "./ask-json.ts";
import { CallFeed } from "./call-feed.ts";
import type { Stage } from "./live-view.ts";
import {
  type CallOnStage,
  type RecorderAlarms,
  readRecorderAlarms,
  readResources,
  type Resource,
  type UnrecordedCall,
} from "./role-views.ts";
import { type ServerView, serverViews, worstOf } from "./servers.ts";

/** Collects what is live: resources, storages and health are asked every two seconds, calls are followed only while somebody watches. */
export class LiveStage {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #directory: RoleDirectory;
  readonly #asking: Asking;
  readonly #feeds = new Map<string, CallFeed>();
  readonly #cancel: Cancel;
  #watched = false;
  /** Feeds that were there at the last look: a stream needs a moment. */
  #known: readonly CallFeed[] = [];
  #resources: readonly Resource[] = [];
  #recorders: readonly { readonly url: string; readonly alarms: RecorderAlarms }[] = [];
  #servers: ReadonlyMap<string, ServerView> = new Map();
  #storages: ReadonlyMap<string, unknown> = new Map();
  #feedViews: ReadonlyMap<string, { readonly url: string; readonly connected: boolean }> = new Map();
  #book: AlarmBook = { now: new Map(), ended: new Map() };
  #looking = false;
  #shown: { readonly at: number; readonly stage: Stage } | undefined;

  constructor(o: {
    readonly clock: Clock;
    readonly log: Logger;
    readonly directory: RoleDirectory;
    readonly asking: Asking;
  }) {
    this.#clock = o.clock;
    this.#log = o.log;
    this.#directory = o.directory;
    this.#asking = o.asking;
    this.#cancel = o.clock.every(liveLookMs, () => void this.look());
  }

  /** Follows the calls, or no longer. */
  watch(on: boolean): void {
    this.#watched = on;
    if (on) this.#openFeeds();
    else for (const feed of this.#feeds.values()) feed.close();
    this.#known = [];
    this.#shown = undefined;
  }

  /** Everything now; what has not changed is the same object. Visitors who are told in one moment are told the same. */
  get now(): Stage {
    const at = this.#clock.now();
    if (this.#shown === undefined || at - this.#shown.at >= stageMs) this.#shown = { at, stage: this.#made() };
    return this.#shown.stage;
  }

  #made(): Stage {
    const calls = this.#part<CallOnStage>("calls");
    const unrecorded = Array.from(this.#part<UnrecordedCall>("alarms").values());
    const nowMicros = this.#clock.wallMicros();
    const roles = this.#directory.all;
    const silentFeeds = this.#known.filter(({ connected }) => !connected).map(({ url }) => url);
    const answering = new Set(roles.filter(({ ok }) => ok).map(({ url }) => url));
    const found = alarmsNow(
      {
        roles,
        silentFeeds: silentFeeds.filter((url) => answering.has(url)),
        resources: this.#resources,
        recorders: this.#recorders,
        unrecorded,
        calls: Array.from(calls.values()),
        keys: roles.flatMap(({ url, certificateUntil }): ExpiringKey[] =>
          certificateUntil === undefined
            ? []
            : [{ name: `The certificate of ${url}`, expiresMicros: certificateUntil }],
        ),
      },
      nowMicros,
    );
    this.#book = bookAfter(this.#book, found, nowMicros, endedAlarmsKept);
    const feeds = Array.from(this.#feeds.values(), ({ url, connected }) => {
      const known = this.#feedViews.get(url);
      return [url, known?.connected === connected ? known : { url, connected }] as const;
    });
    this.#feedViews = new Map(feeds);
    this.#servers = serverViews(this.#servers, this.#resources, roles, nowMicros);
    return {
      calls,
      agents: this.#part("agents"),
      servers: this.#servers,
      storages: this.#storages,
      feeds: this.#feedViews,
      book: this.#book,
    };
  }

  /** Asks Resource Managers and recorders once. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      if (this.#watched) this.#openFeeds();
      this.#known = this.#watched ? Array.from(this.#feeds.values()) : [];
      const managers = this.#directory.urlsOf("resource-manager");
      const recorders = this.#directory.urlsOf("recorder");
      const [resources, alarms] = await Promise.all([
        Promise.all(managers.map(async (url) => readResources(await askJson(this.#asking, `${url}/api/v1/resources`)))),
        Promise.all(
          recorders.map(async (url) => readRecorderAlarms(await askJson(this.#asking, `${url}/api/v1/alarms`))),
        ),
      ]);
      const read = resources.filter((one) => one !== undefined);
      // While no Resource Manager answers, what was known of resources is out of date: that it does not is an alarm of its own.
      this.#resources = worstOf(read.flat());
      this.#recorders = recorders.flatMap((url, i) => {
        const found = alarms[i];
        return found === undefined ? [] : [{ url, alarms: found }];
      });
      this.#storages = new Map(
        this.#recorders.map(({ url, alarms: { storage } }) => {
          const { takesSessions, freeBytes = null, sizeBytes = null } = storage;
          const view = { url, takesSessions, freeBytes, sizeBytes };
          const known = this.#storages.get(url);
          return [url, JSON.stringify(known) === JSON.stringify(view) ? known : view];
        }),
      );
    } finally {
      this.#looking = false;
    }
  }

  /** Stops. Idempotent. */
  close(): void {
    this.#cancel();
    for (const feed of this.#feeds.values()) feed.close();
  }

  #openFeeds(): void {
    for (const url of this.#directory.urlsOf("sip-server")) {
      const known = this.#feeds.get(url);
      const feed = known ?? new CallFeed({ url, asking: this.#asking, clock: this.#clock, log: this.#log });
      this.#feeds.set(url, feed);
      feed.open();
    }
  }

  /** A part of all SIP Servers' states; of one of them it is that one's own map. */
  #part<T>(name: string): ReadonlyMap<string, T> {
    const parts = Array.from(this.#feeds.values(), ({ state }) => state[name]).filter((part) => part !== undefined);
    const [first] = parts;
    const all = parts.length === 1 && first !== undefined ? first : new Map(parts.flatMap((part) => Array.from(part)));
    return all as ReadonlyMap<string, T>;
  }
}
