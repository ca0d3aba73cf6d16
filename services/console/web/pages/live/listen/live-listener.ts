import { signal } from "@preact/signals";
import { ApiProblem, send } from "../../../api.ts";
import { BlockReader } from "./block-reader.ts";

const rate = 8000;
/** Half of the samples that a level and a frequency are taken of. */
const bins = 1024;

/** What is listened to. */
export interface ListenedRecording {
  readonly id: string;
  /** Names of customer and agent. */
  readonly sides: readonly [string, string];
}

/** Level of a side now. */
export interface SideLevel {
  /** dB of full scale; -100: nothing. */
  readonly db: number;
  /** The loudest frequency, Hz. */
  readonly hz: number;
}

interface Graph {
  readonly context: AudioContext;
  readonly node: AudioWorkletNode;
  readonly analysers: readonly AnalyserNode[];
  readonly sides: readonly GainNode[];
  readonly volume: GainNode;
}

/** Listens live to one recording at a time. Signals are what the bar shows and sets. */
export class LiveListener {
  readonly recording = signal<ListenedRecording | undefined>(undefined);
  readonly problem = signal<ApiProblem | undefined>(undefined);
  /** What is heard is this old, from mouth to ear but for the sound card; ms. */
  readonly delayMs = signal<number | undefined>(undefined);
  /** It has ended by itself. */
  readonly ended = signal(false);
  /** 0 to 1. */
  readonly volume = signal(1);
  /** -1: the customer only; 1: the agent only. */
  readonly balance = signal(0);
  readonly muted = signal<readonly [boolean, boolean]>([false, false]);
  #graph: Graph | undefined;
  #stream: AbortController | undefined;
  #behindMs = 0;

  /** Ends what was listened to, and begins. */
  async start(recording: ListenedRecording): Promise<void> {
    this.stop();
    const stream = new AbortController();
    this.#stream = stream;
    this.recording.value = recording;
    this.problem.value = undefined;
    this.ended.value = false;
    this.delayMs.value = undefined;
    try {
      const path = `/api/v1/recordings/${encodeURIComponent(recording.id)}/live`;
      // Both at once; a context that is made by a click may sound.
      const [graph, answer] = await Promise.all([
        makeGraph((samples) => (this.delayMs.value = Math.round(this.#behindMs + (samples * 1000) / rate))),
        send("GET", path, { signal: stream.signal }),
      ]);
      if (stream.signal.aborted) return void graph.context.close();
      this.#graph = graph;
      this.apply();
      await this.#read(answer, graph.node);
      this.ended.value = true;
    } catch (error) {
      if (stream.signal.aborted) return;
      if (error instanceof ApiProblem) this.problem.value = error;
      else this.ended.value = true;
    }
    if (this.#stream === stream) this.#close();
  }

  /** Stops listening. */
  stop(): void {
    this.#stream?.abort();
    this.#stream = undefined;
    this.#close();
    this.recording.value = undefined;
    this.problem.value = undefined;
  }

  /** Brings volume, balance and mutes to what is heard. */
  apply(): void {
    const graph = this.#graph;
    if (graph === undefined) return;
    graph.volume.gain.value = this.volume.value;
    const share = [Math.min(1, 1 - this.balance.value), Math.min(1, 1 + this.balance.value)];
    for (const [i, gain] of graph.sides.entries())
      gain.gain.value = this.muted.value[i === 0 ? 0 : 1] ? 0 : (share[i] ?? 1);
  }

  /** Levels of both sides now, whatever is muted; undefined while nothing is heard. */
  levels(): readonly SideLevel[] | undefined {
    return this.#graph?.analysers.map(levelOf);
  }

  async #read(answer: Response, node: AudioWorkletNode): Promise<void> {
    const reader = new BlockReader();
    const body = answer.body?.getReader();
    for (let part = await body?.read(); part?.value !== undefined; part = await body?.read()) {
      for (const { customer, agent, behindMs } of reader.take(part.value)) {
        this.#behindMs = behindMs;
        node.port.postMessage({ customer, agent }, [customer.buffer, agent.buffer]);
      }
    }
  }

  #close(): void {
    void this.#graph?.context.close();
    this.#graph = undefined;
  }
}

/** The one of the page. */
export const listener = new LiveListener();

async function makeGraph(onWaiting: (samples: number) => void): Promise<Graph> {
  const context = new AudioContext({ sampleRate: rate });
  const { default: worklet } = await import("./listen-worklet.ts?worker&url");
  await context.audioWorklet.addModule(worklet);
  const node = new AudioWorkletNode(context, "sidetone-listening", { numberOfInputs: 0, outputChannelCount: [2] });
  node.port.onmessage = ({ data }: MessageEvent<number>) => onWaiting(data);
  const splitter = new ChannelSplitterNode(context, { numberOfOutputs: 2 });
  const merger = new ChannelMergerNode(context, { numberOfInputs: 2 });
  const volume = new GainNode(context);
  const analysers = [0, 1].map(() => new AnalyserNode(context, { fftSize: 2 * bins, smoothingTimeConstant: 0 }));
  const sides = [0, 1].map(() => new GainNode(context));
  node.connect(splitter);
  for (const [i, gain] of sides.entries()) {
    const analyser = analysers[i];
    if (analyser !== undefined) splitter.connect(analyser, i);
    splitter.connect(gain, i);
    gain.connect(merger, 0, i);
  }
  merger.connect(volume).connect(context.destination);
  await context.resume();
  return { context, node, analysers, sides, volume };
}

function levelOf(analyser: AnalyserNode): SideLevel {
  const samples = new Float32Array(2 * bins);
  analyser.getFloatTimeDomainData(samples);
  const power = samples.reduce((sum, one) => sum + one * one, 0) / samples.length;
  const spectrum = new Float32Array(bins);
  analyser.getFloatFrequencyData(spectrum);
  let loudest = 0;
  for (let i = 1; i < bins; i += 1) if ((spectrum[i] ?? 0) > (spectrum[loudest] ?? 0)) loudest = i;
  return { db: power === 0 ? -100 : Math.max(-100, 10 * Math.log10(power)), hz: (loudest * rate) / (2 * bins) };
}
