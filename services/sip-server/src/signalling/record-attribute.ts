import { attribute, parseSdp, type Sdp } from "@sidetone/sip";
import type { RecordingState } from "../call-model/call.ts";

/** RFC 7866 5.3: what a phone that supports it calls that. */
const recordAware = "record-aware";

/** RFC 7866 7.1.2: how a phone is told that it is recorded. */
export type RecordIndication = "on" | "off" | "paused";

/** RFC 7866 7.1.3: what a phone would like. */
export const recordPreferences = ["on", "off", "pause", "nopreference"] as const;
export type RecordPreference = (typeof recordPreferences)[number];

/** Whether the phone of a dialog has said that it shows recording to its user. */
export function isRecordAware({ remoteSupported }: { readonly remoteSupported: ReadonlySet<string> }): boolean {
  return remoteSupported.has(recordAware);
}

/** What a phone is told of a call's recording. */
export function indicationOf(state: RecordingState): RecordIndication {
  switch (state) {
    case "On":
      return "on";
    case "Paused":
      return "paused";
    case "Off":
    case "absent":
      return "off";
  }
}

/** Writes `a=record` at session level; undefined takes it away. What others have said of it, a medium too, goes in any case. */
export function writeIndication(sdp: Sdp, indication: RecordIndication | undefined): void {
  const others = sdp.attributes.filter(({ name }) => name !== "record");
  sdp.attributes = indication === undefined ? others : [...others, { name: "record", value: indication }];
  for (const media of sdp.media) media.attributes = media.attributes.filter(({ name }) => name !== "record");
}

/** What a phone's SDP would like: of its audio, else of the session; undefined where it says nothing that is known. */
export function preferenceIn(body: Buffer): RecordPreference | undefined {
  const parsed = parseSdp(body);
  if (!parsed.ok) return undefined;
  const audio = parsed.value.media.find(({ kind }) => kind === "audio");
  const own = audio === undefined ? undefined : attribute(audio, "recordpref");
  const said = (own ?? attribute(parsed.value, "recordpref"))?.trim().toLowerCase();
  return recordPreferences.find((preference) => preference === said);
}

/** The command that a phone's preference comes to, as the recording is; undefined where it has what it wants. */
export function commandOf(
  preference: RecordPreference,
  state: RecordingState,
): "stop" | "pause" | "resume" | undefined {
  if (preference === "off") return state === "On" || state === "Paused" ? "stop" : undefined;
  if (preference === "pause") return state === "On" ? "pause" : undefined;
  return preference === "on" && state === "Paused" ? "resume" : undefined;
}
