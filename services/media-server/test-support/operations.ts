import { type DialogStart, type MsmlOperation, playOf, type RecorderCommand } from "@sidetone/msml";
import type { ControlEffect } from "../src/control/index.ts";
import type { ControlStore } from "../src/server/control-store.ts";
import { type Executed, execute } from "./executor.ts";

type Create = Extract<MsmlOperation, { op: "createconference" }>;
/** For tests of the execution. */
export const create = (name?: string, more: Partial<Create> = {}): MsmlOperation => ({
  op: "createconference",
  deleteWhen: "nomedia",
  term: false,
  ...(name === undefined ? {} : { name }),
  ...more,
});
/** For tests of the execution. */
export const join = (tag: string, conf: string, mark?: string): MsmlOperation => ({
  op: "join",
  id1: `conn:${tag}`,
  id2: `conf:${conf}`,
  streams: [],
  ...(mark === undefined ? {} : { mark }),
});
/** For tests of the execution. */
export const unjoin = (id1: "conn:*" | `conn:${string}`, id2: `conf:${string}` | `conn:${string}`): MsmlOperation => ({
  op: "unjoin",
  id1,
  id2,
  streams: [],
});
/** For tests of the execution. */
export const recorder = (state: RecorderCommand["state"], more: Partial<RecorderCommand> = {}): MsmlOperation => ({
  op: "modifyconference",
  id: "conf:c",
  recorder: {
    state,
    params: new Map([["id", "r1"]]),
    userParams: new Map(),
    streams: state === "start" ? [{ label: "1", side: "customer", conn: "conn:a" }] : [],
    ...more,
  },
});
/** For tests of the execution. */
export const play = (more: Partial<DialogStart> = {}, uri = "file:///music.wav"): DialogStart => ({
  op: "dialogstart",
  target: "conn:a",
  name: "moh",
  content: { kind: "inline", script: [playOf([uri])] },
  ...more,
});

/** For tests of the execution. */
export const run = (on: ControlStore, ...operations: MsmlOperation[]): Executed => execute(on, operations);

function word(effect: ControlEffect): string {
  switch (effect.kind) {
    case "members":
      return `members ${effect.members.join(" ")}`.trim();
    case "connect":
    case "disconnect":
      return `${effect.kind} ${effect.a} ${effect.b}`;
    case "stream":
      return `${effect.from} > ${effect.to} ${JSON.stringify(effect.settings)}`;
    case "end-stream":
      return `${effect.from} | ${effect.to}`;
    case "monitor":
    case "end-monitor":
      return `${effect.kind} ${effect.listener} ${effect.target}`;
    case "end-dialog":
    case "end-recorder":
    case "event":
    case "hang-up":
    case "mix":
    case "recorder":
    case "send":
    case "start-dialog":
      return effect.kind;
  }
}
/** For tests of the execution. */
export const kinds = ({ effects }: { readonly effects: readonly ControlEffect[] }): string[] => effects.map(word);
