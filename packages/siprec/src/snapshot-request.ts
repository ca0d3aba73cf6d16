import { element, parseXml, textOf, writeXml, xmlLang } from "@sidetone/xml";
import { metadataLimits } from "./limits.ts";
import { recordingNamespace } from "./metadata.ts";

/** A recorder's wish for complete metadata (RFC 7866 9.2): the body of an UPDATE without SDP. */
export interface SnapshotRequest {
  /** Why, in the recorder's words; empty where it says nothing. */
  readonly reason: string;
}

/** Reads a body as a wish for a snapshot; undefined for anything else. Elements are matched by local name. */
export function readSnapshotRequest(body: string | Uint8Array): SnapshotRequest | undefined {
  const xml = parseXml(body, metadataLimits);
  if (!xml.ok || xml.value.name.toLowerCase() !== "requestsnapshot") return undefined;
  const reason = xml.value.children.find((child) => typeof child !== "string" && child.name === "requestreason");
  return { reason: reason === undefined || typeof reason === "string" ? "" : textOf(reason).trim() };
}

/** Writes one (RFC 7865 9). */
export function writeSnapshotRequest({ reason }: SnapshotRequest): string {
  const ns = recordingNamespace;
  const why = element("requestreason", { ns, attributes: { [xmlLang]: "en" }, children: [reason] });
  return writeXml(element("requestsnapshot", { ns, attributes: {}, children: reason === "" ? [] : [why] }));
}
