/** What ErrorName means for an agent; others are told by their ErrorMessage. */
const words: Readonly<Record<string, string>> = {
  PermissionDenied: "You have no right to do this here",
  NotRegistered: "This DN is not open in this session",
  NotConfigured: "There is no such DN",
  ResourceSeized: "Another desktop holds this DN for itself",
  InvalidDestination: "Nobody can be reached there",
  InvalidConnID: "This call has ended",
  InvalidState: "This is not possible now",
  InSameState: "It is so already",
  Timeout: "The phone did not do it in time",
  OutOfService: "No media service or recorder is to be had",
  NoSwitchConnection: "The telephone system is not connected",
  FullTimeRecording: "This call is recorded by rule already",
  RecordingAlreadyActive: "This call is recorded already",
  RecordingNotActive: "This call is not recorded",
  TooManyRequests: "Too many requests at once",
  TooLarge: "Too much data for one call",
  OutcomeUnknown: "The connection broke: it may have been done, look at the call",
  NotSent: "The connection broke: it was not done",
  Closed: "The session is closed",
  AuthenticationFailed: "The telephone system does not accept the session",
  ConnectionFailed: "The telephone system does not answer",
  Replaced: "The session was taken over by another window",
};

/** An error for people; `detail` is what the server said, where that adds something. */
export interface ErrorText {
  readonly title: string;
  readonly detail: string | undefined;
}

/** The words for an error of T-Library; `about` is a name of `WorkspaceState.waiting`. */
export function errorText(name: string, message: string, about?: string): ErrorText {
  const title = about === "agent" && name === "PermissionDenied" ? "The agent was not accepted" : words[name];
  return title === undefined
    ? { title: message === "" ? name : message, detail: undefined }
    : { title, detail: message };
}
