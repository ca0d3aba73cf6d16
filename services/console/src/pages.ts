import { extname } from "node:path";
import { gzipSync } from "node:zlib";
import { systemRandom } from "@sidetone/foundation";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "@sidetone/http";
import type { PageFile } from "./build-pages.ts";

/** Paths at which the application itself is served: it shows the page that the path names. */
export const pagePaths = [
  "/",
  "/log-in",
  "/live",
  "/search",
  "/recordings/:id",
  "/calls/:callUuid",
  "/reconciliation",
  "/workspace",
  "/users",
  "/audit",
  "/configuration",
] as const;

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/** Stands in index.html where each answer gets its own. */
const NONCE = "CSP-NONCE";

function policy(nonce?: string): string {
  const style = nonce === undefined ? "'self'" : `'self' 'nonce-${nonce}'`;
  return `default-src 'none'; script-src 'self'; style-src ${style}; img-src 'self'; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}

/** Headers of every answer: nothing from elsewhere is loaded, nobody frames the page. */
export const securityHeaders: readonly (readonly [string, string])[] = [
  ["content-security-policy", policy()],
  ["x-content-type-options", "nosniff"],
  ["referrer-policy", "no-referrer"],
  ["cross-origin-resource-policy", "same-origin"],
];

/** Serves the web application: its files under names that change with their content, and its page at every path of `pagePaths`. */
export function registerPages(app: FastifyInstance, files: readonly PageFile[]): void {
  for (const { path, content } of files) {
    if (path === "/index.html") continue;
    const type = types[extname(path)] ?? "application/octet-stream";
    const packed = gzipSync(content, { level: 9 });
    app.get(path, async (request, reply) => {
      void reply
        .type(type)
        .header("cache-control", "public, max-age=31536000, immutable")
        .header("vary", "accept-encoding");
      return sendPacked(request, reply, content, packed);
    });
  }
  const html = files.find(({ path }) => path === "/index.html")?.content.toString("utf8") ?? "";
  for (const path of pagePaths) {
    app.get(path, async (request, reply) => {
      const nonce = Buffer.from(systemRandom(16)).toString("base64url");
      const content = Buffer.from(html.replaceAll(NONCE, nonce));
      void reply
        .type("text/html; charset=utf-8")
        .header("cache-control", "no-cache")
        .header("content-security-policy", policy(nonce));
      return sendPacked(request, reply, content, gzipSync(content));
    });
  }
}

function sendPacked(request: FastifyRequest, reply: FastifyReply, content: Buffer, packed: Buffer): FastifyReply {
  const takes = /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
  return takes ? reply.header("content-encoding", "gzip").send(packed) : reply.send(content);
}
