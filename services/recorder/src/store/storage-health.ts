/** What may be wrong with a storage. */
export type AlarmCode =
  | "disk-filling"
  | "disk-full"
  | "disk-read-only"
  | "disk-io-error"
  | "sync-failed"
  | "recording-folder-gone"
  | "disk-slow"
  | "disk-stalled";

/** Something wrong with the storage now, for people and programs. */
export interface StorageAlarm {
  readonly code: AlarmCode;
  readonly text: string;
  readonly remedy: string;
  /** Wall clock, µs. */
  readonly sinceMicros: number;
}

/** What the storage is like, as its writer and a look every few seconds tell. */
export interface StorageHealth {
  readonly room: { readonly freeBytes: number; readonly sizeBytes: number } | undefined;
  /** What the last look met. */
  readonly refusal: Trouble | undefined;
  /** Recordings whose writes are refused, by handle. */
  readonly troubled: ReadonlyMap<number, Trouble>;
  /** Rounds of the writer in a row that took longer than a round may; negative: quick ones in a row. */
  readonly slowRounds: number;
  /** Rounds since the last look. */
  readonly rounds: number;
  readonly slow: boolean;
  readonly roundMs: number;
  /** How long the disk has held the writer, or a look, by now; 0: it does not. */
  readonly stalledMs: number;
  readonly alarms: readonly StorageAlarm[];
}

/** A refusal with its reason. */
export interface Trouble {
  readonly code: string;
  readonly text: string;
}

export type StorageInput =
  /** A look: what room there is, what was refused, how long a small write took. */
  | {
      readonly kind: "look";
      readonly room: StorageHealth["room"];
      readonly refusal: Trouble | undefined;
      readonly writeMs: number;
    }
  | { readonly kind: "trouble"; readonly handle: number; readonly trouble: Trouble }
  /** The trouble of a recording is over, or the recording is. */
  | { readonly kind: "relief"; readonly handle: number }
  | { readonly kind: "round"; readonly ms: number }
  /** `ms` 0: over. */
  | { readonly kind: "stall"; readonly ms: number }
  /** The writer was lost with all that it had open. */
  | { readonly kind: "writer-lost" };

/** For the log. */
export interface StorageChange {
  readonly raised: readonly StorageAlarm[];
  readonly cleared: readonly StorageAlarm[];
}

/** A disk that is fuller than this says so; share of its size. */
export const FILLING_SHARE = 0.9;
/** A round that takes longer misses the next one: a crash would cost more than a second; ms. */
export const SLOW_ROUND_MS = 250;
/** Slow rounds in a row that make a slow disk. */
export const SLOW_ROUNDS = 4;
/** Quick rounds in a row after which it is one no more. */
export const QUICK_ROUNDS = 20;
/** A disk that holds the writer this long makes the recorder refuse what is new; ms. As long as an INVITE waits for its folder. */
export const STALLED_MS = 2000;

const REMEDIES: Record<AlarmCode, string> = {
  "disk-filling": "Free space on the recorder's storage, or move old recordings away, before it is full.",
  "disk-full": "Free space on the recorder's storage; it records again by itself.",
  "disk-read-only": "Make the recorder's storage writable (mount, rights); it records again by itself.",
  "disk-io-error": "Look at the kernel's log, and replace the disk.",
  "sync-failed": "Look at the kernel's log: what was written may not survive a power cut.",
  "recording-folder-gone": "Find out what removes folders from the recorder's storage.",
  "disk-slow":
    "Find out what else uses the disk, or give the recorder a faster one: a crash may cost more than a second.",
  "disk-stalled": "Look at the disk (network storage, kernel log). What comes meanwhile is kept in memory.",
};

/** Every code, in the order in which they are shown. */
export const alarmCodes = Object.keys(REMEDIES) as readonly AlarmCode[];

export const initialStorage: StorageHealth = {
  room: undefined,
  refusal: undefined,
  troubled: new Map(),
  slowRounds: 0,
  rounds: 0,
  slow: false,
  roundMs: 0,
  stalledMs: 0,
  alarms: [],
};

