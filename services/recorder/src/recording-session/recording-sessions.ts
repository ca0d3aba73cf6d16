import { type Clock, type Logger, type RandomBytes, SidetoneError, errorText, randomHex } from "@sidetone/foundation";
import {
  type EndLine,
  type Manifest,
  type PlainError,
  type WriterThread,
  closeUnfinished,
  systemFiles,
} from "@sidetone/recording-file";
import { type EndReason, type InviteSession, type ServerTransaction, type SipEndpoint, formatSdp } from "@sidetone/sip";
import { join } from "node:path";
import type { RecordingIndex, RecordingRow } from "../index/recording-row.ts";
import { otherCopy } from "../index/recording-sources.ts";
import { FAREWELL_MS, LINGER_MS } from "../limits.ts";
import type { MediaThread } from "../media/media-thread.ts";
import { finalRow } from "../store/final-row.ts";
import { knownRecording } from "../store/known-recording.ts";
import { readRow } from "../store/recording-files.ts";
import { within } from "../within.ts";
import { type ActiveRecording, idChoice, relationTo } from "./active-recording.ts";
import { manifestIn } from "./continued-recording.ts";
import { Halves } from "./halves.ts";
import { openRecording } from "./open-recording.ts";
import type { SrtpPolicy } from "./line-crypto.ts";
import { OfferGate } from "./offer-gate.ts";
import { endOf, quoted } from "./session-end.ts";
import { RecordingSession, type SessionContext } from "./recording-session.ts";
import { complaintsOf } from "./complaints.ts";
import { type SessionBody, readSessionBody } from "./session-body.ts";
import { partiesOfHeaders } from "./session-parties.ts";
import { type SessionIdentity, readIdentity, startOf } from "./session-request.ts";

/** Counters for metrics. */
export interface SessionCounts {
  readonly sessions: number;
  readonly recordings: number;
  readonly started: number;
  readonly refused: number;
  readonly ended: Readonly<Record<EndLine["state"], number>>;
}

/** Delay before a row is read again from its folder: the writer has had its round by then; ms. */
const ROW_DELAY_MS = 400;

/** All recording sessions of this recorder: takes INVITEs, finds or opens their recordings, ends them. */
export class RecordingSessions {
  readonly #root: string;
  readonly #sip: SipEndpoint;
  readonly #media: MediaThread;
  readonly #writer: WriterThread;
  readonly #index: RecordingIndex;
  readonly #rowOfCopy: (id: string) => Promise<RecordingRow | undefined>;
  readonly #clock: Clock;
  readonly #random: RandomBytes;
  readonly #log: Logger;
  readonly #context: SessionContext;
  readonly #gate: OfferGate;
  readonly #active = new Map<string, ActiveRecording>();
  readonly #byHandle = new Map<number, ActiveRecording>();
  readonly #byMedia = new Map<number, RecordingSession>();
  /** The last decision about an id: the next one waits for it. */
  readonly #turns = new Map<string, Promise<void>>();
  readonly #refreshing = new Set<ActiveRecording>();
  readonly #halves = new Halves();
  #started = 0;
  #refused = 0;
  readonly #ended = { complete: 0, partial: 0, failed: 0 };
  #draining = false;
  /** A thread is dead: nothing can be recorded. */
  #down = false;
  /** The farewell is over. */
  #hurried = false;

