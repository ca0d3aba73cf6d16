import {
  type DialogAction,
  type DialogScript,
  type DialogStep,
  type Group,
  type MsmlEvent,
  momlDisconnect,
  momlExit,
  type Primitive,
} from "@sidetone/msml";
import { beginCollect, stepCollect } from "./collect.ts";
import { beginGenerate, stepGenerate } from "./generate.ts";
import { beginPlay, stepPlay } from "./play.ts";
import { beginRecord, stepRecord, takesKey } from "./record.ts";
import { type DialogEffect, type DialogInput, type DialogState, type Outcome, type Run, typesOf } from "./state.ts";
import { isPlain, needsOf } from "./script.ts";

/** Keys of the digit buffer. */
const MAX_TYPED = 64;

/** A dialog before its `begin`. */
export function newDialog(script: DialogScript): DialogState {
  return {
    phase: "new",
    script,
    at: -1,
    runs: new Map(),
    groups: new Map(),
    values: new Map(),
    typed: [],
    ending: false,
    failure: undefined,
    listening: { keys: false, voice: false },
  };
}

/**
 * One step of a dialog (RFC 5707 9.2, 9.6 to 9.8); `now` in ms. Its steps run one after another, the members of a group together. What
 * they send one another is taken in the order of sending. `msml.dialog.exit` is the last thing that is heard of it.
 */
export function stepDialog(
  state: DialogState,
  input: DialogInput,
  now: number,
): { readonly state: DialogState; readonly effects: readonly DialogEffect[] } {
  if (state.phase === "over") return { state, effects: [] };
  const work = new Work(state, now);
  work.take(input);
  return { state: work.result(), effects: work.effects };
}

/** True where something that runs now goes by that name, so that an event can be sent to it. */
export function runsNow(state: DialogState, target: string): boolean {
  if (state.phase !== "running") return false;
  if (target === "group" || target.startsWith("group.")) return groupsNamed(state.groups, target).length > 0;
  return Array.from(state.runs.values()).some((run) => isCalled(run, target));
}

/** What a dialog does just now, for an audit (RFC 5707 10.4.2.2). */
export function primitiveOf(state: DialogState): "play" | "collect" | "dtmfgen" | "tonegen" | "record" | "none" {
  const [run] = state.runs.values();
  return run === undefined ? "none" : primitiveIn(run).kind;
}

function primitiveIn(run: Run): Primitive {
  switch (run.kind) {
    case "play":
      return run.play;
    case "generate":
      return run.source;
    case "collect":
      return run.collect;
    case "record":
      return run.record;
  }
}

function isCalled(run: Run, target: string): boolean {
  const primitive = primitiveIn(run);
  return typesOf(primitive).some(
    (type) => target === type || (primitive.id !== undefined && target === `${type}.${primitive.id}`),
  );
}

function groupsNamed(groups: DialogState["groups"], target: string, within?: string): string[] {
  const id = target.startsWith("group.") ? target.slice(6) : undefined;
  const keys = Array.from(groups.keys());
  if (id !== undefined) return keys.filter((key) => groups.get(key)?.group.id === id);
  // The group that is executing: the innermost around who sends.
  const around = keys.filter((key) => within === undefined || within.startsWith(`${key}.`));
  const [found] = around.toSorted((a, b) => b.length - a.length);
  return found === undefined ? [] : [within === undefined ? (keys[0] ?? found) : found];
}

/** One step's changes on a copy, and the events that wait for their turn. */
class Work {
  readonly effects: DialogEffect[] = [];
  readonly #now: number;
  readonly #script: DialogScript;
  readonly #runs: Map<string, Run>;
  readonly #groups: Map<string, DialogState["groups"] extends ReadonlyMap<string, infer G> ? G : never>;
  readonly #values: Map<string, string>;
  readonly #queue: { readonly event: string; readonly target: string; readonly from: string }[] = [];
  #typed: readonly string[];
  #state: DialogState;
  #at: number;
  #ending: boolean;
  #failure: DialogState["failure"];
  #over = false;
  #stepDone = false;

  constructor(state: DialogState, now: number) {
    this.#state = state;
    this.#now = now;
    this.#script = state.script;
    this.#runs = new Map(state.runs);
    this.#groups = new Map(state.groups);
    this.#values = new Map(state.values);
    this.#typed = state.typed;
    this.#at = state.at;
    this.#ending = state.ending;
    this.#failure = state.failure;
  }

  result(): DialogState {
    const listening = this.#over ? { keys: false, voice: false } : this.#listening();
    const before = this.#state.listening;
    if (listening.keys !== before.keys || listening.voice !== before.voice) {
      const end = this.effects.findIndex(({ kind }) => kind === "over");
      this.effects.splice(end < 0 ? this.effects.length : end, 0, { kind: "listen", to: listening });
    }
    return {
      phase: this.#over ? "over" : "running",
      script: this.#script,
      at: this.#at,
      runs: this.#runs,
      groups: this.#groups,
      values: this.#values,
      typed: this.#typed,
      ending: this.#ending,
      failure: this.#failure,
      listening,
    };
  }

