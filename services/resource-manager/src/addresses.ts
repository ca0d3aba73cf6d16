import type { HostPort } from "@sidetone/sip";

/** Every `host:port` that others may write for us: a wildcard stands for each address of the machine. */
export function ownAddresses(bound: readonly HostPort[], machine: readonly string[]): HostPort[] {
  return bound.flatMap(({ host, port }) =>
    host === "0.0.0.0" || host === "::" ? machine.map((own) => ({ host: own, port })) : [{ host, port }],
  );
}
