import type { OidcConfig } from "@sidetone/config";
import { type Clock, errorText, type Logger, SidetoneError } from "@sidetone/foundation";
import * as oidc from "openid-client";
import { maxPendingOidc, oidcPatienceMs, oidcTimeoutSeconds } from "../limits.ts";
import { type ClaimedUser, claimedUser, type ClaimRefusal } from "./oidc-claims.ts";

/** A log-in that is at the provider. */
interface Pending {
  readonly at: number;
  readonly verifier: string;
  readonly nonce: string;
  readonly redirectUri: string;
  /** Path at the console where the person wanted to go. */
  readonly back: string;
}

/** Log-in by OpenID Connect: code flow with PKCE, state and nonce. The provider is asked about itself when it is first needed. */
export class OidcLogIn {
  readonly #settings: OidcConfig;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #pending = new Map<string, Pending>();
  #discovered: Promise<oidc.Configuration> | undefined;

  constructor(settings: OidcConfig, { clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
  }

  /** What the button says. */
  get label(): string {
    return this.#settings.label;
  }

  /** Where the browser goes, and the state that its cookie ties to it. @throws SidetoneError `oidc-unreachable` (503) */
  async begin(base: string, back: string): Promise<{ readonly url: string; readonly state: string }> {
    const provider = await this.#provider();
    const pending: Pending = {
      at: this.#clock.now(),
      verifier: oidc.randomPKCECodeVerifier(),
      nonce: oidc.randomNonce(),
      redirectUri: `${base}/api/v1/session/oidc/callback`,
      back,
    };
    const state = oidc.randomState();
    const url = oidc.buildAuthorizationUrl(provider, {
      redirect_uri: pending.redirectUri,
      scope: this.#settings.scopes.join(" "),
      code_challenge: await oidc.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: "S256",
      state,
      nonce: pending.nonce,
    });
    this.#pending.set(state, pending);
    for (const oldest of this.#pending.keys()) {
      if (this.#pending.size <= maxPendingOidc) break;
      this.#pending.delete(oldest);
    }
    return { url: url.href, state };
  }

  /**
   * What the provider sent the browser back with.
   * @param state of the browser's cookie; undefined: it has none
   * @throws SidetoneError `oidc-expired` (400), `oidc-refused` (403), `oidc-unreachable` (503)
   */
  async finish(
    query: string,
    state: string | undefined,
  ): Promise<{ readonly user: ClaimedUser | ClaimRefusal; readonly back: string }> {
    const pending = state === undefined ? undefined : this.#pending.get(state);
    if (state !== undefined) this.#pending.delete(state);
    if (state === undefined || pending === undefined || this.#clock.now() - pending.at > oidcPatienceMs) {
      throw new SidetoneError("oidc-expired", "This log-in was begun elsewhere, or too long ago.", {
        http: 400,
        remedy: "Begin it again.",
      });
    }
    const provider = await this.#provider();
    try {
      const tokens = await oidc.authorizationCodeGrant(provider, new URL(`${pending.redirectUri}?${query}`), {
        pkceCodeVerifier: pending.verifier,
        expectedState: state,
        expectedNonce: pending.nonce,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined) throw new Error("the provider sent no ID token");
      // Providers put groups into the ID token or into UserInfo; what the signed token says counts.
      const more =
        provider.serverMetadata().userinfo_endpoint === undefined
          ? {}
          : await oidc.fetchUserInfo(provider, tokens.access_token, claims.sub);
      return { user: claimedUser({ ...more, ...claims }, this.#settings), back: pending.back };
    } catch (error) {
      this.#log.warn({ error: explained(error) }, "a log-in by OpenID Connect failed");
      throw new SidetoneError("oidc-refused", `The single sign-on did not let you in: ${explained(error)}.`, {
        http: 403,
        remedy: "Begin it again; the console's log says more.",
        cause: error,
      });
    }
  }

  /** Where a browser ends its session at the provider too (RP-Initiated Logout 1.0); undefined: it has no such place. */
  async endUrl(base: string): Promise<string | undefined> {
    try {
      const provider = await this.#provider();
      if (provider.serverMetadata().end_session_endpoint === undefined) return undefined;
      return oidc.buildEndSessionUrl(provider, { post_logout_redirect_uri: `${base}/log-in` }).href;
    } catch {
      // Who cannot be told is no reason to stay logged in.
      return undefined;
    }
  }

  async #provider(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret } = this.#settings;
    const insecure = issuer.startsWith("http:");
    this.#discovered ??= oidc.discovery(new URL(issuer), clientId, clientSecret, undefined, {
      timeout: oidcTimeoutSeconds,
      // The configuration takes http: on loopback only.
      ...(insecure ? { execute: [oidc.allowInsecureRequests] } : {}),
    });
    try {
      return await this.#discovered;
    } catch (error) {
      // The next one asks again.
      this.#discovered = undefined;
      this.#log.warn({ issuer, error: explained(error) }, "the OpenID Connect provider cannot be asked");
      throw new SidetoneError("oidc-unreachable", "The single sign-on does not answer.", {
        http: 503,
        remedy: "Try again in a moment; an administrator checks console.oidc.issuer.",
        cause: error,
      });
    }
  }
}

/** The deepest reason that says something. */
function explained(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (error instanceof oidc.AuthorizationResponseError) return error.error_description ?? error.error;
  return cause instanceof Error && cause.message !== "" ? `${errorText(error)} (${cause.message})` : errorText(error);
}
