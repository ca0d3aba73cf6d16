import type { SipRequest } from "@sidetone/sip";
import { type RecordingMetadata, checkLabels } from "@sidetone/siprec";
import { type OfferedLine, readOffer } from "./answer.ts";
import type { Complaint, SessionBody } from "./session-body.ts";

/**
 * What an INVITE of a recording session should have said and did not; it is served all the same, and its recording says so. Without any of the
 * marks of RFC 7866 6.1 it is an ordinary call that is forked here (Cisco network-based recording): nothing is missed in it but the metadata.
 */
export function complaintsOf(request: SipRequest, body: SessionBody): Complaint[] {
  const marked = marks(request);
  const found: Complaint[] = [...body.warnings];
  if (body.carried === undefined) found.push({ code: "no-metadata", text: "the INVITE carried no recording metadata" });
  else {
    if (!marked.required) found.push({ code: "no-require-siprec", text: "the INVITE did not say Require: siprec" });
    if (!marked.src) {
      const older = marked.olderSrc ? "; it says ;src" : "";
      found.push({ code: "no-sip-src", text: `the Contact of the INVITE did not say +sip.src${older}` });
    }
  }
  return [...found, ...offerComplaints(body, body.carried?.metadata)];
}

/**
 * What is odd about an offer and the metadata that came with it: in an INVITE, and in every one after it.
 * @param metadata all that is known with this document
 */
export function offerComplaints({ offer, carried }: SessionBody, metadata: RecordingMetadata | undefined): Complaint[] {
  if (offer === undefined) return [];
  const lines = readOffer(offer);
  const found = lines.flatMap((line) => {
    const { kind, port } = offer.media[line.index] ?? {};
    return kind === "audio" && port !== 0 ? streamComplaint(line) : [];
  });
  if (carried?.metadata === undefined || metadata === undefined) return found;
  const unlabelled = lines.filter((line) => line.taken && line.label === undefined).length;
  if (unlabelled > 0) found.push({ code: "no-label", text: `${unlabelled} streams of the offer have no label` });
  const labels = lines.flatMap((l) => (l.label === undefined ? [] : [l.label]));
  for (const { code, about } of checkLabels(metadata, labels)) found.push({ code: `metadata-${code}`, text: about });
  return found;
}

function streamComplaint(line: OfferedLine): Complaint[] {
  if (line.taken) return [];
  const name = line.label === undefined ? "" : ` (label ${line.label})`;
  return [{ code: "stream-refused", text: `m-line ${line.index + 1}${name} is nothing that is recorded` }];
}

function marks(request: SipRequest): { required: boolean; src: boolean; olderSrc: boolean } {
  const contact = (request.headers.get("Contact") ?? "").toLowerCase();
  return {
    // A comma that is lost in `100rel,siprec` is met in the field.
    required: request.headers.list("Require").some((tag) => tag.toLowerCase().endsWith("siprec")),
    src: contact.includes("+sip.src"),
    olderSrc: /;\s*src\b/.test(contact),
  };
}
