import { childElements, element, parseXml, textOf, writeXml } from "@sidetone/xml";
import { metadataLimits } from "./limits.ts";
import { recordingNamespace } from "./metadata.ts";

/** The body of the UPDATE by which a recorder asks for a full snapshot (RFC 7866 9.2, RFC 7865 9). */
export function writeSnapshotRequest(reason: string): string {
  const said = element("requestreason", { ns: recordingNamespace, children: [reason] });
  return writeXml(element("requestsnapshot", { ns: recordingNamespace, children: [said] }));
}

/** The reason of a snapshot request, empty where it gives none; `undefined` where the document is none. Never throws. */
export function readSnapshotRequest(body: string | Uint8Array): string | undefined {
  const xml = parseXml(body, metadataLimits);
  if (!xml.ok || xml.value.name.toLowerCase() !== "requestsnapshot") return undefined;
  const reason = childElements(xml.value).find((child) => child.name.toLowerCase() === "requestreason");
  return reason === undefined ? "" : textOf(reason);
}