  constructor(o: {
    root: string;
    sip: SipEndpoint;
    media: MediaThread;
    writer: WriterThread;
    index: RecordingIndex;
    /** The row of one copy (R10), where the index shows it as part of a recording too. */
    rowOfCopy: (id: string) => Promise<RecordingRow | undefined>;
    clock: Clock;
    random: RandomBytes;
    log: Logger;
    advertise: string;
    srtp: SrtpPolicy;
  }) {
    this.#root = o.root;
    this.#sip = o.sip;
    this.#media = o.media;
    this.#writer = o.writer;
    this.#index = o.index;
    this.#rowOfCopy = o.rowOfCopy;
    this.#clock = o.clock;
    this.#random = o.random;
    this.#log = o.log;
    this.#gate = new OfferGate(o.srtp, o.log);
    this.#context = {
      clock: o.clock,
      log: o.log,
      media: o.media,
      advertise: o.advertise,
      srtp: o.srtp,
      random: o.random,
      onChange: (r) => this.changed(r),
    };
  }

  get draining(): boolean {
    return this.#draining;
  }

  counts(): SessionCounts {
    return {
      sessions: this.#byMedia.size,
      recordings: this.#active.size,
      started: this.#started,
      refused: this.#refused,
      ended: { ...this.#ended },
    };
  }

  /** The recording with an id, or the one that a session's streams belong to. */
  readonly recordingOf = (of: string | number): ActiveRecording | undefined =>
    typeof of === "string" ? this.#active.get(of) : this.#byMedia.get(of)?.recording;

  /** Takes an INVITE. */
  invite(tx: ServerTransaction): void {
    if (this.#draining || this.#down) {
      const reason = this.#draining ? "Shutting Down" : "Not Ready";
      tx.respond(503, { headers: [["Retry-After", "5"]], reason });
      return;
    }
    const body = readSessionBody(tx.request);
    if (!body.ok) {
      this.#refused += 1;
      tx.respond(body.error.status, { headers: body.error.headers });
      return;
    }
    const { offer, carried } = body.value;
    const unfit = this.#gate.refusal(offer, tx.flow.transport);
    if (unfit !== undefined) {
      this.#refused += 1;
      tx.respond(488, { headers: [["Warning", `305 sidetone "${unfit}"`]] });
      return;
    }
    // Whoever offers the session looks elsewhere where nobody says anything (R31); a folder may take longer to open.
    tx.respond(100);
    const identity = readIdentity(tx.request, carried?.metadata);
    const sip = this.#sip.accept(tx, { contactUser: "recorder", contactParams: [["+sip.srs", true]] });
    const id = identity.recordingId ?? this.#halves.idOf(identity.half, () => randomHex(this.#random, 16));
    const before = this.#turns.get(id) ?? Promise.resolve();
    const turn = before
      .then(() => this.#serve(sip, tx, id, identity, body.value))
      .catch((error: unknown) => this.#reject(sip, error, id));
    this.#turns.set(id, turn);
    void turn.then(() => {
      if (this.#turns.get(id) === turn) this.#turns.delete(id);
    });
  }

  /** The media thread: nobody sends to a session any more (R33). */
  silent(mediaId: number): void {
    const session = this.#byMedia.get(mediaId);
    if (session === undefined) return;
    session.warn("rtp-timeout", "no RTP and no RTCP came any more");
    this.#log.warn(
      { recordingId: session.recording.id, callId: session.sip.callId },
      "RTP timeout: the recording session is ended",
    );
    this.#leave(session, undefined, "partial", "rtp-timeout");
    // Nothing was lost: no other recorder is to go on with nothing.
    session.sip.terminate({ headers: [["Reason", 'SIP;cause=200;text="no RTP"']] });
  }

  /** The writer: a disk refused. */
  trouble(handle: number, error: PlainError): void {
    const recording = this.#byHandle.get(handle);
    this.#log.error(
      { recordingId: recording?.id, code: error.code, remedy: error.remedy },
      `storage: ${error.message}`,
    );
    if (recording !== undefined) this.changed(recording);
  }

  /**
   * The writer: a recording's disk has refused for too long, or its folder is gone. What comes from now on would be lost, and nobody would know:
   * BYE to its sessions.
   */
  lost(handle: number, error: PlainError): void {
    const recording = this.#byHandle.get(handle);
    if (recording === undefined || recording.ending !== undefined) return;
    this.#log.error({ recordingId: recording.id, code: error.code }, "nothing can be written: the recording is ended");
    const headers = [["Reason", `SIP;cause=500;text="${quoted(error.code.replaceAll("-", " "))}"`] as const];
    for (const session of Array.from(recording.sessions)) {
      this.#leave(session, undefined, "partial", error.message);
      session.sip.terminate({ headers });
    }
    if (recording.ending !== undefined) return;
    // Its first session is still being opened; it finds the end, and begins anew.
    recording.ending = "partial";
    this.#writer.send({ do: "end", handle, state: "partial", reason: error.message });
  }

  /** As `lost`, for all that is recorded: the disk does not answer. */
  lostAll(error: PlainError): void {
    for (const handle of Array.from(this.#byHandle.keys())) this.lost(handle, error);
  }

  /** The writer: a recording is closed. */
  async ended(handle: number, error: PlainError | undefined): Promise<void> {
    const recording = this.#byHandle.get(handle);
    if (recording === undefined) return;
    try {
      const folder = await readRow(this.#root, recording.folder);
      if (folder === undefined && error === undefined && recording.withdrawn) {
        this.#log.info(
          { recordingId: recording.id, callUuid: recording.callUuid },
          "a recording came to nothing: its client went elsewhere",
        );
        return await this.#index.remove(recording.id);
      }
      const row = finalRow(folder, folder === undefined ? await this.#index.get(recording.id) : undefined, error);
      const { durationMs, state } = row?.document ?? { durationMs: 0, state: "failed" as const };
      if (state !== "recording") this.#ended[state] += 1;
      this.#log.info({ recordingId: recording.id, callUuid: recording.callUuid, durationMs, state }, "recording ended");
      if (row !== undefined) await this.#index.put(row);
    } catch (thrown) {
      this.#log.error(
        { err: thrown, recordingId: recording.id },
        "the index did not take the end of a recording; it is rebuilt from its folder at the next start",
      );
    } finally {
      this.#byHandle.delete(handle);
      this.#active.delete(recording.id);
      this.#halves.ended(recording.id);
      recording.onEnded();
    }
  }

  /**
   * A thread died: BYE to every session, so that its client goes to another recorder (R31); every recording is closed and marked.
   * Until `restored` no session is taken. Resolves when the files and the index say so, or the writer has been told.
   */
  async abandon(error: PlainError, writerLives: boolean): Promise<void> {
    this.#down = true;
    const headers = [["Reason", `SIP;cause=503;text="${quoted(error.message)}"`] as const];
    for (const session of Array.from(this.#byMedia.values())) {
      this.#byMedia.delete(session.mediaId);
      session.recording.sessions.delete(session);
      session.sip.terminate({ headers });
    }
    for (const recording of Array.from(this.#active.values())) {
      const { handle, folder } = recording;
      recording.ending = "partial";
      if (writerLives) {
        const { code, message: text } = error;
        this.#writer.send({ do: "line", handle, line: { type: "warning", atMs: 0, code, text } });
        this.#writer.send({ do: "end", handle, state: "partial", reason: text });
        continue;
      }
      try {
        closeUnfinished(join(this.#root, folder), this.#clock.wallMicros(), systemFiles, error.message);
      } catch (thrown) {
        this.#log.error(
          { err: thrown, recordingId: recording.id },
          "a recording could not be closed; the next start will",
        );
      }
      await this.ended(handle, error);
    }
  }

  /** The threads live again. */
  restored(): void {
    this.#down = false;
  }

  /**
   * Takes no new sessions and lets the clients end theirs; then BYE to every session that is left, whose recording is closed and marked.
   * Resolves when that is on disk, at the latest after `timeoutMs`.
   */
  async close(timeoutMs: number): Promise<void> {
    this.#draining = true;
    const from = this.#clock.now();
    const leaving = Array.from(this.#byMedia.values(), ({ sip }) => {
      return new Promise<void>((resolve) => sip.on("ended", () => resolve()));
    });
    await within(this.#clock, FAREWELL_MS, Promise.all(leaving));
    this.#hurried = true;
    const byes = Array.from(this.#byMedia.values(), (session) => {
      // The call goes on: where another session goes on with it, the gap begins with the last audio.
      this.#leave(session, undefined, "partial", "the recorder stopped");
      return session.sip.bye({ headers: [["Reason", 'SIP;cause=503;text="the recorder stops"']] });
    });
    const done = [...byes, ...Array.from(this.#active.values(), (r) => r.ended)];
    await within(this.#clock, Math.max(0, timeoutMs - (this.#clock.now() - from)), Promise.allSettled(done));
  }

  async #serve(
    sip: InviteSession,
    tx: ServerTransaction,
    id: string,
    identity: SessionIdentity,
    body: SessionBody,
  ): Promise<void> {
    const recording = await this.#recordingFor(id, identity);
    const others = Array.from(recording.sessions);
    const { half } = identity;
    const beside =
      others.length > 0 &&
      others.every((s) =>
        half === undefined
          ? s.dn !== undefined && identity.dn !== undefined && s.dn !== identity.dn && s.streams === 1
          : s.half !== undefined && s.half.end !== half.end,
      );
    const channel = half === undefined ? (beside ? 1 : 0) : half.end === "near" ? 1 : 0;
    const session = new RecordingSession({
      sip,
      peer: tx.flow.remote.host,
      dn: identity.dn,
      half,
      recording,
      context: this.#context,
    });
    session.metadata = body.carried?.metadata;
    let answer: Awaited<ReturnType<RecordingSession["open"]>>;
    try {
      answer = await session.open(body.offer, channel, others.length > 0 && !beside);
      if (answer === undefined) throw new SidetoneError("not-acceptable", "no audio stream fits", { sip: 488 });
    } catch (error) {
      if (recording.sessions.size === 0) this.#finish(recording, session, undefined, "failed", errorText(error));
      throw error;
    }
    if (recording.ending !== undefined) {
      // It ended while the ports were opened.
      this.#media.send({ do: "close-session", session: session.mediaId, lingerMs: 0, end: undefined });
      return this.#serve(sip, tx, id, identity, body);
    }
    if (sip.state === "ended") {
      // Cancelled meanwhile: who records this goes on doing so.
      this.#withdraw(recording, session);
      return;
    }
    recording.sessions.add(session);
    this.#byMedia.set(session.mediaId, session);
    if (!beside) for (const old of others) this.#supersede(old);
    recording.epoch = Math.max(recording.epoch, identity.epoch ?? 0);
    this.#listen(session);
    this.#describe(session, tx, identity, body);
    this.#started += 1;
    sip.accept({ body: formatSdp(answer) });
    this.#log.info(
      { recordingId: recording.id, callUuid: identity.callUuid, connId: identity.connId, callId: sip.callId },
      "recording session accepted",
    );
  }

  #describe(session: RecordingSession, tx: ServerTransaction, identity: SessionIdentity, body: SessionBody): void {
    const { carried } = body;
    const { handle } = session.recording;
    const wallMicros = this.#clock.wallMicros();
    const epoch = identity.epoch ?? session.recording.epoch;
    this.#media.send({
      do: "note",
      handle,
      wallMicros,
      line: { type: "event", event: "session", atMs: 0, callId: session.sip.callId, epoch },
    });
    if (identity.refusedId !== undefined) {
      const text = `the id ${identity.refusedId} cannot be part of a URL; this recording has one of ours`;
      session.warn("id-not-usable", text);
      this.#log.warn({ recordingId: session.recording.id, callUuid: identity.callUuid }, text);
    }
    session.warnAll(complaintsOf(tx.request, body));
    session.metadata = undefined;
    session.take(carried);
    if ((carried?.metadata?.participants.length ?? 0) === 0)
      session.takeHeaderParties(partiesOfHeaders(tx.request, identity.half));
    session.noteStreams();
    const hint = startOf(carried?.metadata);
    if (hint !== undefined && !session.prepared) this.#media.send({ do: "hint", handle, micros: hint });
    this.changed(session.recording);
  }

  #rowOf(id: string): Promise<RecordingRow | undefined> {
    return knownRecording(this.#rowOfCopy, this.#root, id, this.#clock);
  }

  /** The recording that a session belongs to: one that runs, one that goes on, or a new one. */
  async #recordingFor(id: string, identity: SessionIdentity): Promise<ActiveRecording> {
    for (let n = 1; ; n++) {
      const choice = idChoice(id, identity.copy, n);
      const ending = this.#active.get(choice);
      if (ending?.ending !== undefined) await ending.ended;
      const active = this.#active.get(choice);
      const row = active === undefined ? await this.#rowOf(choice) : undefined;
      // The copies of a recording are those that the same choice of the id has: no other call may take one of them.
      if (active === undefined && row === undefined && (await this.#isOthers(otherCopy(choice), identity))) continue;
      if (active === undefined && row === undefined) return this.#open(choice, id, identity, undefined);
      const manifest = row === undefined ? undefined : await manifestIn(join(this.#root, row.folder));
      const known = active ?? { callUuid: row?.document.callUuid, epoch: manifest?.epoch ?? 0 };
      const relation = relationTo(known, identity);
      if (relation === "older-epoch") {
        throw new SidetoneError(
          "older-epoch",
          `epoch ${identity.epoch} of recording ${choice} is older than ${known.epoch}`,
          { sip: 403 },
        );
      }
      if (relation === "other-call") continue;
      return active ?? this.#open(choice, id, identity, row, manifest);
    }
  }

  async #isOthers(id: string, { callUuid }: SessionIdentity): Promise<boolean> {
    const known = this.#active.get(id) ?? (await this.#rowOf(id))?.document;
    return known !== undefined && known.callUuid !== callUuid;
  }

  async #open(
    id: string,
    asked: string,
    identity: SessionIdentity,
    row: RecordingRow | undefined,
    before?: Manifest,
  ): Promise<ActiveRecording> {
    const recording = await openRecording({
      id,
      asked,
      identity,
      row,
      before,
      writer: this.#writer,
      media: this.#media,
      clock: this.#clock,
      log: this.#log,
    });
    this.#active.set(id, recording);
    this.#byHandle.set(recording.handle, recording);
    const first = await readRow(this.#root, recording.folder);
    if (first !== undefined)
      await this.#index
        .put(first)
        .catch((error: unknown) =>
          this.#log.error({ err: error, recordingId: id }, "the index did not take a new recording"),
        );
    return recording;
  }

  #listen(session: RecordingSession): void {
    const { sip } = session;
    const change = (incoming: Parameters<RecordingSession["change"]>[0]): void => {
      void session.change(incoming);
    };
    sip.on("reinvite", change);
    sip.on("update", change);
    sip.on("bodyUpdate", change);
    sip.on("request", (incoming) => {
      if (incoming.request.method !== "INFO") {
        return incoming.respond(405, { headers: [["Allow", this.#sip.allow.join(", ")]] });
      }
      const body = readSessionBody(incoming.request);
      if (body.ok) session.take(body.value.carried);
      session.takeHeaders(incoming.request);
      return incoming.respond(200);
    });
    sip.on("cancelled", () => this.#leave(session, undefined, "failed", "cancelled", true));
    sip.on("ended", (reason) => this.#sipEnded(session, reason));
  }

  #sipEnded(session: RecordingSession, reason: EndReason): void {
    const { request } = reason;
    if (request?.method === "BYE") {
      session.takeHeaders(request);
      const body = readSessionBody(request);
      if (body.ok) session.take(body.value.carried);
    }
    const end = endOf(reason);
    if (end.warning !== undefined) session.warn(end.warning, end.text);
    this.#leave(
      session,
      end.state === "complete" ? this.#clock.wallMicros() : undefined,
      end.state,
      end.text,
      end.withdrawn,
    );
  }

  /** R30: a session of a newer epoch has taken over. */
  #supersede(session: RecordingSession): void {
    session.superseded = true;
    this.#byMedia.delete(session.mediaId);
    session.recording.sessions.delete(session);
    this.#media.send({ do: "close-session", session: session.mediaId, lingerMs: LINGER_MS, end: undefined });
    session.sip.terminate({ headers: [["Reason", 'SIP;cause=200;text="a newer session has taken over"']] });
  }

  /** A session ends; with its last one the recording ends. */
  #leave(
    session: RecordingSession,
    byeMicros: number | undefined,
    state: EndLine["state"],
    reason: string,
    withdrawn = false,
  ): void {
    if (session.superseded || !this.#byMedia.delete(session.mediaId)) return;
    const { recording } = session;
    recording.sessions.delete(session);
    if (recording.sessions.size > 0) {
      this.#media.send({ do: "close-session", session: session.mediaId, lingerMs: LINGER_MS, end: undefined });
      return;
    }
    recording.withdrawn = withdrawn;
    this.#finish(recording, session, byeMicros, state, reason);
  }

  /** A session was cancelled before it was one of its recording's. */
  #withdraw(recording: ActiveRecording, session: RecordingSession): void {
    if (recording.sessions.size > 0) {
      this.#media.send({ do: "close-session", session: session.mediaId, lingerMs: 0, end: undefined });
      return;
    }
    recording.withdrawn = true;
    this.#finish(recording, session, undefined, "failed", "cancelled");
  }

  #finish(
    recording: ActiveRecording,
    session: RecordingSession,
    byeMicros: number | undefined,
    wanted: EndLine["state"],
    reason: string,
  ): void {
    if (recording.ending !== undefined) return;
    // What is there of a recording is not undone by a session that came to nothing.
    const lessens = (recording.beheaded && wanted === "complete") || (recording.continued && wanted === "failed");
    const state = lessens ? "partial" : wanted;
    recording.ending = state;
    if (session.prepared) session.neverBegan();
    if (this.#down) {
      this.#writer.send({ do: "end", handle: recording.handle, state: "failed", reason });
      return;
    }
    const lingerMs = this.#hurried ? 0 : LINGER_MS;
    this.#media.send({
      do: "close-session",
      session: session.mediaId,
      handle: recording.handle,
      lingerMs,
      end: {
        byeMicros: session.prepared ? undefined : byeMicros,
        state,
        reason,
        withdrawn: recording.withdrawn && !recording.continued && !recording.beheaded,
      },
    });
  }

  #reject(sip: InviteSession, error: unknown, id: string): void {
    this.#refused += 1;
    const status = error instanceof SidetoneError ? (error.sip ?? 500) : 500;
    this.#log.warn({ err: error, recordingId: id, callId: sip.callId, status }, "recording session refused");
    if (sip.state === "ended") return;
    const retry: [string, string][] = status === 503 ? [["Retry-After", "5"]] : [];
    sip.reject(status, { headers: [...retry, ["Warning", `399 sidetone "${quoted(errorText(error))}"`]] });
  }

  /** Its lines have changed: its row is read again. */
  changed(recording: ActiveRecording): void {
    if (this.#refreshing.has(recording)) return;
    this.#refreshing.add(recording);
    this.#clock.after(ROW_DELAY_MS, () => {
      this.#refreshing.delete(recording);
      if (!this.#active.has(recording.id) || recording.ending !== undefined) return;
      void readRow(this.#root, recording.folder)
        .then((row) => (row === undefined || recording.ending !== undefined ? undefined : this.#index.put(row)))
        .catch((error: unknown) =>
          this.#log.warn({ err: error, recordingId: recording.id }, "the index did not take a change"),
        );
    });
  }
}
