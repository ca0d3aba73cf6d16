import type { IncomingRequest } from "@sidetone/sip";
import type { PhoneLeg } from "./phone-leg.ts";

/** INFO and what else phones say to each other inside the call. */
export async function relayRequest(other: PhoneLeg, incoming: IncomingRequest): Promise<void> {
  const { method, body, headers } = incoming.request;
  // With its parameters: a multipart body needs its boundary.
  const contentType = headers.get("Content-Type");
  if (method !== "INFO" && method !== "MESSAGE") {
    incoming.respond(501);
    return;
  }
  const passed: [string, string][] = [];
  for (const name of ["Info-Package", "Content-Disposition"]) {
    const value = headers.get(name);
    if (value !== undefined) passed.push([name, value]);
  }
  const response = await other.session.request(method, {
    headers: passed,
    ...(body.length > 0 ? { body, contentType: contentType ?? "application/octet-stream" } : {}),
  });
  incoming.respond(response.status, {
    reason: response.reason,
    ...(response.body.length > 0
      ? { body: response.body, contentType: response.headers.get("Content-Type") ?? "application/octet-stream" }
      : {}),
  });
}
