import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance } from "@sidetone/http";
import { browserModules } from "./browser-modules.ts";

const folder = join(import.meta.dirname, "../web");

const pages = [
  { path: "/", file: "index.html", type: "text/html; charset=utf-8" },
  { path: "/console.js", file: "console.js", type: "text/javascript; charset=utf-8" },
  { path: "/console.css", file: "console.css", type: "text/css; charset=utf-8" },
  { path: "/icon.svg", file: "icon.svg", type: "image/svg+xml" },
] as const;

/** Headers of every answer: nothing from elsewhere is loaded, nobody frames the page. */
export const securityHeaders: readonly (readonly [string, string])[] = [
  [
    "content-security-policy",
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ],
  ["x-content-type-options", "nosniff"],
  ["referrer-policy", "no-referrer"],
  ["cross-origin-resource-policy", "same-origin"],
];

/** Serves the console's page and the modules that it loads; the files are read once. */
export function registerPages(app: FastifyInstance): void {
  for (const page of pages) {
    const content = readFileSync(join(folder, page.file));
    app.get(page.path, async (_request, reply) =>
      reply.type(page.type).header("cache-control", "no-cache").send(content),
    );
  }
  for (const [path, code] of browserModules(join(folder, "live.ts"))) {
    app.get(path, async (_request, reply) =>
      reply.type("text/javascript; charset=utf-8").header("cache-control", "no-cache").send(code),
    );
  }
}
