/** Why the single sign-on's way back led to the log-in page, in words; undefined: it did not. @param query of the address */
export function oidcProblem(query: string): string | undefined {
  const code = new URLSearchParams(query).get("problem");
  return code === null ? undefined : (words.get(code) ?? "The single sign-on did not work. Try again.");
}

const words = new Map([
  ["no-role", "You are known, but have no role here. Ask an administrator to add you to a group that has one."],
  ["no-name", "The single sign-on did not say your name. An administrator checks console.oidc.name-claim."],
  ["name-taken", "Another user here has your name already. Ask an administrator."],
  ["too-many-users", "There are too many users here. Ask an administrator."],
  ["user-disabled", "Your user is disabled. Ask an administrator."],
  ["oidc-expired", "This log-in took too long, or was begun in another browser. Begin it again."],
  ["oidc-refused", "The single sign-on did not let you in. Try again; the console's log says why."],
  ["oidc-unreachable", "The single sign-on does not answer. Try again in a moment."],
]);

/** What the button says while one has to wait after too many wrong passwords. */
export function waitWords(seconds: number): string {
  return seconds === 1 ? "Try again in 1 second" : `Try again in ${seconds} seconds`;
}

/** Where one goes after the single sign-on: the page that was asked for. */
export function backPath(path: string, search: string): string {
  return path === "/log-in" ? "/" : `${path}${search}`;
}
