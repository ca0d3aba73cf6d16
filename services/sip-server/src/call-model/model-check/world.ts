import type { CallUuid, ConnId } from "@sidetone/foundation";
import { type Call, newCall, type Party, presentParties, type UserData } from "../call.ts";
import { isReservedKey } from "../user-data.ts";
import type { Heard } from "./automaton.ts";

/** A call, and what the check knows of it from what was done, not from the call. */
export interface Line {
  readonly call: Call;
  /** PreviousConnID that it must have. */
  readonly previous: ConnId | undefined;
  /** UserData that it must have. */
  readonly userData: UserData;
  /** Ids of the parties whose phones are up, or ring. */
  readonly legs: ReadonlySet<string>;
}

/** One call, or two with a phone that is in both. */
export interface World {
  readonly lines: readonly [Line, Line | undefined];
  readonly heard: Heard;
  /** Calls that there have been. */
  readonly begun: number;
}

/** A phone outside and phones inside; `number` is what the others see. */
export const actors: readonly Pick<Party, "dn" | "number" | "kind" | "aor">[] = [
  { dn: "9000", number: "+4930900001", kind: "external", aor: "sip:+4930900001@sidetone.local" },
  ...["7001", "7002", "7003", "7004"].map(
    (dn) => ({ dn, number: dn, kind: "internal", aor: `sip:${dn}@sidetone.local` }) as const,
  ),
];

/** A party with a phone that nobody has called yet. */
export function phoneOf(actor: (typeof actors)[number], id: string, over: Partial<Party> = {}): Party {
  return {
    ...actor,
    id,
    role: "destination",
    device: "phone",
    state: "dialing",
    agentId: undefined,
    recorded: false,
    introduction: undefined,
    ...over,
  };
}

/** A routing point; each call has its own. */
export function pointOf(id: string, line: 0 | 1): Party {
  const dn = line === 0 ? "5000" : "5001";
  const actor = { dn, number: dn, kind: "internal", aor: `sip:${dn}@sidetone.local` } as const;
  return phoneOf(actor, id, { device: "routing-point" });
}

/** A phone that is in neither call. */
export function freeActor(world: World): (typeof actors)[number] | undefined {
  const busy = new Set(world.lines.flatMap((line) => (line === undefined ? [] : presentParties(line.call))).map(dnOf));
  return actors.find(({ dn }) => !busy.has(dn));
}

function dnOf({ dn }: Party): string {
  return dn;
}

/** Phones that are in a call of the world. */
export function phonesIn(world: World): number {
  const all = world.lines.flatMap((line) => (line === undefined ? [] : presentParties(line.call)));
  return new Set(all.filter(({ device }) => device === "phone").map(dnOf)).size;
}

/** The n-th call of a world, without parties. @param consultOf the call from which it was begun */
export function lineOf(n: number, consultOf?: Call): Line {
  const userData = Object.fromEntries(Object.entries(consultOf?.userData ?? {}).filter(([key]) => !isReservedKey(key)));
  const call = newCall({
    connId: String(n).padStart(16, "0") as ConnId,
    callUuid: String(n).padStart(32, "0") as CallUuid,
    callType: consultOf === undefined ? "Inbound" : "Consult",
    ani: "+4930900001",
    dnis: "7001",
    createdMicros: n,
    userData,
    previousConnId: consultOf?.connId,
  });
  return { call, previous: consultOf?.connId, userData, legs: new Set() };
}

/** A call that nobody is in yet. */
export function newWorld(): World {
  return { lines: [lineOf(1), undefined], heard: new Map(), begun: 1 };
}

/** Worlds that behave alike have one name: times, ids, numbers and what is over are left out. */
export function nameOf(world: World): string {
  const [first, second] = world.lines;
  const shared = new Set<string>();
  const there = new Set(second === undefined ? [] : presentParties(second.call).map(dnOf));
  for (const { dn } of presentParties(first.call)) if (there.has(dn)) shared.add(dn);
  return world.lines.map((line) => nameOfLine(line, world, shared)).join(" & ");
}

function nameOfLine(line: Line | undefined, { heard, lines }: World, shared: ReadonlySet<string>): string {
  if (line === undefined) return "-";
  const { call } = line;
  if (call.endedMicros !== undefined) return "over";
  const bare = (party: Party): string =>
    [
      party.device === "phone" ? party.role.slice(0, 1) : "point",
      party.state,
      heard.get(`${call.connId} ${party.dn}`) ?? "nothing",
      line.legs.has(party.id) ? "leg" : "",
      shared.has(party.dn) ? "shared" : "",
    ].join(".");
  const names = presentParties(call).map((party) => {
    // By whose word it came counts until its answer is told of.
    const waits = party.state === "dialing" || party.state === "ringing";
    return `${bare(party)}<${waits ? (party.introduction?.how ?? "") : ""}`;
  });
  const other = lines.find((one) => one !== undefined && one !== line)?.call;
  return [
    call.callType === "Consult" ? "consult" : "call",
    call.answeredMicros === undefined ? "" : "answered",
    call.previousConnId === undefined ? "" : call.previousConnId === other?.connId ? "of other" : "of gone",
    Math.min(call.parties.length, 3),
    call.recording.state,
    call.parties.some(({ device }) => device === "routing-point") ? "queue" : "",
    ...names.toSorted(),
  ].join("|");
}
