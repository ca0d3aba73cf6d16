import type { MessagePort } from "node:worker_threads";
import type { EndLine, FileCodec } from "@sidetone/recording-file";
import type { SrtpParameters } from "@sidetone/rtp";
import type { HeardAudio } from "../listening/heard-line.ts";
import type { LaneStats, PayloadKind, RemoteMedia } from "./lane.ts";
import type { ContinuedAt, NoteLine } from "./recording-media.ts";

/** A stream to receive. */
export interface LaneSpec {
  readonly channel: number;
  readonly remote: RemoteMedia | undefined;
  /** IPv4 addresses, as numbers, that may send besides. */
  readonly allowed: readonly number[];
  readonly payloads: readonly (readonly [number, PayloadKind])[];
  readonly paused: boolean;
  /** Paused from the beginning of its recording on. */
  readonly prepared?: boolean;
  /** What its packets are protected with; absent: plain RTP. */
  readonly srtp?: SrtpParameters | undefined;
}

/** What the service tells the media thread. */
export type MediaCommand =
  | {
      readonly do: "open-recording";
      readonly handle: number;
      readonly originMicros: number;
      readonly defaultCodec: FileCodec;
      readonly continued: ContinuedAt | undefined;
      readonly epoch: number;
    }
  | {
      readonly do: "open-session";
      readonly ask: number;
      readonly session: number;
      readonly handle: number;
      readonly lanes: readonly LaneSpec[];
      /** R30: it takes over from the recording's sessions, which are closed next. */
      readonly takesOver: boolean;
    }
  | { readonly do: "add-lanes"; readonly ask: number; readonly session: number; readonly lanes: readonly LaneSpec[] }
  | {
      readonly do: "update-lane";
      readonly session: number;
      readonly index: number;
      readonly atMicros: number;
      readonly lane: LaneSpec;
    }
  | { readonly do: "hint"; readonly handle: number; readonly micros: number }
  /** A recording that was prepared (paused from its beginning) starts. `heldBack`: what came before the resume was heard of belongs to it. */
  | { readonly do: "begin"; readonly handle: number; readonly micros: number; readonly heldBack: boolean }
  | { readonly do: "note"; readonly handle: number; readonly wallMicros: number; readonly line: NoteLine }
  | {
      readonly do: "close-session";
      readonly session: number;
      readonly lingerMs: number;
      /** Needed with `end`: the session may never have opened. */
      readonly handle?: number;
      /** Ends the recording too. `byeMicros` undefined: the file ends with its last audio. */
      readonly end:
        | {
            readonly byeMicros: number | undefined;
            readonly state: EndLine["state"];
            readonly reason: string;
            /** The client never took the session: where nothing came, nothing is kept. */
            readonly withdrawn: boolean;
          }
        | undefined;
    }
  /** Somebody listens to a recording while it is made, or nobody any more. */
  | { readonly do: "listen"; readonly handle: number; readonly on: boolean }
  | { readonly do: "stop"; readonly ask: number };

/** What the media thread tells the service. */
export type MediaTelling =
  | {
      readonly tell: "answer";
      readonly ask: number;
      readonly ports?: readonly number[];
      readonly error?: { code: string; message: string };
    }
  | { readonly tell: "silent"; readonly session: number }
  /** A stream has brought no RTP for so long, ms; 0: it brings RTP again, or is paused. */
  | { readonly tell: "stream"; readonly session: number; readonly channel: number; readonly silentMs: number }
  | { readonly tell: "heard"; readonly handle: number; readonly audio: HeardAudio }
  | { readonly tell: "closed"; readonly session: number; readonly lanes: readonly LaneStats[] }
  | {
      readonly tell: "counters";
      readonly received: number;
      readonly lanes: number;
      readonly portsUsed: number;
      readonly portsTotal: number;
    }
  | {
      readonly tell: "log";
      readonly level: "debug" | "info" | "warn" | "error";
      readonly fields: Record<string, unknown>;
      readonly msg: string;
    };

/** Start data of the media thread. */
export interface MediaSetup {
  readonly address: string;
  readonly portMin: number;
  readonly portMax: number;
  readonly packetIo: "auto" | "dgram" | "batched";
  readonly rtpTimeoutMs: number;
  /** R34: a stream without RTP for this long is told; ms. */
  readonly silenceMs: number;
  readonly showDigits: boolean;
  readonly writer: MessagePort;
}
