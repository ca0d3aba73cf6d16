import { afterSilence, type Clock } from "@sidetone/foundation";
import type { InviteSession, SipResponse } from "@sidetone/sip";
import { placeOf, type RecorderWatch, type WatchPlace } from "./recorder-watch.ts";

/** What the watch of a dialog is given. */
export interface DialogWatchOptions {
  readonly clock: Clock;
  readonly watch: RecorderWatch;
  /** Asks a SIP URI for its options; true where any answer came in time. */
  readonly ask: (uri: string, timeoutMs: number) => Promise<boolean>;
  /** @param unprovenMs since the recorder is known to have lived last */
  readonly onGone: (unprovenMs: number) => void;
}

/**
 * Watches the recorder of a dialog that was accepted just now: at its remote target, together with its other dialogs, or
 * inside the dialog where a proxy stays in the way.
 */
export function watchDialog(sip: InviteSession, accepted: SipResponse, o: DialogWatchOptions): WatchPlace {
  const target = sip.remoteTarget;
  const place = target === undefined ? undefined : placeOf(target);
  const routed = target === undefined || place === undefined || accepted.headers.has("Record-Route");
  const ask = routed
    ? (ms: number): Promise<boolean> => askInside(o.clock, sip, ms)
    : (ms: number): Promise<boolean> => o.ask(target, ms);
  const watched = o.watch.add(routed ? `dialog ${sip.id}` : place, ask, {
    gone: () => o.onGone(Math.round(watched.unprovenMs())),
    // Where nobody knows the dialog the 481 ends it.
    doubt: () => void sip.request("OPTIONS"),
  });
  return watched;
}

function askInside(clock: Clock, sip: InviteSession, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = afterSilence(clock, ms, () => resolve(false));
    void sip.request("OPTIONS").then(({ headers }) => {
      cancel();
      resolve(!headers.has("X-Synthesised"));
    });
  });
}
