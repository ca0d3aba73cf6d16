import { maxPasswordLength, minPasswordLength } from "../limits.ts";

/** Why a password may not be chosen, as a sentence; undefined: it may. Length is what counts (NIST SP 800-63B 3.1.1.2), not kinds of characters. */
export function passwordMistake(name: string, password: string): string | undefined {
  const length = Array.from(password).length;
  if (length < minPasswordLength) return `A password has at least ${minPasswordLength} characters.`;
  if (length > maxPasswordLength) return `A password has at most ${maxPasswordLength} characters.`;
  const plain = password.toLowerCase();
  const user = name.toLowerCase();
  // The name with something short around it is the first thing that is tried.
  if (plain.includes(user) && length - Array.from(user).length < minPasswordLength / 2)
    return "A password must not be the user's name.";
  if (password.startsWith("demo-")) return "Passwords that begin with demo- are for demonstrations.";
  if (new Set(plain).size < 4) return "A password has at least four different characters.";
  return undefined;
}

/** Letters and digits that are not mistaken for each other. */
const alphabet = "abcdefghjkmnpqrstuvwxyz23456789";

/** A password for the first log-in, such as `k7wm-x2pq-hh4c-9tne` (79 bits). @param random gives so many random bytes */
export function initialPassword(random: (count: number) => Uint8Array): string {
  let out = "";
  while (out.replaceAll("-", "").length < 16) {
    for (const byte of random(32)) {
      const at = byte & 31;
      const length = out.replaceAll("-", "").length;
      if (at >= alphabet.length || length >= 16) continue;
      out += `${length > 0 && length % 4 === 0 ? "-" : ""}${alphabet[at]}`;
    }
  }
  return out;
}
