import { type ApiAccess, field, getJson, listField, textField } from "./api-client.ts";
import { table } from "./table.ts";

/** Search options of `sidetone recordings`: the API's query parameters. */
export const searchNames = [
  "from",
  "to",
  "min-duration-ms",
  "max-duration-ms",
  "dn",
  "ani",
  "dnis",
  "agent",
  "conn-id",
  "call-uuid",
  "id",
  "state",
  "q",
  "limit",
  "cursor",
] as const;

/** Searches recordings and gives what to print. */
export async function recordings(
  access: ApiAccess,
  search: ReadonlyMap<string, string>,
  json: boolean,
): Promise<string> {
  const query = new URLSearchParams(Array.from(search));
  const answer = await getJson(access, `/api/v1/recordings?${query.toString()}`);
  if (json) return JSON.stringify(answer, null, 2);
  const found = listField(answer, "recordings");
  if (found.length === 0) {
    return search.size > 0 ? "No recording matches." : "No recordings yet. npm run demo makes one.";
  }
  const rows = found.map((r) => [
    textField(r, "startTime") ?? "",
    duration(field(r, "durationMs")),
    textField(r, "state") ?? "",
    people(r, "customer"),
    people(r, "agent"),
    textField(r, "id") ?? "",
  ]);
  const lines = [table([["began", "length", "state", "customer", "agent", "id"], ...rows])];
  const next = textField(answer, "next");
  if (next !== undefined) lines.push(`There are older ones: --cursor ${next}`);
  return lines.join("\n");
}

function people(recording: unknown, side: string): string {
  const on = listField(recording, "participants").filter((p) => textField(p, "side") === side);
  return on.map((p) => textField(p, "name") ?? textField(p, "dn") ?? textField(p, "aor") ?? "?").join(", ");
}

function duration(ms: unknown): string {
  if (typeof ms !== "number") return "";
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
