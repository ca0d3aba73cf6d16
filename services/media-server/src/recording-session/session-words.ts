import type { InviteOptions, RequestOptions } from "@sidetone/sip";
import { EPOCHS_PER_START } from "../limits.ts";
import { changeHeaders, wordsOf } from "./change-headers.ts";
import { type RecordingFacts, sourcesOf, type StreamSource } from "./facts.ts";
import { inviteHeaders, type PlacementWish, siprecHeaders } from "./invite-headers.ts";
import { metadataOf } from "./metadata.ts";
import type { SessionProfile } from "./profile.ts";
import type { InviteWay } from "./recording-invite.ts";
import { type OfferedStream, recordingOffer } from "./sdp.ts";
import { sessionBody } from "./session-body.ts";
import type { SessionTaps } from "./taps.ts";
import { type RecordingTarget, type SessionOf, targetOf } from "./target.ts";

/** What a session's words are made of. */
export interface SessionWordsOptions {
  readonly profile: SessionProfile;
  /** 1, or 2 for the duplicate (R10). */
  readonly copy: number;
  /** Of the `start`. */
  readonly epoch: number;
  readonly party: SessionOf["party"];
  readonly facts: () => RecordingFacts;
  readonly taps: SessionTaps;
  /** Digits; the `o=` line's session id. */
  readonly sdpId: string;
}

type Body = Required<Pick<RequestOptions, "body" | "contentType">>;

/** What one recording session says to its recorder, in the protocol of its profile. */
export class SessionWords {
  readonly #o: SessionWordsOptions;
  #version = 0;
  #switches = 0;
  /** Where the last INVITE went. */
  #way: InviteWay = { manager: "", redirectedTo: undefined, plain: false };
  /** What a recorder without metadata knows by name. */
  #told: ReadonlyMap<string, string> = new Map();

  constructor(options: SessionWordsOptions) {
    this.#o = options;
  }

  /** RFC 7866; else a recorder that reads the Request-URI only. */
  get siprec(): boolean {
    return this.#o.profile.protocol === "siprec";
  }

  /** How often another recorder was looked for. */
  get switches(): number {
    return this.#switches;
  }

  /** Another recorder is looked for: what it is told is a newer session. */
  switched(): void {
    this.#switches += 1;
  }

  /** What events call the destination. */
  get destination(): string {
    return this.#target().destination;
  }

  /** What goes into each stream of this session, by label. */
  sources(): ReadonlyMap<string, StreamSource> {
    const all = sourcesOf(this.#o.facts());
    const label = this.#o.party?.label;
    return label === undefined ? all : new Map(Array.from(all).filter(([one]) => one === label));
  }

  /** The streams that are offered. */
  streams(): OfferedStream[] {
    return this.#o.taps.streams(this.sources());
  }

  /** The INVITE, but for its From. */
  invite(way: InviteWay, wish: PlacementWish, paused: boolean): Omit<InviteOptions, "from"> {
    this.#way = way;
    this.#version += 1;
    this.#told = this.#words();
    const { requestUri, nextHop } = this.#target();
    return {
      uri: requestUri,
      to: { uri: nextHop },
      ...(this.siprec ? { contactParams: [["+sip.src", true]] as const } : {}),
      headers: inviteHeaders(wish, this.siprec ? siprecHeaders : []),
      ...this.body(paused),
    };
  }

  /** A re-INVITE that tells everything as it is now; `taken` is to be called when the recorder has agreed. */
  reoffer(paused: boolean): { readonly options: RequestOptions; readonly taken: () => void } {
    this.#version += 1;
    const words = this.#words();
    const headers = this.siprec ? siprecHeaders : changeHeaders(this.#told, words);
    const taken = (): void => {
      this.#told = words;
    };
    return { options: { ...this.body(paused), headers }, taken };
  }

  /** RFC 7866 9.1: SDP and complete metadata in one multipart body; without metadata the SDP. */
  body(paused: boolean): Body {
    const labels = this.streams().map(({ label }) => label);
    const metadata = this.siprec ? metadataOf(this.#o.facts(), labels, this.#of()) : undefined;
    return sessionBody(this.sdp(paused), metadata, this.#o.sdpId);
  }

  /** The offer as it was made last. */
  sdp(paused: boolean): string {
    const { taps, sdpId, profile } = this.#o;
    const identity = { address: taps.address, sessionId: sdpId, version: this.#version };
    return recordingOffer(identity, this.streams(), paused, profile.codecs);
  }

  /** What BYE tells a recorder without metadata (R18). */
  byeHeaders(): [string, string][] {
    return this.siprec ? [] : changeHeaders(this.#told, this.#words());
  }

  #words(): ReadonlyMap<string, string> {
    return wordsOf(this.#o.facts(), this.#of());
  }

  #of(): SessionOf {
    const { copy, epoch, party } = this.#o;
    // R30: whatever this Media Server does with a recording that another one has taken over, it is older.
    const first = (epoch - 1) * EPOCHS_PER_START + 1;
    return { copy, epoch: first + Math.min(this.#switches, EPOCHS_PER_START - 1), party };
  }

  #target(): RecordingTarget {
    return targetOf(this.#o.facts(), this.#of(), { ...this.#way, transport: this.#o.profile.transport });
  }
}
