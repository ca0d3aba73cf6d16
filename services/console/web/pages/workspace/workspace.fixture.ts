import type { ClientEvent } from "@sidetone/tlib/client";

/** ConnID of the n-th call of a test. */
export function callId(n: number): string {
  return `0110031f8ab2c${String(n).padStart(3, "0")}`;
}

const facts = { CallUUID: "0".repeat(32), CallType: "Internal" };

/** An event for DN 7001 about the first call, unless `more` says otherwise. */
export function event(message: string, more: Readonly<Record<string, unknown>> = {}): ClientEvent {
  const attributes = { EventSequenceNumber: 1, ThisDN: "7001", ConnID: callId(1), ...facts, ...more };
  return { message, seq: 1, time: "", attributes } as unknown as ClientEvent;
}

/** The n-th call with 7002 as a snapshot has it. */
export function snapshot(n: number, PartyState: string, more: Readonly<Record<string, unknown>> = {}): object {
  const Parties = ["7001", "7002"].map((DN) => ({ DN, Role: "RoleDestination", PartyState }));
  return {
    ...facts,
    ConnID: callId(n),
    PartyState,
    OtherDN: "7002",
    ThisDNRole: "RoleDestination",
    UserData: {},
    Parties,
    ...more,
  };
}

/** EventRegistered. */
export function registered(ThisDN: string, Calls: readonly object[]): ClientEvent {
  return event("EventRegistered", { ThisDN, Calls, ConnID: undefined });
}

/** A Reset with the calls of each DN; DNs of `failed` could not be registered again. */
export function reset(calls: Readonly<Record<string, readonly object[]>>, failed: readonly string[] = []): ClientEvent {
  const registrations = new Map(Object.entries(calls).map(([ThisDN, Calls]) => [ThisDN, { ThisDN, Calls }]));
  const errors = new Map(failed.map((dn) => [dn, { name: "PermissionDenied", message: "no right" }]));
  return { message: "Reset", reason: "ServerRestarted", registrations, failed: errors } as unknown as ClientEvent;
}
