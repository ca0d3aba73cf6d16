import { type Logger, SidetoneError } from "@sidetone/foundation";
import { dialogExit, dialogRef, type MsmlEvent, type playEnds } from "@sidetone/msml";
import type { ControlEffect } from "../control/index.ts";
import type { MediaEngine } from "../media/index.ts";
import type { PromptLibrary } from "../prompts/index.ts";
import type { ControlStore } from "./control-store.ts";

/** What dialogs are given. */
export interface DialogsOptions {
  readonly log: Logger;
  readonly engine: MediaEngine;
  readonly prompts: Pick<PromptLibrary, "load">;
  readonly store: ControlStore;
  /** The engine's number of a connection's leg; undefined where it is gone. */
  readonly engineLeg: (tag: string) => number | undefined;
  /** Tells whoever controls the connection. */
  readonly event: (tag: string, event: MsmlEvent) => void;
}

type PlayEffect = Extract<ControlEffect, { kind: "play" }>;

/** The plays that run, by the engine's number, and how they end (RFC 5707 9.6). */
export class Dialogs {
  readonly #o: DialogsOptions;
  readonly #plays = new Map<number, { readonly tag: string; readonly dialog: string }>();
  readonly #unlisten: readonly (() => void)[];

  constructor(options: DialogsOptions) {
    this.#o = options;
    this.#unlisten = [
      options.engine.on("played", (play, ms) => this.#over(play, ms, "play.complete")),
      options.engine.on("play-timeout", (play, ms) => this.#over(play, ms, "play.terminated")),
    ];
  }

  get count(): number {
    return this.#plays.size;
  }

  /** Rejects where a file cannot be played, or the engine does not; the connection then has no dialog. */
  async play({ tag, dialog, files, play }: PlayEffect): Promise<void> {
    const { engine, prompts, store, engineLeg, log } = this.#o;
    try {
      const audio = await Promise.all(files.map((file) => prompts.load(file)));
      const leg = engineLeg(tag);
      if (leg === undefined) throw new SidetoneError("unknown-leg", `conn:${tag} has ended`);
      // Ended while its files were read.
      if (store.connection(tag)?.dialog !== dialog) return;
      const { iterate: iterations, intervalMs, maxTimeMs, capture } = play;
      const most = maxTimeMs === undefined ? {} : { maxTimeMs };
      const id = await engine.play(leg, { audio, iterations, intervalMs, ...most, capture });
      this.#plays.set(id, { tag, dialog });
      log.info({ conn: tag, dialog, files, capture }, "playing");
    } catch (error) {
      store.endDialog(tag, dialog);
      throw error;
    }
  }

  /** `dialogend`: RFC 5707 9.6.2 has its exit told as well. */
  async end(tag: string, dialog: string): Promise<void> {
    for (const [play, own] of this.#plays) {
      if (own.tag !== tag || own.dialog !== dialog) continue;
      const ms = await this.#o.engine.stopPlay(play);
      // It came to its end meanwhile, and has told so.
      if (this.#plays.has(play)) this.#over(play, ms ?? 0, "play.terminated");
      return;
    }
  }

  /** The connection has ended, and what was played to it. */
  forget(tag: string): void {
    for (const [play, own] of Array.from(this.#plays)) if (own.tag === tag) this.#plays.delete(play);
  }

  close(): void {
    for (const off of this.#unlisten) off();
  }

  #over(play: number, ms: number, end: (typeof playEnds)[number]): void {
    const own = this.#plays.get(play);
    if (own === undefined) return;
    this.#plays.delete(play);
    const { tag, dialog } = own;
    this.#o.store.endDialog(tag, dialog);
    this.#o.log.info({ conn: tag, dialog, ms, end }, "play ended");
    const values = [
      ["play.amt", `${ms}ms`],
      ["play.end", end],
    ] as const;
    this.#o.event(tag, { name: dialogExit, id: dialogRef(tag, dialog), values });
  }
}
