import { type Clock, type LiveState, rfc3339 } from "@sidetone/foundation";
import { type Call, presentParties } from "../call-model/call.ts";
import type { AuditEntry } from "../storage/index.ts";
import type { Agent } from "../t-library/agents.ts";

/** Since when a call's parts are what they are, and by whose word its recording is; a new value with every change. */
interface CallTimes {
  /** By party id. */
  readonly parties: ReadonlyMap<string, { readonly state: string; readonly since: number }>;
  readonly recording: { readonly state: string; readonly cause: string | undefined; readonly since: number };
  /** The last recording request that was carried out. */
  readonly command: { readonly action: string; readonly actor: string } | undefined;
}

/** A party of a call, as `GET /api/v1/calls/events` shows it; times are RFC 3339. */
export interface LivePartyView {
  readonly id: string;
  readonly dn: string;
  readonly number: string;
  readonly kind: string;
  readonly role: string;
  readonly state: string;
  readonly since: string;
  readonly agentId: string | null;
  readonly recorded: boolean;
}

/** A call, as `GET /api/v1/calls/events` shows it. */
export interface LiveCallView {
  readonly connId: string;
  readonly callUuid: string;
  readonly callType: string;
  readonly ani: string;
  readonly dnis: string;
  readonly createdTime: string;
  readonly answeredTime: string | null;
  /** Those that have not left. */
  readonly parties: readonly LivePartyView[];
  /** Routing point that the call came to, and whether it still waits there. */
  readonly queue: { readonly dn: string; readonly waiting: boolean } | null;
  readonly recording: {
    readonly state: string;
    readonly id: string | null;
    readonly fileName: string | null;
    readonly cause: string | null;
    readonly since: string | null;
    /** Application or `user:NAME` that asked for what is now; null: nobody did. */
    readonly by: string | null;
  };
}

/** A call that should be recorded and is not. */
export interface LiveCallAlarm {
  readonly connId: string;
  readonly callUuid: string;
  readonly dns: readonly string[];
  readonly reason: string;
  readonly since: string;
}

const commandOf: Readonly<Record<string, readonly string[]>> = {
  On: ["recording-start", "recording-resume"],
  Paused: ["recording-pause"],
  Off: ["recording-stop"],
};

/** The calls that there are. */
interface CallList {
  readonly size: number;
  list(): readonly Call[];
}

/** Calls, agents and alarms of now, to be pushed. Told of every change; views are made only when somebody looks, of what has changed since. */
export class LiveCalls {
  readonly #clock: Clock;
  readonly #times = new Map<string, CallTimes>();
  #alarms = new Map<string, LiveCallAlarm>();
  readonly #calls = new Map<string, Call>();
  /** Calls whose views are out of date. */
  readonly #changed = new Set<string>();
  #views: ReadonlyMap<string, LiveCallView> = new Map();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** After each change of a call. */
  onCall(call: Call): void {
    const { connId, recording } = call;
    this.#changed.add(connId);
    if (call.endedMicros !== undefined) return this.#forget(connId);
    this.#calls.set(connId, call);
    if (recording.state === "On") this.#clear(connId);
    const before = this.#times.get(connId);
    const now = this.#clock.wallMicros();
    const parties = new Map(
      call.parties.map(({ id, state }) => {
        const known = before?.parties.get(id);
        return [id, known?.state === state ? known : { state, since: now }] as const;
      }),
    );
    const known = before?.recording;
    const same = known?.state === recording.state && known.cause === recording.cause;
    this.#times.set(connId, {
      parties,
      recording: same ? known : { state: recording.state, cause: recording.cause, since: now },
      command: before?.command,
    });
  }

  /** A call that should be recorded is not. */
  onAlarm({ connId, callUuid, parties }: Call, reason: string): void {
    const known = this.#alarms.get(connId);
    if (known?.reason === reason) return;
    const since = known?.since ?? rfc3339(this.#clock.wallMicros());
    const dns = parties.map(({ dn }) => dn);
    this.#alarms = new Map(this.#alarms).set(connId, { connId, callUuid, dns, reason, since });
  }

  /** Something was done by request, as the audit has it. */
  onAudit({ actor, action, subject, outcome }: Pick<AuditEntry, "actor" | "action" | "subject" | "outcome">): void {
    const times = this.#times.get(subject);
    if (times === undefined || outcome !== "accepted" || !action.startsWith("recording-")) return;
    this.#times.set(subject, { ...times, command: { action, actor } });
    this.#changed.add(subject);
  }

  /** What is now; what has not changed since the last time is the same object. */
  state(calls: CallList, agents: readonly Agent[]): LiveState {
    // Those of before a restart have told nothing yet, and one that is just ending counts there but not here.
    if (calls.size !== this.#calls.size) this.#compare(calls.list());
    if (this.#changed.size > 0) {
      const views = new Map(this.#views);
      for (const connId of this.#changed) {
        const call = this.#calls.get(connId);
        if (call === undefined) views.delete(connId);
        else views.set(connId, viewOf(call, this.#times.get(connId)));
      }
      this.#changed.clear();
      this.#views = views;
    }
    return {
      calls: this.#views,
      agents: new Map(agents.map((agent) => [agent.agentId, agent])),
      alarms: this.#alarms,
    };
  }

  #compare(list: readonly Call[]): void {
    const up = new Map(
      list.filter(({ endedMicros }) => endedMicros === undefined).map((call) => [call.connId as string, call]),
    );
    for (const connId of Array.from(this.#calls.keys())) {
      if (up.has(connId)) continue;
      this.#changed.add(connId);
      this.#forget(connId);
    }
    for (const [connId, call] of up) {
      if (this.#calls.has(connId)) continue;
      this.#calls.set(connId, call);
      this.#changed.add(connId);
    }
  }

  #forget(connId: string): void {
    this.#calls.delete(connId);
    this.#times.delete(connId);
    this.#clear(connId);
  }

  #clear(connId: string): void {
    if (!this.#alarms.has(connId)) return;
    this.#alarms = new Map(this.#alarms);
    this.#alarms.delete(connId);
  }
}

/** @param times undefined for a call of before a restart to which nothing has happened since: it has been so since its answer, as far as we know */
function viewOf(call: Call, times: CallTimes | undefined): LiveCallView {
  const { connId, callUuid, callType, ani, dnis, recording } = call;
  const fallback = call.answeredMicros ?? call.createdMicros;
  const point = call.parties.findLast(({ device }) => device === "routing-point");
  const command = times?.command;
  const asked = command !== undefined && commandOf[recording.state]?.includes(command.action) === true;
  return {
    connId,
    callUuid,
    callType,
    ani,
    dnis,
    createdTime: rfc3339(call.createdMicros),
    answeredTime: call.answeredMicros === undefined ? null : rfc3339(call.answeredMicros),
    parties: presentParties(call).map(({ id, dn, number, kind, role, state, agentId, recorded }) => ({
      id,
      dn,
      number,
      kind,
      role,
      state,
      since: rfc3339(times?.parties.get(id)?.since ?? fallback),
      agentId: agentId ?? null,
      recorded,
    })),
    queue: point === undefined ? null : { dn: point.dn, waiting: point.state === "queued" },
    recording: {
      state: recording.state,
      id: recording.id ?? null,
      fileName: recording.fileName ?? null,
      cause: recording.cause ?? null,
      since: recording.state === "absent" ? null : rfc3339(times?.recording.since ?? fallback),
      by: asked ? command.actor : null,
    },
  };
}
