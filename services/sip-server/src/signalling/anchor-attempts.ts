import type { Result } from "@sidetone/foundation";
import { afterSilence, fail, ok } from "@sidetone/foundation";
import type { ConnRef } from "@sidetone/msml";
import type { NameAddr } from "@sidetone/sip";
import { joinDocument } from "../recording/documents.ts";
import { type AnchorFailure, type AnchorLoss, MediaAnchor } from "./media-anchor.ts";
import { sendMsml } from "./msml-exchange.ts";
import type { ServerContext } from "./server-context.ts";

/** R17: set-up is delayed by at most this per attempt, in milliseconds. */
export const ANCHOR_ATTEMPT_MS = 500;
/** R17. */
export const ANCHOR_ATTEMPTS = 2;

/** A leg to bring to the Media Server. */
export interface LegToAnchor {
  readonly name: string;
  readonly dn: string;
  readonly offer: Buffer;
}

export interface AnchorRequest {
  readonly callUuid: string;
  readonly from: NameAddr;
  readonly localAddress: string;
  readonly record: boolean;
  onMsml(body: Buffer): void;
  onLost(anchor: MediaAnchor, loss: AnchorLoss): void;
}

/** A new anchor; each attempt of a call begins with another Resource Manager. */
export function newAnchor(
  context: ServerContext,
  request: AnchorRequest,
  attempt: number,
  avoid: readonly string[] = [],
): MediaAnchor {
  const { options } = context.config;
  const anchor: MediaAnchor = new MediaAnchor({
    endpoint: context.endpoint,
    clock: context.clock,
    log: context.log,
    resourceManagers: () => context.resourceManagers.order(attempt),
    onSilent: (resourceManager) => context.resourceManagers.failed(resourceManager),
    confId: context.ids.confIds.next(),
    callUuid: request.callUuid,
    geoLocation: options.geoLocation,
    from: request.from,
    localAddress: request.localAddress,
    watch: context.watch,
    avoid,
    onMsml: (body) => request.onMsml(body),
    onLost: (loss) => request.onLost(anchor, loss),
  });
  return anchor;
}

/**
 * Brings the legs of a call to a Media Server and joins them, in at most two attempts of 500 ms (R17). A codec that the
 * Media Server lacks is not tried again.
 */
export async function anchorCall(
  context: ServerContext,
  request: AnchorRequest,
  legs: readonly LegToAnchor[],
): Promise<Result<MediaAnchor, AnchorFailure>> {
  if (context.config.resourceManagers.length === 0) return fail({ reason: "no-resource-manager", status: undefined });
  let failure: AnchorFailure = { reason: "no-media-server", status: undefined };
  for (let attempt = 0; attempt < ANCHOR_ATTEMPTS; attempt += 1) {
    const anchor = newAnchor(context, request, attempt);
    const built = await buildAnchor(context, anchor, request, legs);
    if (built.ok) return ok(anchor);
    void anchor.close();
    failure = built.error;
    context.log.warn(
      { callUuid: request.callUuid, attempt: attempt + 1, reason: failure.reason },
      "call could not be anchored",
    );
    if (failure.reason === "codec") break;
  }
  return fail(failure);
}

/** One attempt: legs at the Media Server, conference made, legs joined, within 500 ms (R17). */
export function buildAnchor(
  context: ServerContext,
  anchor: MediaAnchor,
  request: Pick<AnchorRequest, "record">,
  legs: readonly LegToAnchor[],
): Promise<Result<undefined, AnchorFailure>> {
  return withDeadline(context, build(anchor, request, legs));
}

async function build(
  anchor: MediaAnchor,
  request: Pick<AnchorRequest, "record">,
  legs: readonly LegToAnchor[],
): Promise<Result<undefined, AnchorFailure>> {
  for (const { name, dn, offer } of legs) {
    const leg = await anchor.addLeg(name, dn, offer, request.record);
    if (!leg.ok) return leg;
  }
  return joinLegs(
    anchor,
    legs.map(({ name }) => name),
  );
}

/** Brings one more leg to a conference that is there, within 500 ms (R17). */
export function growAnchor(
  context: ServerContext,
  anchor: MediaAnchor,
  request: Pick<AnchorRequest, "record">,
  leg: LegToAnchor,
): Promise<Result<undefined, AnchorFailure>> {
  const grow = async (): Promise<Result<undefined, AnchorFailure>> => {
    const added = await anchor.addLeg(leg.name, leg.dn, leg.offer, request.record);
    return added.ok ? joinLegs(anchor, [leg.name], "there") : added;
  };
  return withDeadline(context, grow());
}

async function joinLegs(
  anchor: MediaAnchor,
  names: readonly string[],
  conferenceIs: "new" | "there" = "new",
): Promise<Result<undefined, AnchorFailure>> {
  const connections = new Map<string, ConnRef>();
  for (const name of names) {
    const connection = anchor.connection(name);
    if (connection === undefined) return fail({ reason: "media-server-lost", status: undefined });
    connections.set(name, connection);
  }
  const refusal = await sendMsml(anchor, joinDocument(anchor.confId, connections, conferenceIs));
  return refusal === undefined ? ok(undefined) : fail({ reason: refusal, status: undefined });
}

/** The outcome of work with a Media Server, or that it took too long; by default R17's 500 ms. */
export function withDeadline<T>(
  context: ServerContext,
  work: Promise<Result<T, AnchorFailure>>,
  ms = ANCHOR_ATTEMPT_MS,
): Promise<Result<T, AnchorFailure>> {
  return new Promise((resolve) => {
    const cancel = afterSilence(context.clock, ms, () =>
      resolve(fail({ reason: "no-media-server (no answer in time)", status: 408 })),
    );
    void work.then((result) => {
      cancel();
      resolve(result);
    });
  });
}
