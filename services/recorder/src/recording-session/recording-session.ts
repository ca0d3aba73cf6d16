import type { Cancel, Clock, Logger, RandomBytes } from "@sidetone/foundation";
import {
  type IncomingRequest,
  type InviteSession,
  type Sdp,
  type SdpIdentity,
  type SipRequest,
  formatSdp,
  parseSdp,
} from "@sidetone/sip";
import { parseIpv4 } from "@sidetone/rtp";
import {
  type RecordingMetadata,
  hasUnknownReferences,
  mergeMetadata,
  metadataContentType,
  metadataDisposition,
  writeSnapshotRequest,
} from "@sidetone/siprec";
import { storedMetadata } from "../index/row-of-folder.ts";
import { MAX_METADATA_DOCUMENTS, MAX_SESSION_WARNINGS, RESUME_HINT_MS, SNAPSHOT_INTERVAL_MS } from "../limits.ts";
import type { LaneSpec } from "../media/media-protocol.ts";
import type { MediaThread } from "../media/media-thread.ts";
import type { NoteLine } from "../media/recording-media.ts";
import type { ActiveRecording } from "./active-recording.ts";
import { type OfferedLine, answerOffer, ownOffer, readOffer } from "./answer.ts";
import { type Channel, channelsOf } from "./channels.ts";
import { offerComplaints } from "./complaints.ts";
import { foreignParameters } from "./foreign-parameters.ts";
import { AnswerKeys, type SrtpPolicy, srtpOf } from "./line-crypto.ts";
import { type CarriedMetadata, type Complaint, readSessionBody } from "./session-body.ts";
import { type HeaderParties, streamName } from "./session-parties.ts";
import { type CallHalf, carriedHeaders, startOf } from "./session-request.ts";
import { type SnapshotNeed, needAfter, requestDue, wholeMetadata } from "./snapshot-need.ts";

/** What a session needs around it. */
export interface SessionContext {
  readonly clock: Clock;
  readonly log: Logger;
  readonly media: MediaThread;
  /** Address in our SDP. */
  readonly advertise: string;
  readonly srtp: SrtpPolicy;
  /** For SRTP keys. */
  readonly random: RandomBytes;
  /** The recording's lines have changed: its row is to be read again. */
  onChange(recording: ActiveRecording): void;
}

const NOT_OFFERED: OfferedLine = {
  index: 0,
  taken: true,
  codecs: [],
  payloads: [
    [0, "pcmu"],
    [8, "pcma"],
    [101, "keys"],
  ],
  remote: undefined,
  paused: false,
  label: undefined,
};

/** One recording session: a dialog, its streams, and the recording that they belong to. */
export class RecordingSession {
  readonly mediaId: number;
  readonly dn: string | undefined;
  /** It is one of two sessions that a Cisco phone's call is recorded in. */
  readonly half: CallHalf | undefined;
  readonly sip: InviteSession;
  readonly recording: ActiveRecording;
  metadata: RecordingMetadata | undefined;
  /** Taken over by a newer one: its end is not the recording's. */
  superseded = false;
  /** Paused since the recording's beginning: its time zero is the first resume. */
  prepared = false;
  readonly #context: SessionContext;
  readonly #peerIp: number | undefined;
  readonly #identity: { readonly sessionId: number; version: number };
  /** Index of the stream in the media thread, by index of its m-line. */
  readonly #lanes = new Map<number, number>();
  readonly #ports = new Map<number, number>();
  readonly #channels = new Map<number, Channel>();
  /** Name of the stream of an m-line, as its label or place says. */
  readonly #names = new Map<number, string>();
  /** Streams that were ever opened. */
  #opened = 0;
  readonly #warned = new Set<string>();
  readonly #keys: AnswerKeys;
  #documents = 0;
  #paused = false;
  #last: Sdp | undefined;
  #need: SnapshotNeed = wholeMetadata;
  #settled = false;
  #contentType: string = metadataContentType;
  #asking: Cancel | undefined;

  constructor(o: {
    sip: InviteSession;
    peer: string;
    dn: string | undefined;
    half?: CallHalf | undefined;
    recording: ActiveRecording;
    context: SessionContext;
  }) {
    this.sip = o.sip;
    this.dn = o.dn;
    this.half = o.half;
    this.recording = o.recording;
    this.#context = o.context;
    this.#keys = new AnswerKeys(o.context.random);
    this.#peerIp = parseIpv4(o.peer);
    this.mediaId = o.context.media.newSession();
    this.#identity = { sessionId: Math.floor(o.context.clock.wallMicros() / 1000), version: 1 };
  }

