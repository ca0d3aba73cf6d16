import type { MessagePort } from "node:worker_threads";
import type { FileCodec } from "./codec.ts";
import type { OpenRequest, Opened } from "./file-writer.ts";
import type { EndLine, ManifestLine } from "./manifest.ts";

/** What a producer sends on its port. Messages of one port are carried out in their order. */
export type WriterMessage =
  | { readonly do: "zero"; readonly handle: number; readonly wallMicros: number; readonly codec: FileCodec }
  | { readonly do: "audio"; readonly handle: number; readonly bytes: Uint8Array }
  | { readonly do: "silence"; readonly handle: number; readonly frames: number }
  | { readonly do: "line"; readonly handle: number; readonly line: ManifestLine }
  | { readonly do: "end"; readonly handle: number; readonly state: EndLine["state"]; readonly reason: string }
  /** Nothing of it is to be kept: its folder is removed. */
  | { readonly do: "discard"; readonly handle: number };

/** What only the owner of the thread sends. */
export type WriterControl =
  | { readonly do: "open"; readonly ask: number; readonly handle: number; readonly request: OpenRequest }
  | { readonly do: "port"; readonly port: MessagePort }
  | { readonly do: "round" | "ping"; readonly ask: number }
  /** The owner has taken note of the end of the recording in this folder. */
  | { readonly do: "noted"; readonly relative: string }
  | { readonly do: "close"; readonly ask: number; readonly reason: string };

/** An error that crosses the threads. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly remedy: string | undefined;
}

/** What the thread tells its owner. */
export type WriterReport =
  | { readonly tell: "answer"; readonly ask: number; readonly opened?: Opened; readonly error?: PlainError }
  | { readonly tell: "trouble"; readonly handle: number; readonly error: PlainError }
  | { readonly tell: "relief"; readonly handle: number }
  | { readonly tell: "lost"; readonly handle: number; readonly error: PlainError }
  | { readonly tell: "ended"; readonly handle: number; readonly frames: number; readonly error: PlainError | undefined }
  | { readonly tell: "round"; readonly ms: number };

/** Start data of the thread. */
export interface WriterSetup {
  readonly root: string;
  readonly roundMs: number;
  readonly giveUpMs: number;
  readonly keepMarkers: boolean;
}
