export { type FileCodec, formatTag, silenceByte } from "./codec.ts";
export { type DiskErrorCode, diskError } from "./disk-error.ts";
export { type FileOps, systemFiles } from "./file-ops.ts";
export {
  FileWriter,
  type FileWriterEvents,
  type FileWriterOptions,
  type Opened,
  type OpenRequest,
} from "./file-writer.ts";
export { type FolderView, type SegmentFile, readFolder } from "./folder-reader.ts";
export { createGroupSync, fsyncEach, type GroupSync, syncfsOf } from "./group-sync.ts";
export { type Finding, findingText } from "./finding.ts";
export { type Inspected, inspectTree } from "./inspect-tree.ts";
export { folderName, MANIFEST, OPEN_MARKERS, relativeFolder, STORAGE_LOCK } from "./layout.ts";
export * from "./limits.ts";
export * from "./manifest.ts";
export { closeUnfinished, recoverOpen, type Recovered, removeMarker } from "./recover.ts";
export { scanFolders } from "./scan.ts";
export { inspectFolder, type Integrity, SegmentHashes, verifyFolder } from "./verify.ts";
export { WAV_HEADER_BYTES, wavHeader } from "./wav.ts";
export { openWav, type WavView } from "./wav-view.ts";
export type { PlainError, WriterMessage } from "./writer-protocol.ts";
export { WriterThread, type WriterThreadEvents, type WriterThreadOptions } from "./writer-thread.ts";
