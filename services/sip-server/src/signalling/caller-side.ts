import type { ProgressOptions, RespondOptions } from "@sidetone/sip";
import type { PhoneLeg } from "./phone-leg.ts";

const SDP = "application/sdp";

/** How the caller's phone is told what becomes of its call. */
export interface CallerSide {
  /** Ringing, and what is heard meanwhile. */
  progress(status: number, o?: ProgressOptions): void;
  /** The called party answered. Resolves with the SDP that the phone answered, where it was offered some. */
  accept(sdp: Buffer | undefined): Promise<Buffer | undefined>;
  /** What the phone is told when the model releases it; without it, that nobody answered. */
  owe(status: number, o: RespondOptions): void;
  /** The model released the caller. */
  release(): void;
}

/** A phone that called us: responses to its INVITE. */
export function answeringCaller({ session, stamp }: PhoneLeg): CallerSide {
  let owed: (() => void) | undefined;
  return {
    progress: (status, o) => session.progress(status, o),
    accept(sdp) {
      session.accept(sdp === undefined ? {} : { body: stamp.stamp(sdp), contentType: SDP });
      return Promise.resolve(undefined);
    },
    owe(status, o) {
      owed = () => session.reject(status, o);
    },
    release() {
      if (owed === undefined || session.state === "confirmed") session.terminate();
      else owed();
    },
  };
}

/**
 * A phone that is up already when the other one rings, without media or with those of another call: one that we called
 * for RequestMakeCall (RFC 3725), or one that consults. It hears nothing until the answer brings a re-INVITE.
 *
 * @param stays the phone is not hung up when it leaves this call: it has another one
 */
export function upCaller({ session, stamp }: PhoneLeg, stays: boolean): CallerSide {
  return {
    progress: () => undefined,
    async accept(sdp) {
      if (sdp === undefined) return undefined;
      const response = await session.reinvite({ body: stamp.stamp(sdp), contentType: SDP });
      return response.status < 300 && response.body.length > 0 ? response.body : undefined;
    },
    owe: () => undefined,
    release: () => {
      if (!stays) session.terminate();
    },
  };
}
