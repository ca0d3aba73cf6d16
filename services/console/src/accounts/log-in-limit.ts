import { isIPv6 } from "node:net";
import type { Clock } from "@sidetone/foundation";
import { GuessLimit } from "../guess-limit.ts";
import { freeTries, freeTriesOfAddress } from "../limits.ts";

/** Slows down who guesses: per user and address, and per address over many names. A try counts as wrong until it turns out right. */
export class LogInLimit {
  readonly #names: GuessLimit;
  readonly #addresses: GuessLimit;

  constructor(clock: Clock) {
    this.#names = new GuessLimit(clock, freeTries);
    this.#addresses = new GuessLimit(clock, freeTriesOfAddress);
  }

  /** Seconds to wait; 0: the try may be made, and is counted. */
  begin(address: string, name: string): number {
    const place = network(address);
    const key = `${place} ${name}`;
    const seconds = Math.max(this.#names.waitSeconds(key), this.#addresses.waitSeconds(place));
    if (seconds > 0) return seconds;
    this.#names.failed(key);
    this.#addresses.failed(place);
    return 0;
  }

  /** The try was right. What others at the address got wrong stays: one good password must not pay for guessing others. */
  succeeded(address: string, name: string): void {
    const place = network(address);
    this.#names.succeeded(`${place} ${name}`);
    this.#addresses.takeBack(place);
  }
}

/** Who has an IPv6 address has its whole /64. */
function network(address: string): string {
  if (!isIPv6(address) || address.includes(".")) return address;
  const [head = "", tail = ""] = address.split("::", 2);
  const left = head === "" ? [] : head.split(":");
  const right = tail === "" ? [] : tail.split(":");
  const zeros = address.includes("::") ? Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0") : [];
  return [...left, ...zeros, ...right].slice(0, 4).join(":");
}
