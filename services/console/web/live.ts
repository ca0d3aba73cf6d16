// Calls as T-Library tells them, and the recording of each in hand. The client is `@sidetone/tlib` itself, from its sources.
import { delay, errorText, systemClock } from "@sidetone/foundation";
import { connect, type TlibClient, TlibError } from "@sidetone/tlib/client";
import { afterEvent, type LiveCalls } from "./live-calls.ts";
import { LiveTable } from "./live-table.ts";

/** DNs that the panel watches at most; a session may register more, but nobody reads such a list. */
const maxDns = 200;
const lookForDnsMs = 5000;
const tryAgainMs = 5000;
/** After an answer that only a change of the configuration makes different. */
const tryAgainLaterMs = 30_000;

/** What `POST /api/v1/tlib-token` gives. */
interface Access {
  readonly token: string;
  readonly user: string;
  readonly grants: readonly { readonly dns: string; readonly rights: readonly string[] }[];
}

/** Something that is to be said to the visitor as it stands. */
class Refused extends Error {}

const note = document.getElementById("live-note");
const table = new LiveTable(document.getElementById("live"));

function say(text: string, className: "" | "good" | "bad"): void {
  if (note === null) return;
  if (note.textContent !== text) note.textContent = text;
  note.className = className;
}

/** The page's own list of calls is shown while this one cannot be. */
function setLive(live: boolean): void {
  document.body.classList.toggle("live", live);
}

/** A page that was opened as http://user:password@host may fetch only what names neither. */
function address(path: string): URL {
  return new URL(path, location.origin);
}

async function askAccess(): Promise<Access> {
  const answer = await fetch(address("/api/v1/tlib-token"), { method: "POST" });
  const body = (await answer.json().catch(() => ({}))) as Access & {
    readonly detail?: string;
    readonly remedy?: string;
  };
  if (answer.ok) return body;
  throw new Refused([body.detail ?? `${answer.status} ${answer.statusText}`, body.remedy].join(" ").trim());
}

async function get(path: string): Promise<Readonly<Record<string, unknown>>> {
  const answer = await fetch(address(path), { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return (await answer.json()) as Record<string, unknown>;
}

/** DNs with a phone, and those of calls. */
async function dnsNow(): Promise<ReadonlySet<string>> {
  const [{ registrations }, { calls }] = await Promise.all([get("/api/v1/registrations"), get("/api/v1/calls")]);
  const parties = (calls as { readonly parties: { readonly dn?: string | null }[] }[]).flatMap((call) => call.parties);
  const named = (registrations as { readonly dn: string }[]).concat(parties as { dn: string }[]).map(({ dn }) => dn);
  return new Set(named.filter((dn) => typeof dn === "string" && dn !== "").toSorted());
}

/** Registers what has appeared, until the client is closed. */
async function watchDns(client: TlibClient, user: string): Promise<void> {
  const watched = new Set<string>();
  const foreign = new Set<string>();
  client.on("reset", ({ failed }) => {
    for (const dn of failed.keys()) watched.delete(dn);
  });
  while (!client.closed) {
    const all = await dnsNow().catch(() => new Set<string>());
    for (const dn of all) {
      if (watched.has(dn) || foreign.has(dn) || watched.size >= maxDns || client.closed) continue;
      try {
        await client.register(dn);
        watched.add(dn);
      } catch (error) {
        // No right on it, or no such DN: asking again would change nothing.
        if (error instanceof TlibError && ["PermissionDenied", "NotConfigured"].includes(error.name)) foreign.add(dn);
      }
    }
    if (client.connected) {
      const count = watched.size === 1 ? "1 DN" : `${watched.size} DNs`;
      const limit = watched.size >= maxDns ? `, no more than ${maxDns}` : "";
      say(`Live, as ${user}: ${count} watched${limit}.`, "good");
    }
    await delay(systemClock, lookForDnsMs);
  }
}

/** One session, from its opening to its end. Resolves with the error that ended it. */
async function session(): Promise<unknown> {
  const first = await askAccess();
  let fresh: Access | undefined = first;
  const client = await connect({
    url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/tlib/v1`,
    applicationName: "console",
    accessToken: async () => {
      const { token } = fresh ?? (await askAccess());
      fresh = undefined;
      return token;
    },
  });
  let calls: LiveCalls = new Map();
  const draw = (): void => table.draw(calls, client.connected);
  const take = (event: Parameters<typeof afterEvent>[1]): void => {
    calls = afterEvent(calls, event);
    draw();
  };
  client.on("event", take);
  client.on("reset", take);
  client.on("disconnected", ({ reason }) => {
    say(`The connection is lost (${reason}). Connecting again ...`, "bad");
    draw();
  });
  client.on("connected", ({ resumed }) => {
    say(resumed ? "Connected again; nothing was missed." : "Connected again.", "good");
    draw();
  });
  table.open(
    client,
    first.grants.some(({ rights }) => rights.includes("record")),
  );
  setLive(true);
  const ended = new Promise<unknown>((resolve) => client.on("closed", ({ error }) => resolve(error)));
  void watchDns(client, first.user);
  return ended;
}

function whyNot(error: unknown): string {
  if (error instanceof Refused) return error.message;
  return error instanceof TlibError
    ? `${error.name}: ${error.message}.`
    : `The console does not answer (${errorText(error)}).`;
}

async function run(): Promise<never> {
  for (;;) {
    const error = await session().catch((failure: unknown) => failure);
    setLive(false);
    table.draw(new Map(), false);
    say(whyNot(error), "bad");
    const hopeless = error instanceof Refused || (error instanceof TlibError && error.name === "AuthenticationFailed");
    await delay(systemClock, hopeless ? tryAgainLaterMs : tryAgainMs);
  }
}

void run();
