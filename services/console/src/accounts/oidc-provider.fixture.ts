import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";

/** An OpenID Connect provider that runs here, and whose people a test makes. */
export interface TestProvider {
  readonly issuer: string;
  /** `sub` → claims; everybody's password is right. */
  readonly people: Map<string, Record<string, unknown>>;
  close(): Promise<void>;
}

/** Starts one that knows the console at `base` as client `sidetone`; to be closed. */
export async function oidcProvider(base: string): Promise<TestProvider> {
  const people = new Map<string, Record<string, unknown>>();
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "sidetone",
        client_secret: "client-secret-of-the-test",
        redirect_uris: [`${base}/api/v1/session/oidc/callback`],
        post_logout_redirect_uris: [`${base}/log-in`],
      },
    ],
    claims: { openid: ["sub"], profile: ["preferred_username", "groups", "dns"], email: ["email"] },
    pkce: { required: () => true },
    cookies: { keys: ["key of the test"] },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...people.get(id) }) }),
  });
  const answer = provider.callback();
  server.on("request", (request, response) => void answer(request, response));
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= new Promise((done) => {
      server.closeAllConnections();
      server.close(() => done());
    }));
  return { issuer, people, close };
}
