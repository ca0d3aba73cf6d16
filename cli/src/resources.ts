import { type ApiAccess, field, getJson, listField, textField } from "./api-client.ts";
import { table } from "./table.ts";

/** State of media servers and recorders, as text or JSON. */
export async function resources(access: ApiAccess, json: boolean): Promise<string> {
  const answer = await getJson(access, "/api/v1/resources");
  if (json) return JSON.stringify(answer, null, 2);
  const rows = listField(answer, "resources").map((r) => [
    textField(r, "group") ?? "",
    textField(r, "address") ?? "",
    textField(r, "state") ?? "",
    sessions(r),
    textField(r, "reason") ?? "",
  ]);
  return table([["group", "address", "state", "sessions", "reason"], ...rows]);
}

function sessions(resource: unknown): string {
  const used = field(resource, "sessions");
  const capacity = field(resource, "capacity");
  if (typeof used !== "number") return "";
  return typeof capacity === "number" ? `${used} of ${capacity}` : String(used);
}
