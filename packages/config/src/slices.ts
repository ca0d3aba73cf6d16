import type { ConfigMistake } from "./mistake.ts";
import type { AgentLoginConfig, ApplicationConfig, DnConfig, SidetoneConfig } from "./types.ts";

/** Entries that cross from the thread at once: taking them over keeps the receiver from its work for a few ms. */
export const sliceSize = 250;

/** One entry of a large map of the configuration. */
export type Entry =
  | { readonly kind: "dn"; readonly name: string; readonly value: DnConfig }
  | { readonly kind: "agent-login"; readonly name: string; readonly value: AgentLoginConfig }
  | { readonly kind: "application"; readonly name: string; readonly value: ApplicationConfig };

/** What the loading thread says: mistakes, or the configuration without its large maps, whose slices come when asked for. */
export type FromLoader =
  | { readonly kind: "refused"; readonly mistakes: readonly ConfigMistake[] }
  | { readonly kind: "head"; readonly config: SidetoneConfig }
  | { readonly kind: "slice"; readonly entries: readonly Entry[] };

/** What it is asked. */
export type ToLoader = "next";

/** The configuration without its large maps, and their entries in order. */
export function takenApart(config: SidetoneConfig): { readonly head: SidetoneConfig; readonly entries: Entry[] } {
  const { sipServer } = config;
  if (sipServer === undefined) return { head: config, entries: [] };
  const entries: Entry[] = [];
  for (const [name, value] of sipServer.dns) entries.push({ kind: "dn", name, value });
  for (const [name, value] of sipServer.agentLogins ?? []) entries.push({ kind: "agent-login", name, value });
  for (const [name, value] of sipServer.applications ?? []) entries.push({ kind: "application", name, value });
  const none = {
    dns: new Map<string, never>(),
    agentLogins: new Map<string, never>(),
    applications: new Map<string, never>(),
  };
  return { head: { ...config, sipServer: { ...sipServer, ...none } }, entries };
}
