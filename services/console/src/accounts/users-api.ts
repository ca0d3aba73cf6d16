import { type RandomBytes, rfc3339, SidetoneError } from "@sidetone/foundation";
import type { FastifyInstance, FastifyRequest } from "@sidetone/http";
import { admitted, type Deed, type Doorkeeping, kept } from "../admission.ts";
import type { Authentication, Visitor } from "../authentication.ts";
import { badBody } from "../body.ts";
import { maxUsers } from "../limits.ts";
import type { UserChange } from "../store/user-table.ts";
import type { Account, Accounts } from "./accounts.ts";
import { initialPassword } from "./password-rules.ts";
import type { Passwords } from "./passwords.ts";
import type { Sessions } from "./sessions.ts";
import { newUserBody, type UserBody, userBody } from "./user-body.ts";

/** A user as `GET /api/v1/users` shows it. */
export interface UserView extends Pick<Account, "name" | "role" | "grants" | "source"> {
  readonly state: "active" | "disabled" | "password-change";
  /** RFC 3339; null: never, or not known. */
  readonly lastLogInAt: string | null;
  /** Whether it is who asks. */
  readonly self: boolean;
}

/** What the users' administration works with. */
export interface UsersOptions extends Doorkeeping {
  readonly accounts: Accounts;
  readonly authentication: Authentication;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly random: RandomBytes;
}

type Named = FastifyRequest<{ Params: { name: string } }>;

const path = "/api/v1/users";
const permission = { permission: "users", action: "users" } as const;

/**
 * `GET/POST /api/v1/users`, `PATCH/DELETE /api/v1/users/{name}`. Users of the configuration are shown and not changed. There is always an
 * administrator left, and nobody takes the log-in or the role from themselves.
 */
export function registerUsers(app: FastifyInstance, o: UsersOptions): void {
  const inTurn = oneAfterAnother();

  app.get(path, async (request, reply) => {
    const visitor = await admitted(request, o, permission);
    void reply.header("cache-control", "no-store");
    return { users: (await o.accounts.list()).map((account) => viewOf(account, visitor)) };
  });

  app.post(path, async (request, reply) => {
    const visitor = await admitted(request, o, permission);
    const { name, role, grants } = newUserBody(request.body);
    return inTurn(async () => {
      if (o.accounts.count >= maxUsers)
        throw conflict({ code: "too-many-users", message: `There are ${maxUsers} users already.` });
      if (o.accounts.open && role !== "administrator") {
        throw conflict({ code: "first-administrator", message: "The first user must be an administrator." });
      }
      const password = initialPassword(o.random);
      const passwordHash = await o.passwords.hash(password);
      if ((await o.accounts.find(name)) !== undefined) throw taken(name);
      await kept(request, o, { ...permission, object: name, detail: { did: "created", role, dns: dnsText(grants) } });
      const fresh = { name, role, grants, source: "local", subject: undefined } as const;
      if (!(await o.accounts.add({ ...fresh, passwordHash, disabled: false, mustChange: true }))) throw taken(name);
      const account = await known(o, name);
      return reply
        .code(201)
        .header("cache-control", "no-store")
        .send({ user: viewOf(account, visitor), password });
    });
  });

  app.patch<{ Params: { name: string } }>(`${path}/:name`, async (request, reply) => {
    const { name } = request.params;
    const visitor = await admitted(request, o, { ...permission, object: name });
    const body = userBody(request.body);
    return inTurn(async () => {
      const account = await changeable(request, o);
      await checkChange(request, o, { visitor, account, body });
      const password = body.resetPassword === true ? initialPassword(o.random) : undefined;
      const { role, grants, disabled } = body;
      const change: UserChange = {
        ...(role === undefined ? {} : { role }),
        ...(grants === undefined ? {} : { grants }),
        ...(disabled === undefined ? {} : { disabled }),
        ...(password === undefined ? {} : { passwordHash: await o.passwords.hash(password), mustChange: true }),
      };
      await kept(request, o, { ...permission, object: name, detail: didText(body) });
      const changed = (await o.accounts.change(name, change)) ?? account;
      if (changed.disabled || password !== undefined) {
        o.authentication.forget(name);
        await o.sessions.endOfUser(name);
      } else o.sessions.changed(name);
      void reply.header("cache-control", "no-store");
      return { user: viewOf(changed, visitor), ...(password === undefined ? {} : { password }) };
    });
  });

  app.delete<{ Params: { name: string } }>(`${path}/:name`, async (request, reply) => {
    const { name } = request.params;
    const visitor = await admitted(request, o, { ...permission, object: name });
    return inTurn(async () => {
      const account = await changeable(request, o);
      const deed = { ...permission, object: name, detail: { did: "deleted" } };
      if (name === visitor.name) await refuse(request, o, deed, yourself());
      await keepAnAdministrator(request, o, { deed, account, stays: false });
      await kept(request, o, deed);
      await o.accounts.remove(name);
      o.authentication.forget(name);
      await o.sessions.endOfUser(name);
      return reply.code(204).send();
    });
  });
}

