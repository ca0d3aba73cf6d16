import {
  type ConfigMistake,
  formatMistake,
  type Loading,
  loadConfigInThread,
  type SidetoneConfig,
} from "@sidetone/config";
import type { Clock, Logger } from "@sidetone/foundation";
import type { DirectoryChange, NameChanges } from "./change.ts";
import type { Directory } from "./directory.ts";
import { type FileStamp, FileWatch } from "./file-watch.ts";
import { changeableOptions, restartOnly } from "./restart-only.ts";
import { contentOf } from "./snapshot.ts";

/** Mistakes that the log names; the command line shows all. */
const MISTAKES_LOGGED = 5;
/** Names of a change that the log shows. */
const NAMES_LOGGED = 10;
/** Reading may not take longer than this, ms. */
const PATIENCE_MS = 120_000;

export interface ReloadOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** As it was when SIP Server started, with the file that it came from. */
  readonly running: SidetoneConfig;
  readonly directory: Directory;
  /** Reads the file; default in a thread of its own. */
  readonly load?: typeof loadConfigInThread;
  readonly stamp?: FileStamp;
}

/** How often the file was read again, and with what result. */
export interface ReloadCounts {
  readonly taken: number;
  readonly refused: number;
}

/**
 * Reads the configuration file again when it changes, or when told to, and puts what may change into the directory. A file
 * with mistakes changes nothing.
 */
export class ConfigReload {
  readonly #o: ReloadOptions;
  readonly #watch: FileWatch;
  #loading: Loading | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;
  #taken = 0;
  #refused = 0;

  constructor(o: ReloadOptions) {
    this.#o = o;
    const stamp = o.stamp === undefined ? {} : { stamp: o.stamp };
    this.#watch = new FileWatch(o.running.file, { clock: o.clock, ...stamp, changed: () => void this.reload() });
  }

  counts(): ReloadCounts {
    return { taken: this.#taken, refused: this.#refused };
  }

  /** Reads the file now. While it is being read already it is read once more afterwards. */
  reload(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#untilSettled().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  close(): void {
    this.#closed = true;
    this.#watch.stop();
    this.#loading?.cancel();
  }

  async #untilSettled(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      await this.#once();
    }
  }

  async #once(): Promise<void> {
    const { running, directory, clock, load = loadConfigInThread } = this.#o;
    const kept = { dns: directory.dns(), agentLogins: directory.agentLogins(), applications: directory.applications() };
    await this.#watch.taken();
    if (this.#closed) return;
    const loading = load(running.file, kept);
    this.#loading = loading;
    const giveUp = clock.after(PATIENCE_MS, () => loading.cancel());
    const result = await loading.result;
    giveUp();
    this.#loading = undefined;
    if (this.#closed) return;
    if (result.ok) this.#take(result.value);
    else this.#refuse(result.error);
  }

  #take(next: SidetoneConfig): void {
    const { running, directory, log } = this.#o;
    const { file } = running;
    const section = next.sipServer;
    for (const warning of next.warnings ?? []) log.warn({ file, path: warning.path }, formatMistake(warning));
    const later = restartOnly(running, next);
    if (later.length > 0) {
      log.warn(
        { file, changed: later },
        `these changes of the configuration count from the next start: ${later.join(", ")}`,
      );
    }
    this.#taken += 1;
    if (section === undefined) return;
    const change = directory.replace({
      ...contentOf(section),
      options: changeableOptions(directory.options(), section.options),
    });
    log.info({ file, ...shown(change) }, "the configuration was read again");
  }

  #refuse(mistakes: readonly ConfigMistake[]): void {
    const { log, running } = this.#o;
    const { file } = running;
    this.#refused += 1;
    for (const mistake of mistakes.slice(0, MISTAKES_LOGGED)) {
      log.error({ file }, `the configuration is refused, the old one stays: ${formatMistake(mistake)}`);
    }
    const more = mistakes.length - MISTAKES_LOGGED;
    if (more > 0) log.error({ file, more }, `${more} more mistakes: sidetone check-config ${file} shows them`);
  }
}

function shown({ dns, agentLogins, applications, options }: DirectoryChange): Record<string, unknown> {
  return { dns: counted(dns), agentLogins: counted(agentLogins), applications: counted(applications), options };
}

function counted({ added, removed, changed }: NameChanges): Record<string, string> {
  return Object.fromEntries(
    Object.entries({ added, removed, changed })
      .filter(([, names]) => names.length > 0)
      .map(([what, names]) => [
        what,
        `${names.slice(0, NAMES_LOGGED).join(" ")}${names.length > NAMES_LOGGED ? ` and ${names.length - NAMES_LOGGED} more` : ""}`,
      ]),
  );
}
