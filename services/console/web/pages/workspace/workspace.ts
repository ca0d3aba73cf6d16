import { type ReadonlySignal, signal } from "@preact/signals";
import { connect, type TlibClient, TlibError } from "@sidetone/tlib/client";
import { api, ApiProblem } from "../../api.ts";
import { aboutOf, type Command, send } from "./commands.ts";
import { type Announcement, announcement } from "./announce.ts";
import { dnChoices } from "./rights.ts";
import { blank, next, type Person, type WorkspaceInput, type WorkspaceState } from "./workspace-state.ts";

/** Pause before the next first connection; later ones are the client's own; ms. */
const tryAgainMs = 3000;
/** Events after which everybody in the call is asked for. */
const partiesMayDiffer = ["EventPartyAdded", "EventPartyDeleted", "EventPartyChanged"] as const;

/** What `POST /api/v1/tlib-token` gives. */
interface Access extends Person {
  readonly token: string;
}

/** The agent's T-Library session: a client of `@sidetone/tlib` over WebSocket on the console's origin, and nothing else. */
export class Workspace {
  readonly #state = signal<WorkspaceState>(blank);
  readonly #said = signal<Announcement | undefined>(undefined);
  readonly #problem = signal<unknown>(undefined);
  #client: TlibClient | undefined;
  /** Counts the sessions: what belongs to an older one is not taken. */
  #run = 0;

  get state(): ReadonlySignal<WorkspaceState> {
    return this.#state;
  }

  /** What is to be said next. */
  get said(): ReadonlySignal<Announcement | undefined> {
    return this.#said;
  }

  /** Why there is no token. */
  get problem(): ReadonlySignal<unknown> {
    return this.#problem;
  }

  /** Asks who the person is here, and opens the DN of the last time, or the only one. */
  async start(): Promise<void> {
    this.#problem.value = undefined;
    try {
      const person = await this.#access();
      const { dns, open } = dnChoices(person.grants);
      const last = localStorage.getItem(rememberedDn(person.user)) ?? undefined;
      const known = last !== undefined && (open || dns.includes(last)) ? last : undefined;
      const dn = known ?? (dns.length === 1 && !open ? dns[0] : undefined);
      if (dn !== undefined) this.open(dn);
    } catch (error) {
      this.#problem.value = error;
    }
  }

  /** Opens a DN, which is remembered in this browser. */
  open(dn: string): void {
    this.close();
    this.#take({ kind: "chosen", dn });
    const { person } = this.#state.value;
    if (person !== undefined) localStorage.setItem(rememberedDn(person.user), dn);
    void this.#keepConnected(this.#run, dn);
  }

  /** Gives the DN up, so that another can be chosen. */
  leave(): void {
    this.close();
    const { person } = this.#state.value;
    if (person !== undefined) localStorage.removeItem(rememberedDn(person.user));
    this.#take({ kind: "chosen", dn: undefined });
  }

  /** Ends the session. */
  close(): void {
    this.#run += 1;
    void this.#client?.close();
    this.#client = undefined;
  }

  /** Sends what the agent asks for; a refusal shows at the call. True: it was done. */
  async ask(command: Command): Promise<boolean> {
    const { dn, calls } = this.#state.value;
    const client = this.#client;
    if (client === undefined || dn === undefined) return false;
    const run = this.#run;
    const about = aboutOf(command);
    this.#take({ kind: "asked", about });
    try {
      await send(client, dn, calls, command);
      this.#take({ kind: "answered", about }, run);
      return true;
    } catch (error) {
      this.#take({ kind: "failed", about, ...nameAndText(error) }, run);
      return false;
    }
  }

  /** Takes a refusal away that has been read. */
  dismiss(about: string): void {
    this.#take({ kind: "dismissed", about });
  }

  /** Says something that no event brought, such as why a key did nothing. */
  tell(text: string): void {
    this.#said.value = { text, urgent: true };
  }

  async #access(): Promise<Access> {
    const access = await api.post<Access>("/api/v1/tlib-token");
    const { user, grants, pauseReminderMs } = access;
    this.#take({ kind: "person", person: { user, grants, pauseReminderMs } });
    return access;
  }

  /** Until the DN is given up: a session that could not be opened, or has ended, is opened anew. */
  async #keepConnected(run: number, dn: string): Promise<void> {
    while (run === this.#run) {
      const error = await this.#session(run, dn).catch((failure: unknown) => failure);
      if (run !== this.#run) return;
      void this.#client?.close();
      this.#client = undefined;
      if (isFinal(error)) {
        this.close();
        this.#take({ kind: "refused", ...nameAndText(error) });
        return;
      }
      this.#take({ kind: "lost", reason: nameAndText(error).message, at: Date.now() });
      await new Promise((resolve) => setTimeout(resolve, tryAgainMs));
    }
  }

  /** One session; resolves with the error that ended it. */
  async #session(run: number, dn: string): Promise<unknown> {
    let fresh: Access | undefined = await this.#access();
    const client = await connect({
      url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/tlib/v1`,
      applicationName: "workspace",
      // A token opens sessions for a minute: every later connection needs one of its own.
      accessToken: async () => {
        const { token } = fresh ?? (await this.#access());
        fresh = undefined;
        return token;
      },
    });
    if (run !== this.#run) return client.close();
    this.#client = client;
    const take = (input: WorkspaceInput): void => this.#take(input, run);
    const ended = new Promise<unknown>((resolve) => client.on("closed", ({ error }) => resolve(error)));
    const askAgent = (): void => {
      client.queryAddress({ ThisDN: dn, AddressInfoType: "AgentStatus" }).catch(() => undefined);
    };
    client.on("event", (event) => take({ kind: "event", event, at: Date.now() }));
    client.on("reset", (reset) => {
      take({ kind: "event", event: reset, at: Date.now() });
      if (!reset.failed.has(dn)) askAgent();
    });
    client.on("connected", () => take({ kind: "connected" }));
    client.on("disconnected", ({ reason }) => take({ kind: "lost", reason, at: Date.now() }));
    for (const name of partiesMayDiffer) {
      client.on(name, ({ attributes: { ThisDN, ConnID } }) => {
        if (ThisDN === dn) client.queryCall({ ConnID, ThisDN }).catch(() => undefined);
      });
    }
    await client.register(dn);
    take({ kind: "connected" });
    askAgent();
    return ended;
  }

  #take(input: WorkspaceInput, run = this.#run): void {
    if (run !== this.#run) return;
    const before = this.#state.value;
    const after = next(before, input);
    this.#state.value = after;
    const said = announcement(before, after);
    if (said !== undefined) this.#said.value = said;
  }
}

function rememberedDn(user: string): string {
  return `sidetone-workspace-dn:${user}`;
}

/** What only another DN or a change of the configuration makes different. */
function isFinal(error: unknown): boolean {
  if (error instanceof ApiProblem) return error.status === 403 || error.status === 503;
  return (
    error instanceof TlibError &&
    ["PermissionDenied", "NotConfigured", "ResourceSeized", "Replaced"].includes(error.name)
  );
}

function nameAndText(error: unknown): { readonly name: string; readonly message: string } {
  if (error instanceof ApiProblem)
    return { name: error.code, message: [error.message, error.remedy].filter((text) => text !== undefined).join(" ") };
  if (error instanceof TlibError) return { name: error.name, message: error.message };
  return { name: "Error", message: error instanceof Error ? error.message : "The session has ended." };
}