/** One step; alarms that stay keep their beginning. */
export function stepStorage(
  state: StorageHealth,
  input: StorageInput,
  nowMicros: number,
): readonly [StorageHealth, StorageChange] {
  const next = applied(state, input);
  const wanted = wantedAlarms(next);
  const alarms = wanted.map(({ code, text }) => {
    const before = state.alarms.find((a) => a.code === code);
    return { code, text, remedy: REMEDIES[code], sinceMicros: before?.sinceMicros ?? nowMicros };
  });
  const raised = alarms.filter((a) => !state.alarms.some((b) => b.code === a.code));
  const cleared = state.alarms.filter((a) => !alarms.some((b) => b.code === a.code));
  return [
    { ...next, alarms },
    { raised, cleared },
  ];
}

/** Why no new session is taken; empty where the storage takes them. */
export function refusals({ alarms, stalledMs }: StorageHealth): readonly StorageAlarm[] {
  return alarms.filter(({ code }) => {
    if (code === "disk-filling" || code === "disk-slow") return false;
    return code !== "disk-stalled" || stalledMs >= STALLED_MS;
  });
}

function applied(state: StorageHealth, input: StorageInput): StorageHealth {
  switch (input.kind) {
    case "look": {
      const looked = { ...state, room: input.room ?? state.room, refusal: input.refusal, rounds: 0 };
      // While it writes nothing, only looks say how fast the disk is.
      return state.rounds > 0 ? looked : judged(looked, input.writeMs, SLOW_ROUNDS / 2);
    }
    case "trouble":
      return { ...state, troubled: new Map(state.troubled).set(input.handle, input.trouble) };
    case "relief": {
      if (!state.troubled.has(input.handle)) return state;
      const troubled = new Map(state.troubled);
      troubled.delete(input.handle);
      return { ...state, troubled };
    }
    case "round":
      return { ...judged(state, input.ms, 1), rounds: state.rounds + 1, roundMs: input.ms };
    case "stall":
      return { ...state, stalledMs: input.ms };
    case "writer-lost":
      return { ...state, troubled: new Map(), stalledMs: 0 };
  }
}

/** @param weight rounds that this one counts for */
function judged(state: StorageHealth, ms: number, weight: number): StorageHealth {
  const before = state.slowRounds;
  if (ms > SLOW_ROUND_MS) {
    const slowRounds = Math.max(0, before) + weight;
    return { ...state, slowRounds, slow: state.slow || slowRounds >= SLOW_ROUNDS };
  }
  const slowRounds = Math.min(0, before) - weight;
  return { ...state, slowRounds, slow: state.slow && slowRounds > -(weight > 1 ? SLOW_ROUNDS : QUICK_ROUNDS) };
}

function wantedAlarms(state: StorageHealth): { code: AlarmCode; text: string }[] {
  const found = new Map<AlarmCode, string>();
  const { room, refusal, troubled, slow, stalledMs, roundMs } = state;
  if (refusal !== undefined) found.set(codeOf(refusal.code), refusal.text);
  for (const trouble of troubled.values()) {
    const code = codeOf(trouble.code);
    const many = Array.from(troubled.values()).filter((t) => codeOf(t.code) === code).length;
    found.set(code, `the storage refuses ${many === 1 ? "1 recording" : `${many} recordings`}: ${trouble.text}`);
  }
  if (room !== undefined && !found.has("disk-full") && room.sizeBytes > 0) {
    const used = 1 - room.freeBytes / room.sizeBytes;
    if (used >= FILLING_SHARE)
      found.set("disk-filling", `the storage is ${Math.floor(used * 100)} % full: ${room.freeBytes} bytes are left`);
  }
  if (stalledMs > 0)
    found.set("disk-stalled", `the storage does not answer: for ${Math.round(stalledMs / 1000)} s so far`);
  if (slow) found.set("disk-slow", `the storage is slow: a round of writing took ${Math.round(roundMs)} ms`);
  return alarmCodes.flatMap((code) => (found.has(code) ? [{ code, text: found.get(code) ?? "" }] : []));
}

function codeOf(code: string): AlarmCode {
  return (alarmCodes as readonly string[]).includes(code) ? (code as AlarmCode) : "disk-io-error";
}
