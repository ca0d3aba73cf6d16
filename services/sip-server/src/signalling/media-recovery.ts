import { fail, ok, type Result } from "@sidetone/foundation";
import type { ConnRef, MsmlOperation } from "@sidetone/msml";
import { joinDocument } from "../recording/documents.ts";
import { type AnchorRequest, type LegToAnchor, newAnchor, withDeadline } from "./anchor-attempts.ts";
import type { Moved } from "./phone-answers.ts";
import type { AnchorFailure, MediaAnchor } from "./media-anchor.ts";
import { askMsml, refusalOf } from "./msml-exchange.ts";
import type { ServerContext } from "./server-context.ts";

/** How long an answer may take, ms: others wait for the same servers, so this is more than a set-up has. */
export const RECOVERY_ANSWER_MS = 2000;
/** A server may die while calls come to it. */
const MOST_ATTEMPTS = 3;

/** The start of a recorder that goes along with the joins. */
export interface StartAlong {
  readonly operation: MsmlOperation;
  /** What became of it; undefined: it was taken. */
  done(refusal: string | undefined): void;
}

/** What the recovery of one call needs of it. */
export interface RecoveryOptions {
  readonly context: ServerContext;
  readonly request: AnchorRequest;
  /** Legs that the lost server had, with the SDP of each. */
  readonly legs: readonly LegToAnchor[];
  /** How the lost server is named to the Resource Manager. */
  readonly lost: string | undefined;
  readonly over: () => boolean;
  /** Tells a phone where its leg is now; as `CallMedia.showAt`. */
  readonly show: (anchor: MediaAnchor, party: string) => Promise<Moved | undefined>;
  readonly startAlong: (anchor: MediaAnchor) => StartAlong | undefined;
}

/** The phone of a party, and how it took its new address. */
export interface Shown {
  readonly party: string;
  readonly answer: Moved | undefined;
}

/** A call that is at another Media Server: joined there; its phones may not all have answered yet. */
export interface Recovered {
  readonly anchor: MediaAnchor;
  readonly shown: Promise<readonly Shown[]>;
}

/**
 * R30: brings the legs of a call whose Media Server died to another one, under a new conf-id. Nothing of the old path is
 * worth waiting for, so each phone is told its new address as soon as its own leg is there, while the next leg is on its
 * way; conference, joins and recorder are one document. While calls wait for their turn the recorder comes later.
 */
export async function recoverAnchor(o: RecoveryOptions): Promise<Result<Recovered, AnchorFailure>> {
  const { context, request, lost } = o;
  const managers = context.config.resourceManagers.length;
  if (managers === 0) return fail({ reason: "no-resource-manager", status: undefined });
  const avoid = lost === undefined ? [] : [lost];
  let failure: AnchorFailure = { reason: "no-media-server", status: undefined };
  for (let attempt = 0; attempt < MOST_ATTEMPTS && !o.over(); attempt += 1) {
    const anchor = newAnchor(context, request, attempt, avoid);
    const shown: Promise<Shown>[] = [];
    const built = await build(o, anchor, shown);
    if (built.ok && !anchor.gone) return ok({ anchor, shown: Promise.all(shown) });
    failure = built.ok ? { reason: "media-server-lost", status: undefined } : built.error;
    context.log.warn({ callUuid: request.callUuid, attempt: attempt + 1, reason: failure.reason }, "not recovered yet");
    const { resource, gone } = anchor;
    void anchor.close();
    if (failure.reason === "codec") break;
    if (resource !== undefined && (gone || failure.status === 408)) avoid.push(resource);
    // Every Resource Manager has said that there is none.
    else if (resource === undefined && attempt + 1 >= managers) break;
  }
  return fail(failure);
}

async function build(
  o: RecoveryOptions,
  anchor: MediaAnchor,
  shown: Promise<Shown>[],
): Promise<Result<undefined, AnchorFailure>> {
  const bring = async ({ name, dn, offer }: LegToAnchor): Promise<Result<undefined, AnchorFailure>> => {
    const added = await withDeadline(o.context, anchor.addLeg(name, dn, offer, o.request.record), RECOVERY_ANSWER_MS);
    if (added.ok) shown.push(o.show(anchor, name).then((answer) => ({ party: name, answer })));
    return added;
  };
  const [first, ...others] = o.legs;
  if (first === undefined) return fail({ reason: "call-not-established", status: undefined });
  // The first one's answer has the token that brings the others to the same server.
  const brought = [await bring(first)];
  if (brought[0]?.ok === true) brought.push(...(await Promise.all(others.map(bring))));
  const refused = brought.find((result) => !result.ok);
  return refused ?? withDeadline(o.context, join(o, anchor), RECOVERY_ANSWER_MS);
}

async function join(o: RecoveryOptions, anchor: MediaAnchor): Promise<Result<undefined, AnchorFailure>> {
  const connections = new Map<string, ConnRef>();
  for (const { name } of o.legs) {
    const connection = anchor.connection(name);
    if (connection === undefined) return fail({ reason: "media-server-lost", status: undefined });
    connections.set(name, connection);
  }
  // Others have no audio yet: what is said until the recorder starts is kept by the Media Server.
  const start = o.context.recoveries.crowded ? undefined : o.startAlong(anchor);
  const document = joinDocument(anchor.confId, connections, "new", start === undefined ? [] : [start.operation]);
  const result = await askMsml(anchor, document);
  if (!result.ok) return fail({ reason: result.error, status: undefined });
  const refusal = refusalOf(result.value);
  // RFC 5707 5: what stands before the operation that failed has been done.
  const joined = refusal === undefined || result.value.mark === o.legs.at(-1)?.name;
  if (!joined) return fail({ reason: refusal, status: undefined });
  start?.done(refusal);
  return ok(undefined);
}
