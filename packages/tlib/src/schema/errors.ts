/** What a request is refused with: ErrorName is the stable key, ErrorCode is for logs (tlib-wire.md, "Errors"). */
export type ErrorName =
  | "NotRegistered"
  | "ResourceSeized"
  | "InSameState"
  | "UnsupportedOperation"
  | "InvalidAttribute"
  | "NoSwitchConnection"
  | "InvalidConnID"
  | "Timeout"
  | "OutOfService"
  | "NotConfigured"
  | "InvalidDestination"
  | "InvalidState"
  | "FullTimeRecording"
  | "RecordingAlreadyActive"
  | "RecordingNotActive"
  | "DuplicateRecordingID"
  | "PermissionDenied"
  | "TooManyRequests"
  | "TooLarge";

/** ErrorCode of each ErrorName. */
export const errorCodes: Readonly<Record<ErrorName, number>> = {
  NotRegistered: 41,
  ResourceSeized: 42,
  InSameState: 43,
  UnsupportedOperation: 51,
  InvalidAttribute: 53,
  NoSwitchConnection: 54,
  InvalidConnID: 56,
  Timeout: 57,
  OutOfService: 58,
  NotConfigured: 59,
  InvalidDestination: 415,
  InvalidState: 506,
  FullTimeRecording: 10001,
  RecordingAlreadyActive: 10002,
  RecordingNotActive: 10003,
  DuplicateRecordingID: 10004,
  PermissionDenied: 10010,
  TooManyRequests: 10011,
  TooLarge: 10012,
};