  take(input: DialogInput): void {
    switch (input.kind) {
      case "begin":
        this.#stepDone = true;
        break;
      case "end":
        this.#ending = true;
        if (this.#state.phase === "new") this.#stepDone = true;
        for (const key of Array.from(this.#runs.keys())) this.#step(key, input);
        break;
      case "event":
        this.#deliver(input.event, input.target);
        break;
      case "timer":
        this.#step(ownerOf(input.timer.slice(0, input.timer.lastIndexOf(":"))), input);
        break;
      case "key":
        this.#key(input);
        break;
      case "voice":
        for (const key of Array.from(this.#runs.keys())) this.#step(key, input);
        break;
      case "failed":
      case "played":
      case "recorded":
      case "recording":
      case "stopped":
        this.#step(ownerOf(input.key), input);
    }
    this.#settle();
  }

  /** Until nothing waits: what was sent, and the next step where one is done. */
  #settle(): void {
    while (!this.#over) {
      const sent = this.#queue.shift();
      if (sent !== undefined) this.#deliver(sent.event, sent.target, sent.from);
      else if (this.#stepDone) this.#advance();
      else return;
    }
  }

  #advance(): void {
    this.#stepDone = false;
    if (this.#failure !== undefined) return this.#finish([], false);
    this.#at += 1;
    const step = this.#script[this.#at];
    if (step === undefined) return this.#finish(this.#plainValues(), false);
    if (isAction(step)) {
      this.#stepDone = true;
      // Who ends a dialog does not want its connection hung up.
      if (this.#ending && step.kind === "disconnect") return;
      this.#act([step], String(this.#at));
      return;
    }
    if (this.#ending) this.#stepDone = true;
    else this.#begin(step, String(this.#at));
  }

  #begin(step: Primitive | Group, key: string): void {
    if (step.kind === "group") {
      const keys = step.members.map((_, index) => `${key}.${index}`);
      this.#groups.set(key, { group: step, open: new Set(keys) });
      step.members.forEach((member, index) => this.#begin(member, `${key}.${index}`));
      if (keys.length === 0) this.#groupDone(key);
      return;
    }
    const grouped = key.includes(".");
    switch (step.kind) {
      case "play":
        if (step.clearDigits) this.#typed = [];
        return this.#outcome(key, undefined, beginPlay(key, step), step);
      case "tonegen":
      case "dtmfgen":
        return this.#outcome(key, undefined, beginGenerate(key, step), step);
      case "record":
        return this.#outcome(key, undefined, beginRecord(key, step, grouped, this.#now), step);
      case "collect": {
        const typed = this.#typed;
        this.#typed = [];
        return this.#outcome(key, undefined, beginCollect(key, step, typed, grouped), step);
      }
    }
  }

  #step(key: string, input: DialogInput): void {
    const run = this.#runs.get(key);
    if (run === undefined || this.#over) return;
    switch (run.kind) {
      case "play":
        return this.#outcome(key, run, stepPlay(run, input), run.play);
      case "generate":
        return this.#outcome(key, run, stepGenerate(run, input), run.source);
      case "collect":
        return this.#outcome(key, run, stepCollect(run, input), run.collect);
      case "record":
        return this.#outcome(key, run, stepRecord(run, input, this.#now), run.record);
    }
  }

  #outcome(key: string, before: Run | undefined, outcome: Outcome<Run>, primitive: Primitive): void {
    if (outcome.run === undefined) this.#runs.delete(key);
    else if (outcome.run !== before) this.#runs.set(key, outcome.run);
    this.effects.push(...outcome.effects);
    if (outcome.inner !== undefined) this.#assign(outcome.inner.primitive, outcome.inner.values);
    this.#assign(primitive, outcome.values);
    if (outcome.failure !== undefined) this.#failure ??= outcome.failure;
    this.#act(outcome.actions, key);
    if (outcome.run === undefined && !this.#over) this.#closed(key);
  }

  /** RFC 5707 9.2: shadow variables go by the type, and where the primitive has one by its id, too. */
  #assign(primitive: Primitive, values: Outcome<Run>["values"]): void {
    for (const type of typesOf(primitive)) {
      for (const [name, value] of values) {
        this.#values.set(`${type}.${name}`, value);
        if (primitive.id !== undefined) this.#values.set(`${type}.${primitive.id}.${name}`, value);
      }
    }
  }

  #closed(key: string): void {
    const group = key.includes(".") ? key.slice(0, key.lastIndexOf(".")) : undefined;
    if (group === undefined) {
      this.#stepDone = true;
      return;
    }
    const known = this.#groups.get(group);
    if (known === undefined) return;
    const open = new Set(known.open);
    open.delete(key);
    this.#groups.set(group, { ...known, open });
    if (this.#failure !== undefined) this.#terminateGroup(group);
    if (open.size === 0) this.#groupDone(group);
  }

  #groupDone(key: string): void {
    const known = this.#groups.get(key);
    this.#groups.delete(key);
    this.#act(known?.group.onExit ?? [], key);
    if (!this.#over) this.#closed(key);
  }

  #act(actions: readonly DialogAction[], from: string): void {
    for (const action of actions) {
      if (this.#over) return;
      const values = this.#named(action.names);
      switch (action.kind) {
        case "send":
          if (this.#isInside(action.target)) this.#queue.push({ event: action.event, target: action.target, from });
          else this.effects.push({ kind: "tell", name: action.event, values });
          break;
        case "exit":
          this.effects.push({ kind: "tell", name: momlExit, values });
          this.#finish(values, false);
          break;
        case "disconnect":
          this.effects.push({ kind: "tell", name: momlDisconnect, values });
          this.#finish(values, true);
      }
    }
  }

  /** RFC 5707 9.6.3: what names nothing in the dialog is for its environment. */
  #isInside(target: string): boolean {
    if (target === "group" || target.startsWith("group.")) return needsOf(this.#script).groups;
    const [type = ""] = target.split(".", 1);
    return ["play", "record", "dtmf", "collect", "dtmfgen", "tonegen"].includes(type);
  }

  #deliver(event: string, target: string | undefined, from?: string): void {
    if (target === undefined) {
      for (const key of Array.from(this.#runs.keys())) this.#step(key, { kind: "event", event });
      return;
    }
    if (target === "group" || target.startsWith("group.")) {
      // RFC 5707 9.8: a group knows `terminate` only.
      if (event !== "terminate" && !event.startsWith("terminate.")) return;
      for (const key of groupsNamed(this.#groups, target, from)) this.#terminateGroup(key, event);
      return;
    }
    for (const [key, run] of Array.from(this.#runs)) {
      if (isCalled(run, target)) this.#step(key, { kind: "event", event });
    }
  }

  #terminateGroup(group: string, event = "terminate"): void {
    for (const key of Array.from(this.#runs.keys())) {
      if (key.startsWith(`${group}.`)) this.#step(key, { kind: "event", event });
    }
  }

  /** A key is the record's that it ends; else of all that collect; else it waits in the buffer. A play that it interrupts leaves it there. */
  #key(input: Extract<DialogInput, { kind: "key" }>): void {
    const runs = Array.from(this.#runs);
    const taken = runs.some(([, run]) => run.kind === "record" && takesKey(run, input.digit));
    const collected = runs.some(([, run]) => run.kind === "collect");
    if (!taken && !collected && input.phase === "start") this.#typed = [...this.#typed, input.digit].slice(-MAX_TYPED);
    for (const [key, run] of runs) {
      if (taken && run.kind === "collect") continue;
      this.#step(key, input);
    }
  }

  #listening(): DialogState["listening"] {
    const needs = needsOf(this.#script);
    return { keys: needs.keys, voice: needs.voice };
  }

  #named(names: readonly string[]): MsmlEvent["values"] {
    return names.map((name) => [name, this.#values.get(name) ?? "undefined"]);
  }

  /** A dialog that asks for no result gives the one it has: clients of announcements do not ask. */
  #plainValues(): MsmlEvent["values"] {
    return isPlain(this.#script) ? Array.from(this.#values) : [];
  }

  #finish(values: MsmlEvent["values"], disconnect: boolean): void {
    this.#over = true;
    for (const run of this.#runs.values()) this.effects.push(...haltOf(run));
    this.#runs.clear();
    this.#groups.clear();
    this.effects.push({ kind: "over", values, failure: this.#failure, disconnect });
  }
}

/** What ends a primitive that nobody waits for any more. */
function haltOf(run: Run): DialogEffect[] {
  switch (run.kind) {
    case "play":
    case "generate":
      return run.ending === undefined ? [{ kind: "stop", key: run.key }] : [];
    case "collect":
      return [
        ...(run.prompt === undefined ? [] : haltOf(run.prompt)),
        ...(run.timing === "none" ? [] : [{ kind: "cancel", timer: `${run.key}:${run.timing}` } as const]),
      ];
    case "record":
      if (run.phase === "before") return run.before === undefined ? [] : haltOf(run.before);
      return [
        ...["max", "pre", "post"].map((name) => ({ kind: "cancel", timer: `${run.key}:${name}` }) as const),
        ...(run.phase === "stopping" ? [] : [{ kind: "stop-record", key: run.key, how: "keep" } as const]),
      ];
  }
}

function isAction(step: DialogStep): step is DialogAction {
  return step.kind === "send" || step.kind === "exit" || step.kind === "disconnect";
}

/** The primitive that a player belongs to: what a composite plays first has `/` in its key. */
function ownerOf(key: string): string {
  const at = key.indexOf("/");
  return at < 0 ? key : key.slice(0, at);
}
