import { type Cancel, type Clock, errorText, SidetoneError } from "@sidetone/foundation";
import type { WriterMessage } from "@sidetone/recording-file";
import {
  classify,
  type PacketBatch,
  type PacketIO,
  type PortPairs,
  parseRtcp,
  RtpView,
  type SenderClock,
  type SocketId,
} from "@sidetone/rtp";
import { FLUSH_MS, RECEIVE_BUFFER_BYTES } from "../limits.ts";
import type { Lane } from "./lane.ts";
import { LaneSrtp } from "./lane-srtp.ts";
import type { LaneSpec, MediaCommand, MediaTelling } from "./media-protocol.ts";
import { RecordingMedia } from "./recording-media.ts";

interface OpenLane {
  readonly lane: Lane;
  readonly srtp: LaneSrtp;
  readonly port: number;
  readonly rtp: SocketId;
  readonly rtcp: SocketId;
}

interface MediaSession {
  readonly id: number;
  readonly recording: RecordingMedia;
  readonly clock: SenderClock;
  readonly lanes: OpenLane[];
  silentTold: boolean;
  cancelLinger: Cancel | undefined;
  finish: () => void;
}

interface Listener {
  readonly session: MediaSession;
  readonly lane: Lane;
  readonly srtp: LaneSrtp;
}

/** Receives the streams of all sessions and hands assembled audio to the writer. Lives in the media thread. */
export class MediaEngine {
  readonly #io: PacketIO;
  readonly #ports: PortPairs;
  readonly #clock: Clock;
  readonly #address: string;
  readonly #timeoutMicros: number;
  readonly #silenceMicros: number;
  readonly #showDigits: boolean;
  readonly #tell: (telling: MediaTelling) => void;
  readonly #write: (message: WriterMessage, transfer?: ArrayBuffer) => void;
  readonly #recordings = new Map<number, RecordingMedia>();
  readonly #sessions = new Map<number, MediaSession>();
  /** By SocketId. */
  readonly #listeners: (Listener | undefined)[] = [];
  readonly #view = new RtpView();
  readonly #cancels: Cancel[];
  #closed = false;

  constructor(o: {
    io: PacketIO;
    ports: PortPairs;
    clock: Clock;
    address: string;
    rtpTimeoutMs: number;
    /** Default: streams that bring nothing are not told. */
    silenceMs?: number;
    showDigits: boolean;
    tell: (telling: MediaTelling) => void;
    write: (message: WriterMessage, transfer?: ArrayBuffer) => void;
  }) {
    this.#io = o.io;
    this.#ports = o.ports;
    this.#clock = o.clock;
    this.#address = o.address;
    this.#timeoutMicros = o.rtpTimeoutMs * 1000;
    this.#silenceMicros = (o.silenceMs ?? Number.POSITIVE_INFINITY) * 1000;
    this.#showDigits = o.showDigits;
    this.#tell = o.tell;
    this.#write = o.write;
    o.io.onBatch = (batch) => this.#batch(batch);
    o.io.run();
    this.#cancels = [o.clock.every(FLUSH_MS, () => this.#flush()), o.clock.every(1000, () => this.#watch())];
  }

