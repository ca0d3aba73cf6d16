import type { Clock, Logger } from "@sidetone/foundation";
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
import { type RecordingMetadata, mergeMetadata } from "@sidetone/siprec";
import { storedMetadata } from "../index/row-of-folder.ts";
import { MAX_METADATA_DOCUMENTS, RESUME_HINT_MS } from "../limits.ts";
import type { LaneSpec } from "../media/media-protocol.ts";
import type { MediaThread } from "../media/media-thread.ts";
import type { NoteLine } from "../media/recording-media.ts";
import type { ActiveRecording } from "./active-recording.ts";
import { type OfferedLine, answerOffer, ownOffer, readOffer } from "./answer.ts";
import { channelsOf } from "./channels.ts";
import { type CarriedMetadata, carriedHeaders, readSessionBody, startOf } from "./session-request.ts";

/** What a session needs around it. */
export interface SessionContext {
  readonly clock: Clock;
  readonly log: Logger;
  readonly media: MediaThread;
  /** Address in our SDP. */
  readonly advertise: string;
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
  readonly #channels = new Map<number, number | undefined>();
  #documents = 0;
  #paused = false;
  #last: Sdp | undefined;

  constructor(o: {
    sip: InviteSession;
    peer: string;
    dn: string | undefined;
    recording: ActiveRecording;
    context: SessionContext;
  }) {
    this.sip = o.sip;
    this.dn = o.dn;
    this.recording = o.recording;
    this.#context = o.context;
    this.#peerIp = parseIpv4(o.peer);
    this.mediaId = o.context.media.newSession();
    this.#identity = { sessionId: Math.floor(o.context.clock.wallMicros() / 1000), version: 1 };
  }

  /**
   * Opens the streams of an INVITE; resolves with our SDP, `undefined` where no stream fits. Rejects where there are no ports.
   * @param takesOver the sessions that the recording has are closed next (R30)
   */
  async open(offer: Sdp | undefined, firstChannel: 0 | 1, takesOver: boolean): Promise<Sdp | undefined> {
    if (offer === undefined) {
      this.#channels.set(0, firstChannel);
      await this.#openFirst([NOT_OFFERED], takesOver);
      this.#last = ownOffer(this.#ports.get(0) ?? 0, this.#sdpIdentity());
      this.sip.on("acked", (ack) => this.#answered(ack));
      return this.#last;
    }
    const lines = readOffer(offer);
    if (!lines.some((l) => l.taken)) return undefined;
    this.#assignChannels(lines, firstChannel);
    this.#paused = lines.every((l) => !l.taken || l.paused);
    this.prepared = this.#paused && !this.recording.continued && this.recording.sessions.size === 0;
    await this.#openFirst(lines, takesOver);
    if (this.#paused && !this.prepared) this.#note({ type: "event", event: "pause", atMs: 0 });
    this.#last = answerOffer(offer, lines, this.#ports, this.#sdpIdentity());
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
    if (carried.metadata !== undefined) this.metadata = mergeMetadata(this.metadata, carried.metadata);
    this.#documents += 1;
    if (this.#documents > MAX_METADATA_DOCUMENTS) return;
    const document = this.metadata === undefined ? null : storedMetadata(this.metadata);
    this.#note({ type: "metadata", atMs: 0, contentType: "application/rs-metadata+xml", raw: carried.raw, document });
    this.#context.onChange(this.recording);
  }

  warn(code: string, text: string): void {
    this.#note({ type: "warning", atMs: 0, code, text });
  }

  /** Parameters that came as headers: on re-INVITE and BYE of profile `request-uri`. */
  takeHeaders(request: SipRequest): void {
    const values = carriedHeaders(request);
    if (Object.keys(values).length > 0) this.#note({ type: "parameters", atMs: 0, values });
  }

  /** A re-INVITE or UPDATE: new SDP, new metadata, both or neither. */
  async change(incoming: IncomingRequest): Promise<void> {
    const body = readSessionBody(incoming.request);
    if (!body.ok) {
      this.warn("bad-body", body.error.text);
      incoming.respond(body.error.status, { headers: body.error.headers });
      return;
    }
    this.take(body.value.carried);
    this.takeHeaders(incoming.request);
    const { offer } = body.value;
    if (offer === undefined) {
      const repeated =
        incoming.request.method === "INVITE" && this.#last !== undefined ? { body: formatSdp(this.#last) } : {};
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
    const lines = readOffer(offer);
    const atMicros = clock.wallMicros();
    for (const line of lines) {
      const index = this.#lanes.get(line.index);
      // Port 0 ends a stream; it stays in its place and may come back.
      if (index !== undefined)
        media.send({ do: "update-lane", session: this.mediaId, index, atMicros, lane: this.#spec(line) });
    }
    const fresh = lines.filter((l) => l.taken && !this.#lanes.has(l.index));
    if (fresh.length > 0) {
      this.#assignChannels(lines, 0);
      await this.#openLanes(fresh, (specs) => this.#context.media.addLanes(this.mediaId, specs));
    }
    const paused = lines.every((l) => !l.taken || l.paused);
    if (this.prepared && !paused) this.#begin(atMicros);
    else if (paused !== this.#paused) {
      this.#note({ type: "event", event: paused ? "pause" : "resume", atMs: 0 });
      this.#context.onChange(this.recording);
    }
    this.#paused = paused;
    this.#identity.version += 1;
    this.#last = answerOffer(offer, lines, this.#ports, this.#sdpIdentity());
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

  /** Our offer was answered in the ACK: now the source is known. */
  #answered(ack: SipRequest): void {
    const answer = parseSdp(ack.body);
    const line = answer.ok ? readOffer(answer.value)[0] : undefined;
    if (line === undefined) return;
    const atMicros = this.#context.clock.wallMicros();
    this.#context.media.send({ do: "update-lane", session: this.mediaId, index: 0, atMicros, lane: this.#spec(line) });
  }

  #assignChannels(lines: readonly OfferedLine[], firstChannel: 0 | 1): void {
    const taken = lines.filter((l) => l.taken);
    const channels = channelsOf(
      taken.map((l) => l.label),
      this.metadata,
      firstChannel,
    );
    // Sides are fixed when the recording starts (R26): only streams that are new get one.
    taken.forEach((line, i) => {
      if (!this.#channels.has(line.index)) this.#channels.set(line.index, channels[i]);
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
    const before = this.#lanes.size;
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
    return { channel: channel ?? 0, remote: line.remote, allowed, payloads, paused: line.paused, prepared };
  }

  #sdpIdentity(): SdpIdentity {
    return { address: this.#context.advertise, ...this.#identity, sessionName: "sidetone-recorder" };
  }

  #note(line: NoteLine): void {
    const { clock, media } = this.#context;
    media.send({ do: "note", handle: this.recording.handle, wallMicros: clock.wallMicros(), line });
  }
}