  /**
   * Opens the streams of an INVITE; resolves with our SDP, `undefined` where no stream fits. Rejects where there are no ports.
   * @param takesOver the sessions that the recording has are closed next (R30)
   */
  async open(offer: Sdp | undefined, firstChannel: 0 | 1, takesOver: boolean): Promise<Sdp | undefined> {
    this.sip.on("ended", () => this.#asking?.());
    this.sip.on("acked", () => {
      this.#settled = true;
      this.#askIfDue();
    });
    if (offer === undefined) {
      this.#channels.set(0, firstChannel);
      this.#names.set(0, this.half?.end ?? streamName(undefined, 0));
      await this.#openFirst([NOT_OFFERED], takesOver);
      const crypto = this.#context.srtp === "required" ? this.#keys.offered() : [];
      this.#last = ownOffer(this.#ports.get(0) ?? 0, this.#sdpIdentity(), crypto);
      this.sip.on("acked", (ack) => this.#answered(ack));
      return this.#last;
    }
    const lines = readOffer(offer, this.#context.srtp);
    if (!lines.some((l) => l.taken)) return undefined;
    this.#assignChannels(lines, firstChannel, false);
    this.#paused = lines.every((l) => !l.taken || l.paused);
    this.prepared = this.#paused && !this.recording.continued && this.recording.sessions.size === 0;
    await this.#openFirst(lines, takesOver);
    if (this.#paused && !this.prepared) this.#note({ type: "event", event: "pause", atMs: 0 });
    this.#last = answerOffer(offer, lines, this.#ports, this.#sdpIdentity(), this.#keys);
    return this.#last;
  }

  /** Streams of this session. */
  get streams(): number {
    return this.#lanes.size;
  }

  /** Keeps a metadata document, whatever it is. */
  take(carried: CarriedMetadata | undefined): void {
    if (carried === undefined) return;
    for (const { code, text } of carried.warnings) this.warn(code, text);
    const { metadata } = carried;
    const known = this.metadata;
    this.#contentType = carried.contentType;
    if (metadata !== undefined) this.metadata = mergeMetadata(known, metadata);
    const dangling = this.metadata !== undefined && hasUnknownReferences(this.metadata);
    const mode = metadata?.dataMode ?? "unreadable";
    this.#need = needAfter(this.#need, { kind: "document", mode, dangling }, known === undefined);
    if (this.#need.lost !== undefined && mode === "partial" && known === undefined)
      this.warn("metadata-partial-without-snapshot", "the first document was a partial one");
    this.#askIfDue();
    this.#keep(carried.raw, carried.contentType, metadata === undefined ? undefined : this.metadata);
  }

  /** Keeps who is in the session by the headers of its INVITE, which brought no metadata. */
  takeHeaderParties(parties: HeaderParties | undefined): void {
    if (parties === undefined) return;
    this.#keep(parties.raw, "message/sipfrag", parties.metadata);
  }

  /** Writes what is odd into the manifest, each thing once. */
  warn(code: string, text: string): void {
    const key = `${code} ${text}`;
    if (this.#warned.has(key) || this.#warned.size >= MAX_SESSION_WARNINGS) return;
    this.#warned.add(key);
    this.#note({ type: "warning", atMs: 0, code, text });
  }

  warnAll(complaints: readonly Complaint[]): void {
    for (const { code, text } of complaints) this.warn(code, text);
  }

  /** Writes which stream is on which channel: who is heard where is found by it. */
  noteStreams(): void {
    const streams = Array.from(this.#lanes.keys(), (index) => {
      const channel = this.#channels.get(index);
      return {
        stream: this.#names.get(index) ?? streamName(undefined, index),
        channel: channel === undefined ? "none" : channel === 0 ? "left" : "right",
      };
    });
    this.#note({ type: "event", event: "streams", atMs: 0, streams });
    for (const { stream, channel } of streams)
      if (channel === "none") this.warn("mixed-stream", `stream ${stream} is a mix of the others and is not recorded`);
  }

  #keep(raw: string, contentType: string, metadata: RecordingMetadata | undefined): void {
    this.#documents += 1;
    if (this.#documents > MAX_METADATA_DOCUMENTS) return;
    const document = metadata === undefined ? null : storedMetadata(metadata);
    this.#note({ type: "metadata", atMs: 0, contentType, raw, document });
    if (this.#documents > 1 && metadata !== undefined && metadata.call === undefined) {
      const values = foreignParameters(metadata);
      if (Object.keys(values).length > 0) this.#note({ type: "parameters", atMs: 0, values });
    }
    this.#context.onChange(this.recording);
  }

  /** RFC 7866 9.2: UPDATE with a snapshot request, where the client allows UPDATE and something is missing. */
  #askIfDue(): void {
    const { clock, log } = this.#context;
    const due = requestDue(this.#need, clock.now());
    const { remoteAllow } = this.sip;
    if (!this.#settled || this.sip.state === "ended" || (remoteAllow.size > 0 && !remoteAllow.has("UPDATE"))) return;
    this.#asking ??=
      this.#need.lost === undefined ? undefined : clock.every(SNAPSHOT_INTERVAL_MS, () => this.#askIfDue());
    if (this.#need.lost === undefined) {
      this.#asking?.();
      this.#asking = undefined;
    }
    if (due === undefined) return;
    this.#need = due.need;
    log.info(
      { recordingId: this.recording.id, callId: this.sip.callId },
      `asks for a metadata snapshot: ${due.reason}`,
    );
    const headers = [
      ["Require", "siprec"],
      ["Accept", "application/sdp, application/rs-metadata+xml, application/rs-metadata"],
      ["Content-Disposition", metadataDisposition],
    ] as const;
    this.sip
      .update({ headers, contentType: this.#contentType, body: writeSnapshotRequest(due.reason) })
      .then(({ status }) => {
        // 491 and 5xx pass; everything else says that it will not be had.
        if (status >= 400 && status < 500 && status !== 491)
          this.#need = needAfter(this.#need, { kind: "refused" }, false);
      })
      .catch((error: unknown) =>
        log.debug({ err: error, callId: this.sip.callId }, "no snapshot request could be sent"),
      );
  }

  /** Parameters that came as headers: on re-INVITE and BYE of profile `request-uri`. */
  takeHeaders(request: SipRequest): void {
    const values = carriedHeaders(request);
    if (Object.keys(values).length > 0) this.#note({ type: "parameters", atMs: 0, values });
  }

  /** A re-INVITE or UPDATE: new SDP, new metadata, both or neither. */
  async change(incoming: IncomingRequest): Promise<void> {
    const { request } = incoming;
    const body = readSessionBody(request);
    if (!body.ok) {
      this.warn("bad-body", body.error.text);
      incoming.respond(body.error.status, { headers: body.error.headers });
      return;
    }
    this.take(body.value.carried);
    this.warnAll([...body.value.warnings, ...offerComplaints(body.value, this.metadata)]);
    this.takeHeaders(request);
    const { offer } = body.value;
    if (offer === undefined) {
      // RFC 3261 14.2: a re-INVITE without an offer gets ours, and answers it in its ACK.
      incoming.onAck = (ack) => this.#answered(ack);
      const repeated = request.method === "INVITE" && this.#last !== undefined ? { body: formatSdp(this.#last) } : {};
      incoming.respond(200, repeated);
      return;
    }
    try {
      const answer = await this.#reoffer(offer);
      incoming.respond(200, { body: formatSdp(answer) });
    } catch (error) {
      this.#context.log.warn(
        { err: error, recordingId: this.recording.id },
        "a change of the recording session could not be served",
      );
      incoming.respond(503, { headers: [["Retry-After", "1"]] });
    }
  }

  async #reoffer(offer: Sdp): Promise<Sdp> {
    const { clock, media } = this.#context;
    const lines = readOffer(offer, this.#context.srtp);
    const atMicros = clock.wallMicros();
    this.#giveUpRenamed(lines, atMicros);
    for (const line of lines) {
      const index = this.#lanes.get(line.index);
      // Port 0 ends a stream; it stays in its place and may come back.
      if (index !== undefined)
        media.send({ do: "update-lane", session: this.mediaId, index, atMicros, lane: this.#spec(line) });
    }
    const fresh = lines.filter((l) => l.taken && !this.#lanes.has(l.index));
    if (fresh.length > 0) {
      this.#assignChannels(lines, 0, true);
      await this.#openLanes(fresh, (specs) => this.#context.media.addLanes(this.mediaId, specs));
      this.noteStreams();
    }
    const paused = lines.every((l) => !l.taken || l.paused);
    if (this.prepared && !paused) this.#begin(atMicros);
    else if (paused !== this.#paused) {
      this.#note({ type: "event", event: paused ? "pause" : "resume", atMs: 0 });
      this.#context.onChange(this.recording);
    }
    this.#paused = paused;
    this.#identity.version += 1;
    this.#last = answerOffer(offer, lines, this.#ports, this.#sdpIdentity(), this.#keys);
    return this.#last;
  }

  /** The first resume of a prepared recording: metadata of ours say where it starts, which is before it where audio is filled in. */
  #begin(atMicros: number): void {
    this.prepared = false;
    const told = startOf(this.metadata);
    const near = told !== undefined && Math.abs(atMicros - told) <= RESUME_HINT_MS * 1000;
    const { media } = this.#context;
    const { handle } = this.recording;
    // A client that speaks our metadata sends nothing in a pause; what others send in it is not recorded (R19).
    const heldBack = this.metadata?.call !== undefined;
    media.send({ do: "begin", handle, micros: near ? told : atMicros, heldBack });
    this.#context.onChange(this.recording);
  }

  /** It ended before it was resumed: nothing was to be recorded. */
  neverBegan(): void {
    this.#note({ type: "event", event: "pause", atMs: 0 });
  }

  /** An m-line that now carries a stream of another name, which belongs to the other channel, is a new stream (RFC 7866 7.1.1.1). */
  #giveUpRenamed(lines: readonly OfferedLine[], atMicros: number): void {
    if (this.half !== undefined) return;
    const taken = lines.filter((l) => l.taken);
    const wanted = channelsOf(
      taken.map((l) => l.label),
      this.metadata,
      0,
      true,
    );
    taken.forEach((line, i) => {
      const lane = this.#lanes.get(line.index);
      const name = streamName(line.label, line.index);
      if (lane === undefined || this.#names.get(line.index) === name) return;
      this.#names.set(line.index, name);
      if (wanted[i] === undefined || wanted[i] === this.#channels.get(line.index)) return this.noteStreams();
      const spec = { ...this.#spec(line), paused: true };
      this.#context.media.send({ do: "update-lane", session: this.mediaId, index: lane, atMicros, lane: spec });
      for (const table of [this.#lanes, this.#ports, this.#channels]) table.delete(line.index);
    });
  }

  /** Our offer was answered in the ACK: now the source is known. */
  #answered(ack: SipRequest): void {
    const answer = parseSdp(ack.body);
    if (!answer.ok) return;
    const atMicros = this.#context.clock.wallMicros();
    for (const line of readOffer(answer.value, this.#context.srtp)) {
      const index = this.#lanes.get(line.index);
      if (index === undefined) continue;
      const { mediaId: session } = this;
      this.#context.media.send({ do: "update-lane", session, index, atMicros, lane: this.#spec(line) });
    }
  }

  /** @param added the streams come to those that the session has */
  #assignChannels(lines: readonly OfferedLine[], firstChannel: 0 | 1, added: boolean): void {
    const taken = lines.filter((l) => l.taken);
    const labels = taken.map((l) => l.label);
    // Which end it is decides, whatever label Cisco gives it.
    const channels: readonly Channel[] =
      this.half !== undefined && taken.length === 1
        ? [firstChannel]
        : channelsOf(labels, this.metadata, firstChannel, added);
    // Sides are fixed when the recording starts (R26): only streams that are new get one.
    taken.forEach((line, i) => {
      if (this.#channels.has(line.index)) return;
      this.#channels.set(line.index, channels[i]);
      const alone = taken.length === 1 ? this.half?.end : undefined;
      this.#names.set(line.index, alone ?? streamName(line.label, line.index));
    });
  }

  #openFirst(lines: readonly OfferedLine[], takesOver: boolean): Promise<void> {
    const { mediaId: session, recording } = this;
    return this.#openLanes(lines, (lanes) =>
      this.#context.media.openSession({ session, handle: recording.handle, lanes, takesOver }),
    );
  }

  async #openLanes(
    lines: readonly OfferedLine[],
    open: (specs: readonly LaneSpec[]) => Promise<readonly number[]>,
  ): Promise<void> {
    const taken = lines.filter((l) => l.taken);
    const ports = await open(taken.map((l) => this.#spec(l)));
    const before = this.#opened;
    this.#opened += taken.length;
    taken.forEach((line, i) => {
      this.#lanes.set(line.index, before + i);
      this.#ports.set(line.index, ports[i] ?? 0);
    });
  }

  #spec(line: OfferedLine): LaneSpec {
    const channel = this.#channels.get(line.index);
    const allowed = this.#peerIp === undefined ? [] : [this.#peerIp];
    // A stream without a channel is received, so that its sender is content, and not recorded.
    const payloads = channel === undefined ? [] : line.payloads;
    const { prepared } = this;
    const srtp = srtpOf(line.crypto);
    return { channel: channel ?? 0, remote: line.remote, allowed, payloads, paused: line.paused, prepared, srtp };
  }

  #sdpIdentity(): SdpIdentity {
    return { address: this.#context.advertise, ...this.#identity, sessionName: "sidetone-recorder" };
  }

  #note(line: NoteLine): void {
    const { clock, media } = this.#context;
    media.send({ do: "note", handle: this.recording.handle, wallMicros: clock.wallMicros(), line });
  }
}
