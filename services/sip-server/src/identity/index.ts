export { type ConnIdOptions, ConnIdSource } from "./conn-id.ts";
export { CallUuidSource, ConfIdSource } from "./random-ids.ts";
export {
  type FilenameVariables,
  filenameTemplateMistake,
  filenameVariableNames,
  isRecordingId,
  recordingFilename,
} from "./recording-filename.ts";
export { RecordingIds } from "./recording-ids.ts";
