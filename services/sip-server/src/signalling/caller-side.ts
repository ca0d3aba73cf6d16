import type { InviteSession, ProgressOptions, RespondOptions } from "@sidetone/sip";
import type { PhoneLeg } from "./phone-leg.ts";

const SDP = "application/sdp";

/** How the caller's phone is told what becomes of its call. */
export interface CallerSide {
  /** Ringing, and what is heard meanwhile. */
  progress(status: number, o?: ProgressOptions): void;
  /** The called party answered. Resolves with the SDP that the phone answered, where it was offered some. */
  accept(sdp: Buffer | undefined): Promise<Buffer | undefined>;
  /** Nobody answered. */
  reject(status: number, o?: RespondOptions): void;
}

/** A phone that called us: responses to its INVITE. */
export function answeringCaller({ session, stamp }: PhoneLeg): CallerSide {
  return {
    progress: (status, o) => session.progress(status, o),
    accept(sdp) {
      session.accept(sdp === undefined ? {} : { body: stamp.stamp(sdp), contentType: SDP });
      return Promise.resolve(undefined);
    },
    reject: (status, o) => rejectUnlessUp(session, status, o),
  };
}

/**
 * A phone that we called for RequestMakeCall (RFC 3725): it is up already, without media, when the other one rings. It
 * hears nothing until the answer brings a re-INVITE.
 */
export function dialledCaller({ session, stamp }: PhoneLeg): CallerSide {
  return {
    progress: () => undefined,
    async accept(sdp) {
      if (sdp === undefined) return undefined;
      const response = await session.reinvite({ body: stamp.stamp(sdp), contentType: SDP });
      return response.status < 300 && response.body.length > 0 ? response.body : undefined;
    },
    reject: () => session.terminate(),
  };
}

function rejectUnlessUp(session: InviteSession, status: number, o: RespondOptions | undefined): void {
  if (session.state === "confirmed") session.terminate();
  else session.reject(status, o);
}