/** A user whom the console may change. */
async function changeable(request: Named, o: UsersOptions): Promise<Account> {
  const { name } = request.params;
  const account = await known(o, name);
  if (account.source !== "configuration") return account;
  const remedy = "Change console.users there.";
  throw conflict({ code: "set-in-configuration", message: `User ${name} stands in the configuration.`, remedy });
}

async function known(o: UsersOptions, name: string): Promise<Account> {
  const account = await o.accounts.find(name);
  if (account !== undefined) return account;
  throw new SidetoneError("no-such-user", `There is no user ${JSON.stringify(name.slice(0, 100))}.`, { http: 404 });
}

async function checkChange(
  request: Named,
  o: UsersOptions,
  { visitor, account, body }: { visitor: Visitor; account: Account; body: UserBody },
): Promise<void> {
  const { role, grants, disabled, resetPassword } = body;
  if (role === undefined && grants === undefined && disabled === undefined && resetPassword === undefined)
    throw badBody("Nothing is to be changed.");
  const deed = { ...permission, object: account.name, detail: didText(body) };
  if (account.source === "oidc" && (role !== undefined || grants !== undefined || resetPassword === true)) {
    const message = `Role, DNs and password of ${account.name} are the single sign-on's.`;
    const remedy = "Change them there; they are taken over at the next log-in.";
    throw conflict({ code: "set-by-provider", message, remedy });
  }
  const demoted = role !== undefined && role !== account.role;
  if (account.name === visitor.name && (demoted || disabled === true || resetPassword === true))
    await refuse(request, o, deed, yourself());
  const stays = (role ?? account.role) === "administrator" && !(disabled ?? account.disabled);
  await keepAnAdministrator(request, o, { deed, account, stays });
}

async function keepAnAdministrator(
  request: Named,
  o: UsersOptions,
  { deed, account, stays }: { deed: Deed; account: Account; stays: boolean },
): Promise<void> {
  if (stays) return;
  const others = (await o.accounts.list()).filter(
    ({ name, role, disabled }) => name !== account.name && role === "administrator" && !disabled,
  );
  if (others.length > 0) return;
  const remedy = "Make somebody else an administrator first.";
  const message = `${account.name} is the last administrator.`;
  await refuse(request, o, deed, conflict({ code: "last-administrator", message, remedy }));
}

async function refuse(request: FastifyRequest, o: UsersOptions, deed: Deed, error: SidetoneError): Promise<never> {
  await kept(request, o, { ...deed, detail: { ...deed.detail, reason: error.code } }, "refused");
  throw error;
}

function yourself(): SidetoneError {
  const message = "Nobody takes log-in or role from themselves.";
  return conflict({ code: "yourself", message, remedy: "Ask another administrator." });
}

function taken(name: string): SidetoneError {
  const remedy = "Choose another name.";
  return conflict({ code: "name-taken", message: `There is a user ${name} already.`, remedy });
}

function conflict(o: { readonly code: string; readonly message: string; readonly remedy?: string }): SidetoneError {
  return new SidetoneError(o.code, o.message, { http: 409, ...(o.remedy === undefined ? {} : { remedy: o.remedy }) });
}

function didText({ role, grants, disabled, resetPassword }: UserBody): Record<string, string> {
  return {
    did: "changed",
    ...(role === undefined ? {} : { role }),
    ...(grants === undefined ? {} : { dns: dnsText(grants) }),
    ...(disabled === undefined ? {} : { disabled: String(disabled) }),
    ...(resetPassword === true ? { password: "reset" } : {}),
  };
}

function dnsText(grants: Account["grants"]): string {
  return grants.map(({ dns, rights }) => `${dns}: ${rights.join(" ")}`).join(", ");
}

function viewOf(
  { name, role, grants, source, disabled, mustChange, lastLogInAt }: Account,
  visitor: Visitor,
): UserView {
  return {
    name,
    role,
    grants,
    source,
    state: disabled ? "disabled" : mustChange ? "password-change" : "active",
    lastLogInAt: lastLogInAt === undefined ? null : rfc3339(lastLogInAt),
    self: visitor.kind === "user" && visitor.name === name,
  };
}

/** Changes one at a time: two administrators must not take the role from each other at once. */
function oneAfterAnother(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
}
