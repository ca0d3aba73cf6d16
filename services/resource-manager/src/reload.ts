import { formatMistake, type loadConfigInThread, type ResourceManagerConfig } from "@sidetone/config";
import type { Clock, Logger } from "@sidetone/foundation";
import type { Pool } from "./groups/pool.ts";
import type { Resource } from "./groups/resource.ts";
import type { ResourceNews } from "./news.ts";

export interface ReloadOptions {
  /** The configuration's file. */
  readonly file: string;
  readonly pool: Pool;
  readonly news: ResourceNews;
  readonly clock: Clock;
  readonly log: Logger;
  readonly load: typeof loadConfigInThread;
}

/**
 * Reads the file again when told to: which resources are `withdrawn`. Anything else counts from the next start; a file with a mistake
 * changes nothing, and a line that did not change leaves alone what was said by command.
 */
export class WithdrawalReload {
  readonly #o: ReloadOptions;
  /** What the file said last. */
  readonly #said = new Map<Resource, boolean>();

  constructor(o: ReloadOptions) {
    this.#o = o;
    for (const { config, resources } of o.pool.groups) {
      for (const r of resources) this.#said.set(r, saidOf([config], r) === true);
    }
  }

  async reload(): Promise<void> {
    const { file, pool, log, load } = this.#o;
    const result = await load(file).result;
    if (!result.ok) {
      for (const mistake of result.error)
        log.error({ file }, `the configuration is refused: ${formatMistake(mistake)}`);
      return;
    }
    const groups = result.value.resourceManager?.groups ?? [];
    for (const resource of pool.resources) this.#take(resource, saidOf(groups, resource));
  }

  #take(resource: Resource, withdrawn: boolean | undefined): void {
    if (withdrawn === undefined || withdrawn === this.#said.get(resource)) return;
    const { file, clock, log, news } = this.#o;
    this.#said.set(resource, withdrawn);
    resource.withdraw(withdrawn, clock.now());
    news.check(resource);
    log.info(
      { file, group: resource.group, resource: resource.address, withdrawn },
      "the configuration was read again",
    );
  }
}

function saidOf(groups: ResourceManagerConfig["groups"], r: Resource): boolean | undefined {
  return groups.find((g) => g.name === r.group)?.resources.find((c) => c.address === r.address)?.withdrawn;
}
