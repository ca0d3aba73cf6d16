import { type Storage, queries } from "../storage/storage.ts";
import type { RegistrationRow } from "../storage/schema.ts";
import type { Binding } from "./types.ts";

/** Puts a DN's bindings in the place of those on the disk. */
export async function saveBindings(storage: Storage, dn: string, bindings: readonly Binding[]): Promise<void> {
  const remove = queries.deleteFrom("registrations").where("dn", "=", dn);
  if (bindings.length === 0) await storage.write(remove);
  else await storage.write(remove, queries.insertInto("registrations").values(bindings.map(row)));
}

/** The bindings on the disk that have not run out, of DNs that still exist. */
export async function loadBindings(
  storage: Storage,
  nowMicros: number,
  dns: { has(dn: string): boolean },
): Promise<Map<string, readonly Binding[]>> {
  const rows = await storage.read<RegistrationRow>(
    queries
      .selectFrom("registrations")
      .selectAll()
      .where("expires_at", ">", nowMicros)
      .orderBy("dn")
      .orderBy("position"),
  );
  const loaded = new Map<string, Binding[]>();
  for (const stored of rows) {
    if (!dns.has(stored.dn)) continue;
    const bindings = loaded.get(stored.dn) ?? [];
    loaded.set(stored.dn, bindings);
    bindings.push(binding(stored));
  }
  return loaded;
}

function row(b: Binding, position: number): RegistrationRow {
  return {
    dn: b.dn,
    position,
    uri: b.uri,
    params: b.params,
    display_name: b.displayName ?? null,
    q: b.q,
    expires_at: b.expiresAt,
    call_id: b.callId,
    cseq: b.cseq,
    instance: b.instance ?? null,
    reg_id: b.regId ?? null,
    user_agent: b.userAgent ?? null,
    transport: b.source.transport,
    remote_host: b.source.remoteHost,
    remote_port: b.source.remotePort,
    symmetric: b.source.symmetric ? 1 : 0,
  };
}

function binding(r: RegistrationRow): Binding {
  return {
    dn: r.dn,
    uri: r.uri,
    displayName: r.display_name ?? undefined,
    params: r.params,
    q: r.q,
    expiresAt: r.expires_at,
    callId: r.call_id,
    cseq: r.cseq,
    instance: r.instance ?? undefined,
    regId: r.reg_id ?? undefined,
    userAgent: r.user_agent ?? undefined,
    source: {
      transport: r.transport === "tcp" ? "tcp" : "udp",
      remoteHost: r.remote_host,
      remotePort: r.remote_port,
      symmetric: r.symmetric === 1,
      flow: undefined,
    },
  };
}
