import assert from "node:assert/strict";

/** Keeps cookies and the CSRF token as a browser with the console's page does. */
export class Browser {
  readonly base: string;
  readonly cookies = new Map<string, string>();
  csrf: string | undefined;
  /** Headers of every request. */
  readonly headers: Record<string, string> = {};

  constructor(base: string) {
    this.base = base;
  }

  /** Follows no redirect. */
  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const sent: Record<string, string> = { "sec-fetch-site": "same-origin", ...this.headers };
    if (this.cookies.size > 0) sent["cookie"] = Array.from(this.cookies, ([n, v]) => `${n}=${v}`).join("; ");
    if (this.csrf !== undefined) sent["x-csrf-token"] = this.csrf;
    if (body !== undefined) sent["content-type"] = "application/json";
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(new URL(path, this.base), {
      method,
      headers: { ...sent, ...headers },
      redirect: "manual",
      ...init,
    });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ""] = line.split(";");
      const [name = "", value = ""] = pair.split("=");
      if (value === "") this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }

  /** Status, and code of a problem. */
  async told(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<string> {
    const answer = await this.send(method, path, body, headers);
    const { code } = (await answer.json().catch(() => ({}))) as { code?: string };
    return code === undefined ? String(answer.status) : `${answer.status} ${code}`;
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.send(method, path, body);
    const value: unknown = await answer.json();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${JSON.stringify(value)}`);
    return value as T;
  }

  async logIn(user: string, password: string): Promise<void> {
    const { user: me } = await this.json<{ user: { csrfToken: string } }>("POST", "/api/v1/session", {
      user,
      password,
    });
    this.csrf = me.csrfToken;
  }

  /** Name of who is logged in; null: nobody. */
  async who(): Promise<string | null> {
    return (await this.json<{ user: { name: string } | null }>("GET", "/api/v1/session")).user?.name ?? null;
  }
}
