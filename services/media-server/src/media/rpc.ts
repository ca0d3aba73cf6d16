import type { RtpConfig } from "@sidetone/config";
import { SidetoneError } from "@sidetone/foundation";
import type { PacketIOKind } from "@sidetone/rtp";
import type { MediaCore } from "./core.ts";
import type { CoreEvents } from "./core-events.ts";

/** What the worker is started with. */
export interface WorkerInput {
  readonly rtp: RtpConfig;
  readonly inactiveAfterMs?: number;
}

/** Methods of the core that the main thread may call. */
export type CoreMethod =
  | "openLeg"
  | "configureLeg"
  | "connect"
  | "disconnect"
  | "setConference"
  | "configureConference"
  | "setStream"
  | "endStream"
  | "monitor"
  | "endMonitor"
  | "openTap"
  | "setTapSources"
  | "setTapDestination"
  | "waiting"
  | "pauseTap"
  | "resumeTap"
  | "closeTap"
  | "play"
  | "controlPlay"
  | "stopPlay"
  | "sendDigits"
  | "setDetection"
  | "setAlertTone"
  | "startFileRecording"
  | "pauseFileRecording"
  | "resumeFileRecording"
  | "stopFileRecording"
  | "closeLeg"
  | "stats"
  | "close";

export type CoreArguments<M extends CoreMethod> = Parameters<MediaCore[M]>;
export type CoreResult<M extends CoreMethod> = ReturnType<MediaCore[M]>;

/** Main thread to worker. */
export interface Call {
  readonly id: number;
  readonly method: CoreMethod;
  readonly args: readonly unknown[];
}

/** An error on its way between the threads: a class does not survive the port. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly sip: number | undefined;
  readonly remedy: string | undefined;
}

/** An event of the core with its arguments. */
export type WireEvent = {
  readonly [K in keyof CoreEvents]: { readonly kind: "event"; readonly event: K; readonly args: CoreEvents[K] };
}[keyof CoreEvents];

/** Worker to main thread. */
export type FromWorker =
  | { readonly kind: "ready"; readonly packetIo: PacketIOKind; readonly wakeFd: number | undefined }
  | { readonly kind: "unable"; readonly error: WireError }
  | { readonly kind: "reply"; readonly id: number; readonly value: unknown }
  | { readonly kind: "refusal"; readonly id: number; readonly error: WireError }
  | WireEvent
  | {
      readonly kind: "log";
      readonly level: "debug" | "info" | "warn" | "error";
      readonly fields: Record<string, unknown>;
      readonly msg: string;
    };

/** Makes anything thrown fit for the port. */
export function toWire(thrown: unknown): WireError {
  if (thrown instanceof SidetoneError) {
    return { code: thrown.code, message: thrown.message, sip: thrown.sip, remedy: thrown.remedy };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: "media-engine-fault", message, sip: 500, remedy: undefined };
}

/** The error as it was thrown in the worker. */
export function fromWire(e: WireError): SidetoneError {
  return new SidetoneError(e.code, e.message, {
    ...(e.sip === undefined ? {} : { sip: e.sip }),
    ...(e.remedy === undefined ? {} : { remedy: e.remedy }),
  });
}
