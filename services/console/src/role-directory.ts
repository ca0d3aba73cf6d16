import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { type Cancel, type Clock, errorText, type RoleName, roleNames } from "@sidetone/foundation";
import { askIntervalMs, askTimeoutMs, maxHealthBytes } from "./limits.ts";
import type { Upstream } from "./upstream.ts";

/** What a base URL of the configuration turned out to be. */
export interface RoleHealth {
  readonly url: string;
  /** Undefined until it answered once. */
  readonly role: RoleName | undefined;
  readonly ok: boolean;
  readonly reasons: readonly string[];
  /** End of the certificate that it showed, wall clock in µs; undefined where it is asked without TLS. */
  readonly certificateUntil?: number | undefined;
}

/** Knows which role answers at which base URL, and whether it is ready: asks each one's `/readyz`. */
export class RoleDirectory {
  readonly #clock: Clock;
  readonly #upstream: Upstream;
  readonly #health = new Map<string, RoleHealth>();
  #next: Cancel | undefined;
  #asking: Promise<void> | undefined;
  #closed = false;

  constructor(urls: readonly string[], clock: Clock, upstream: Upstream) {
    this.#clock = clock;
    this.#upstream = upstream;
    for (const url of urls) this.#health.set(url, { url, role: undefined, ok: false, reasons: ["not asked yet"] });
  }

  /** In the order of the configuration. */
  get all(): readonly RoleHealth[] {
    return Array.from(this.#health.values());
  }

  /** Base URLs of a role. */
  urlsOf(role: RoleName): string[] {
    return this.all.filter((h) => h.role === role).map((h) => h.url);
  }

  /** Asks again and again until closed. */
  watch(): void {
    void this.ask().then(() => {
      if (!this.#closed) this.#next = this.#clock.after(askIntervalMs, () => this.watch());
    });
  }

  /** Asks every role once; several callers share one round. */
  ask(): Promise<void> {
    this.#asking ??= Promise.all(Array.from(this.#health.keys(), (url) => this.#askOne(url))).then(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  close(): void {
    this.#closed = true;
    this.#next?.();
  }

  async #askOne(url: string): Promise<void> {
    const before = this.#health.get(url);
    try {
      const answer = await this.#upstream.send({
        url: new URL(`${url}/readyz`),
        method: "GET",
        headers: {},
        timeoutMs: askTimeoutMs,
      });
      const certificateUntil = certificateEnd(answer.socket);
      const parsed = readHealth(await textOf(answer));
      const { role, reasons } = parsed ?? { role: before?.role, reasons: ["gave an answer that is no health report"] };
      this.#health.set(url, {
        url,
        role,
        ok: answer.statusCode === 200 && parsed !== undefined,
        reasons,
        certificateUntil,
      });
    } catch (error) {
      this.#health.set(url, { url, role: before?.role, ok: false, reasons: [`does not answer: ${whyNot(error)}`] });
    }
  }
}

/** What people can do something about, in their words. */
function whyNot(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ECONNREFUSED" ? "nothing listens there" : errorText(error);
}

/** When what a server shows of itself ends. */
function certificateEnd(socket: Socket): number | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  // There is none on a session that was resumed.
  const ms = socket.getPeerX509Certificate()?.validToDate.getTime();
  return ms === undefined ? undefined : ms * 1000;
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > maxHealthBytes) throw new Error("the health report is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function readHealth(text: string): { role: RoleName | undefined; reasons: string[] } | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || !("role" in parsed)) return undefined;
  const role = roleNames.find((r) => r === parsed.role);
  const reasons = "reasons" in parsed && Array.isArray(parsed.reasons) ? parsed.reasons : [];
  return { role, reasons: reasons.filter((r) => typeof r === "string") };
}
