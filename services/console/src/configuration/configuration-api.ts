import { basename } from "node:path";
import { type ConfigMistake, maxFileBytes } from "@sidetone/config";
import type { FastifyInstance, FastifyRequest } from "@sidetone/http";
import { admitted, type Doorkeeping, kept } from "../admission.ts";
import { Body } from "../body.ts";
import { readingThread } from "./reading-thread.ts";

/** A mistake or warning as the page shows it. */
type MistakeView = Omit<ConfigMistake, "file">;

/** JSON of a text takes at most this much more room than the text. */
const escaped = 2;

/**
 * `GET /api/v1/configuration` → `{ file, text, mistakes, warnings }`: the file as it is now with every secret masked, as `sidetone check-config`
 * sees it. `POST .../check` `{ text }` → `{ mistakes, warnings, notLookedAt }`: a text that may take its place; nothing is changed.
 */
export function registerConfiguration(app: FastifyInstance, o: Doorkeeping & { readonly file: string }): void {
  const deed = { permission: "configuration", action: "configuration" } as const;
  const reading = readingThread(o.file);

  app.get("/api/v1/configuration", async (request, reply) => {
    await admitted(request, o, deed);
    await kept(request, o, { ...deed, detail: { did: "shown" } });
    const { text, mistakes, warnings } = await reading((reader) => reader.shown());
    void reply.header("cache-control", "no-store");
    return {
      file: basename(o.file),
      text: text ?? null,
      mistakes: mistakes.map(mistakeView),
      warnings: warnings.map(mistakeView),
    };
  });

  // Before the body is read, which may be large.
  const onRequest = async (request: FastifyRequest): Promise<void> => void (await admitted(request, o, deed));
  app.post("/api/v1/configuration/check", { bodyLimit: escaped * maxFileBytes, onRequest }, async (request, reply) => {
    const text = new Body(request.body, ["text"]).text("text", 0, maxFileBytes);
    await kept(request, o, { ...deed, detail: { did: "checked" } });
    const { mistakes, warnings, notLookedAt } = await reading((reader) => reader.check(text));
    void reply.header("cache-control", "no-store");
    return { mistakes: mistakes.map(mistakeView), warnings: warnings.map(mistakeView), notLookedAt };
  });
}

function mistakeView({ line, column, path, message, remedy }: ConfigMistake): MistakeView {
  return { line, column, path, message, ...(remedy === undefined ? {} : { remedy }) };
}
