import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import {
  type LedgerRow,
  passwordOf,
  type PhoneOptions,
  type RecordingRow,
  type RunningSystem,
  type ScriptedCall,
  ScriptedPhone,
  talk,
  until,
} from "@sidetone/testing";

/** A phone of a DN at this system, registered; closed when the test ends. */
export async function phone(
  t: TestContext,
  system: RunningSystem,
  user: string,
  more: Partial<PhoneOptions> = {},
): Promise<ScriptedPhone> {
  const made = await ScriptedPhone.open({ user, password: passwordOf(user), server: system.sip, ...more });
  t.after(async () => {
    // Its contact goes too: the next test's phone of the same DN must be the only one that rings.
    const reachable =
      !made.closed && system.processes.length > 0 && system.processes.every((process) => process.running);
    if (reachable) await Promise.race([made.register(0).catch(() => undefined), talk(1000)]);
    await made.close();
  });
  return made.registered();
}

/** A call that is up on both sides. */
export interface UpCall {
  readonly caller: ScriptedCall;
  readonly callee: ScriptedCall;
}

/** Calls and waits until both phones say that the call is up. */
export async function connect(
  from: ScriptedPhone,
  to: ScriptedPhone,
  o: Parameters<ScriptedPhone["call"]>[1] = {},
): Promise<UpCall> {
  const incoming = to.nextCall(10_000);
  const caller = await from.call(to.id, o);
  const [callee] = await Promise.all([incoming, caller.answered]);
  await callee.answered;
  return { caller, callee };
}

/** The only finished recording of a DN. */
export async function recordingOf(system: RunningSystem, dn: string, timeoutMs = 8000): Promise<RecordingRow> {
  let rows: RecordingRow[] = [];
  const done = await until(async () => {
    rows = await system.recordings(`?dn=${dn}`);
    return rows.length > 0 && rows.every((row) => row.state !== "recording");
  }, timeoutMs);
  assert.ok(done, `no finished recording of ${dn}: ${JSON.stringify(rows)}\n${system.output.slice(-3000)}`);
  assert.equal(rows.length, 1, `one recording of ${dn} wanted: ${JSON.stringify(rows)}`);
  const [row] = rows;
  assert.ok(row !== undefined);
  return row;
}

/** Both sides hear a tone of the other within `ms`; for calls whose media path is what is tested. */
export async function hearsEachOther(call: UpCall, calleeHears: number, callerHears: number, ms = 3000): Promise<void> {
  const near = (heard: number | undefined, wanted: number): boolean =>
    heard !== undefined && Math.abs(heard - wanted) < 8;
  const last = (side: ScriptedCall): number | undefined =>
    side.heard.frequency(performance.now() - 400, performance.now() - 100);
  const good = await until(() => near(last(call.callee), calleeHears) && near(last(call.caller), callerHears), ms);
  assert.ok(
    good,
    `callee hears ${last(call.callee)} Hz (${call.callee.heard.packets.length} packets), wanted ${calleeHears}; caller hears ${last(call.caller)} Hz (${call.caller.heard.packets.length} packets), wanted ${callerHears}`,
  );
}

/** R34: the newest ledger line of a DN comes to this outcome and reason. */
export async function ledgerSays(
  system: RunningSystem,
  dn: string,
  outcome: "recorded" | "partial" | "not-recorded",
  reason: RegExp | null,
): Promise<void> {
  let lines: LedgerRow[] = [];
  const found = await until(async () => {
    lines = await system.ledger(dn);
    const line = lines[0];
    if (line?.outcome !== outcome) return false;
    return reason === null ? line.reason === null : reason.test(line.reason ?? "");
  }, 6000);
  assert.ok(found, `newest ledger line of ${dn}: ${outcome} ${reason} wanted, there is ${JSON.stringify(lines[0])}`);
}

/** What the call of a DN says about its recording (R20): `On`, `Off`, `Paused`, or `absent` before the first start. */
export async function recordingState(system: RunningSystem, dn: string): Promise<string | undefined> {
  const { calls } = (await (await system.get(`${system.http("sip-server")}/api/v1/calls`)).json()) as {
    calls: { parties: { dn: string }[]; recording: { state: string } }[];
  };
  return calls.find((call) => call.parties.some((party) => party.dn === dn))?.recording.state;
}

/** How often SIP Server has raised its alarm about a call that should be recorded. */
export function alarms(system: RunningSystem): number {
  return system.output.split("a call that should be recorded is not").length - 1;
}
