import assert from "node:assert/strict";
import { parseRfc3339 } from "@sidetone/foundation";
import { Ajv2020 } from "ajv/dist/2020.js";
import { openApi } from "./openapi.ts";
import { schemas } from "./openapi-schemas.ts";

interface Answer {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema?: object }>>;
}

/** The paths of the document, as the tests read them. */
export const paths = openApi["paths"] as Readonly<
  Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, Answer>> }>>>
>;

const ajv = new Ajv2020({
  strict: true,
  allErrors: true,
  formats: { "date-time": isTime, uri: (text: string) => URL.canParse(text) },
});
/** References as a JSON Schema has them. */
const asSchema = (schema: unknown): object =>
  JSON.parse(JSON.stringify(schema).replaceAll("#/components/schemas/", "api#/$defs/")) as object;
ajv.addSchema({ $id: "api", $defs: asSchema(schemas) });

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(text) && parseRfc3339(text) !== undefined;
}

/** The path of the document that a request is for; undefined where there is none. */
function describedPath(pathname: string): string | undefined {
  const asked = pathname.split("/");
  return Object.keys(paths).find((path) => {
    const parts = path.split("/");
    return parts.length === asked.length && parts.every((part, i) => part.startsWith("{") || part === asked[i]);
  });
}

/** Holds an answer of the recorder against its OpenAPI document; gives the body as JSON where it is. */
export async function described(response: Response, method = "GET"): Promise<unknown> {
  const { pathname } = new URL(response.url);
  const path = describedPath(pathname) ?? "";
  const answer = paths[path]?.[method.toLowerCase()]?.responses[String(response.status)];
  assert.ok(answer !== undefined, `the document knows no ${response.status} of ${method} ${pathname}`);
  const type = response.headers.get("content-type")?.split(";")[0] ?? "";
  const media = answer.content?.[type];
  assert.ok(media !== undefined, `the document knows no ${type} of ${method} ${pathname}`);
  if (!type.endsWith("json")) return undefined;
  const body: unknown = await response.json();
  assert.ok(
    ajv.validate(asSchema(media.schema), body),
    `${method} ${pathname}: ${ajv.errorsText()}\n${JSON.stringify(body)}`,
  );
  return body;
}