  carryOut(command: MediaCommand): void {
    switch (command.do) {
      case "open-recording": {
        const { handle, originMicros, defaultCodec, continued, epoch } = command;
        const recording = new RecordingMedia({
          handle,
          originMicros,
          defaultCodec,
          continued,
          epoch,
          showDigits: this.#showDigits,
          send: this.#write,
        });
        this.#recordings.set(handle, recording);
        break;
      }
      case "open-session":
        this.#answer(command.ask, () => this.#openSession(command));
        break;
      case "add-lanes":
        this.#answer(command.ask, () => this.#addLanes(command.session, command.lanes));
        break;
      case "update-lane":
        this.#updateLane(command);
        break;
      case "hint":
        this.#recordings.get(command.handle)?.hint(command.micros);
        break;
      case "begin":
        this.#recordings.get(command.handle)?.startsAt(command.micros, command.heldBack, this.#clock.now());
        break;
      case "note":
        this.#recordings.get(command.handle)?.note(command.wallMicros, command.line);
        break;
      case "close-session":
        this.#closeSession(command);
        break;
      case "listen": {
        const { handle, on } = command;
        this.#recordings
          .get(handle)
          ?.tap.listen(on ? (audio) => this.#tell({ tell: "heard", handle, audio }) : undefined);
        break;
      }
      case "stop":
        this.close();
        this.#tell({ tell: "answer", ask: command.ask });
        break;
    }
  }

  /** Ends what lingers at once, closes every socket. Recordings that have no end yet are left to the writer. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const cancel of this.#cancels) cancel();
    for (const session of Array.from(this.#sessions.values())) {
      session.cancelLinger?.();
      session.finish();
    }
    this.#io.shutdown();
  }

  #answer(ask: number, open: () => number[]): void {
    try {
      this.#tell({ tell: "answer", ask, ports: open() });
    } catch (error) {
      const code = error instanceof SidetoneError ? error.code : "media-failed";
      this.#tell({ tell: "answer", ask, error: { code, message: errorText(error) } });
    }
  }

  #openSession(command: Extract<MediaCommand, { do: "open-session" }>): number[] {
    const { session: id, handle, lanes: specs, takesOver } = command;
    const recording = this.#recordings.get(handle);
    if (recording === undefined) throw new SidetoneError("media-failed", `recording ${handle} is not open`);
    const session: MediaSession = {
      id,
      recording,
      clock: recording.newClock(),
      lanes: [],
      silentTold: false,
      cancelLinger: undefined,
      finish: () => this.#dropSession(session),
    };
    this.#sessions.set(id, session);
    if (takesOver) recording.takeOver();
    try {
      return this.#addLanes(id, specs);
    } catch (error) {
      this.#dropSession(session);
      throw error;
    }
  }

  #addLanes(id: number, specs: readonly LaneSpec[]): number[] {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new SidetoneError("media-failed", `session ${id} is not open`);
    return specs.map((spec) => {
      const sockets = this.#ports.takeWith((port) => this.#openPair(port));
      const nowMicros = this.#clock.wallMicros();
      const lane = session.recording.addLane({
        channel: spec.channel,
        clock: session.clock,
        payloads: new Map(spec.payloads),
        remote: spec.remote,
        allowed: new Set(spec.allowed),
        nowMicros,
      });
      if (spec.paused) {
        lane.pause(nowMicros);
        lane.everOpen = false;
        if (spec.prepared === true) lane.heldBack = [];
      }
      const srtp = new LaneSrtp(spec.srtp);
      session.lanes.push({ lane, srtp, ...sockets });
      this.#listeners[sockets.rtp] = { session, lane, srtp };
      this.#listeners[sockets.rtcp] = { session, lane, srtp };
      return sockets.port;
    });
  }

  #openPair(port: number): { port: number; rtp: SocketId; rtcp: SocketId } {
    const rtp = this.#io.open({ address: this.#address, port, mode: "poll", receiveBuffer: RECEIVE_BUFFER_BYTES });
    try {
      return { port, rtp, rtcp: this.#io.open({ address: this.#address, port: port + 1, mode: "quiet" }) };
    } catch (error) {
      this.#io.close(rtp);
      throw error;
    }
  }

  #updateLane(command: Extract<MediaCommand, { do: "update-lane" }>): void {
    const session = this.#sessions.get(command.session);
    const open = session?.lanes[command.index];
    if (session === undefined || open === undefined) return;
    const { lane } = open;
    const { remote, allowed, payloads, paused, srtp } = command.lane;
    if (open.srtp.set(srtp))
      session.recording.note(command.atMicros, { type: "event", event: "key-change", atMs: 0, channel: lane.channel });
    lane.update(remote, new Set(allowed), new Map(payloads));
    if (paused) lane.pause(command.atMicros);
    else lane.resume(command.atMicros);
  }

  #closeSession(command: Extract<MediaCommand, { do: "close-session" }>): void {
    const session = this.#sessions.get(command.session);
    const recording = session?.recording ?? this.#recordings.get(command.handle ?? -1);
    const endRecording = (): void => {
      if (command.end === undefined || recording === undefined || !this.#recordings.delete(recording.handle)) return;
      const { byeMicros, state, reason, withdrawn } = command.end;
      if (withdrawn && recording.discard()) return;
      recording.finish(byeMicros, state, reason);
    };
    if (session === undefined) {
      endRecording();
      return;
    }
    if (session.cancelLinger !== undefined) return;
    session.finish = () => {
      this.#dropSession(session);
      endRecording();
    };
    session.cancelLinger = this.#clock.after(command.lingerMs, () => session.finish());
  }

  #dropSession(session: MediaSession): void {
    if (!this.#sessions.delete(session.id)) return;
    for (const { lane, srtp, rtp, rtcp, port } of session.lanes) {
      this.#listeners[rtp] = undefined;
      this.#listeners[rtcp] = undefined;
      this.#io.close(rtp);
      this.#io.close(rtcp);
      this.#ports.release(port);
      const nowMicros = this.#clock.wallMicros();
      if (srtp.refused > 0) {
        const text = `${srtp.refused} packets were not taken: not protected with the session's SRTP key, changed, or replayed`;
        session.recording.note(nowMicros, { type: "warning", atMs: 0, code: "srtp-refused", text });
      }
      session.recording.removeLane(lane, nowMicros);
    }
    this.#tell({ tell: "closed", session: session.id, lanes: session.lanes.map(({ lane }) => lane.stats()) });
  }

  #batch(batch: PacketBatch): void {
    const now = this.#clock.now();
    for (let i = 0; i < batch.count; i++) {
      const listener = this.#listeners[batch.socket[i] ?? 0];
      if (listener === undefined) continue;
      const offset = batch.offset[i] ?? 0;
      const received = batch.length[i] ?? 0;
      const ip = batch.sourceIp[i] ?? 0;
      const arrival = batch.arrivalMicros[i] ?? 0;
      const kind = classify(batch.data, offset, received);
      if (kind !== "rtp" && kind !== "rtcp") continue;
      const length = listener.srtp.open(kind, batch.data, offset, received);
      if (length < 0) continue;
      if (kind === "rtp") this.#rtp(listener, batch.data, offset, length, ip, batch.sourcePort[i] ?? 0, arrival, now);
      else this.#rtcp(listener, batch.data, offset, length, ip, arrival, now);
    }
  }

  #rtp(
    l: Listener,
    data: Uint8Array,
    offset: number,
    length: number,
    ip: number,
    port: number,
    arrival: number,
    now: number,
  ): void {
    const { lane } = l;
    if (!this.#view.read(data, offset, length) || !lane.accepts(ip, port, this.#view.payloadType)) return;
    lane.lastLifeMicros = arrival;
    lane.lastRtpMicros = arrival;
    if (lane.arrivedInPause(arrival)) l.session.recording.pausedPacket(lane, this.#view, data, arrival);
    else l.session.recording.packet(lane, this.#view, data, arrival, now);
  }

  #rtcp(l: Listener, data: Uint8Array, offset: number, length: number, ip: number, arrival: number, now: number): void {
    if (!l.lane.acceptsReport(ip)) return;
    const found = parseRtcp(data, offset, length);
    if (found === undefined) return;
    l.lane.lastLifeMicros = arrival;
    for (const part of found)
      if (part.kind === "sender-report") l.session.recording.report(l.lane, part.ssrc, part.sender, arrival, now);
  }

  #flush(): void {
    const now = this.#clock.now();
    const micros = this.#clock.wallMicros();
    for (const recording of this.#recordings.values()) recording.flush(now, micros);
  }

  /** R34: tells of streams that bring nothing while they should. */
  #watchStreams({ id, lanes }: MediaSession, micros: number): void {
    for (const { lane } of lanes) {
      if (lane.payloads.size === 0) continue;
      const silentMicros = lane.paused ? 0 : micros - lane.lastRtpMicros;
      const silent = silentMicros >= this.#silenceMicros;
      if (silent === lane.silentTold) continue;
      lane.silentTold = silent;
      const silentMs = silent ? Math.round(silentMicros / 1000) : 0;
      this.#tell({ tell: "stream", session: id, channel: lane.channel, silentMs });
    }
  }

  /** R33: tells of sessions that nobody sends to any more. */
  #watch(): void {
    const micros = this.#clock.wallMicros();
    for (const session of this.#sessions.values()) {
      if (session.cancelLinger === undefined) this.#watchStreams(session, micros);
      if (session.silentTold || session.cancelLinger !== undefined) continue;
      const waiting = session.lanes.filter(({ lane }) => !lane.paused);
      if (waiting.length === 0 || waiting.some(({ lane }) => micros - lane.lastLifeMicros < this.#timeoutMicros))
        continue;
      session.silentTold = true;
      this.#tell({ tell: "silent", session: session.id });
    }
    const { total, inUse } = this.#ports.stats();
    const { received, openSockets } = this.#io.stats();
    this.#tell({ tell: "counters", received, lanes: openSockets / 2, portsUsed: inUse, portsTotal: total });
  }
}
