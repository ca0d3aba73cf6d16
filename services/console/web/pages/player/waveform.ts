import WaveSurfer from "wavesurfer.js";
import RegionsPlugin from "wavesurfer.js/plugins/regions";
import TimelinePlugin from "wavesurfer.js/plugins/timeline";
import type { Marker } from "./markers.ts";
import { positionText } from "./moment.ts";
import type { Peaks } from "./peaks.ts";
import { sides } from "./recording.ts";
import { drawWave } from "./wave-drawing.ts";

/** Height of a row, CSS pixels. */
export const rowHeight = 96;
/** Closest look: pixels of a second. */
const closest = 1000;

/** Colours as the page's style sheet has them at the moment. */
type Colors = ReadonlyMap<string, string>;

/** Both rows with cursor, time line, markers and regions: wavesurfer.js, drawn from the server's peaks. */
export class Waveform {
  readonly #surfer: WaveSurfer;
  readonly #regions: ReturnType<typeof RegionsPlugin.create>;
  readonly #container: HTMLElement;
  #peaks: Peaks;
  #markers: readonly Marker[] = [];
  /** Pixels of a second; 0: the whole recording fits. */
  #zoom = 0;

  constructor(o: {
    readonly container: HTMLElement;
    readonly media: HTMLMediaElement;
    readonly peaks: Peaks;
    readonly onMarker: (marker: Marker) => void;
  }) {
    this.#container = o.container;
    this.#peaks = o.peaks;
    this.#regions = RegionsPlugin.create();
    const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
    this.#surfer = WaveSurfer.create({
      container: o.container,
      media: o.media,
      peaks: [...o.peaks.waves],
      duration: o.peaks.durationMs / 1000,
      height: rowHeight,
      cursorWidth: 2,
      dragToSeek: true,
      minPxPerSec: 0,
      ...(nonce === undefined ? {} : { cspNonce: nonce }),
      ...this.#look(),
      plugins: [
        this.#regions,
        TimelinePlugin.create({
          height: 22,
          secondaryLabelOpacity: 0.85,
          formatTimeCallback: (s) => positionText(s * 1000),
        }),
      ],
    });
    // Zoomed in it scrolls: who has no pointer reaches it, and the arrow keys move position and view.
    const scroll = this.#surfer.getWrapper().parentElement;
    if (scroll !== null) {
      scroll.tabIndex = 0;
      scroll.role = "group";
      scroll.ariaLabel = "Waveform";
    }
    this.#surfer.on("decode", () => this.#drawMarkers());
    this.#regions.on("region-clicked", (region, event) => {
      const marker = this.#markers.find(({ id }) => id === region.id);
      if (marker === undefined || marker.untilMs !== undefined) return;
      event.stopPropagation();
      o.onMarker(marker);
    });
  }

  /** Width of the whole recording, CSS pixels: how fine the peaks should be. */
  get width(): number {
    return this.#surfer.getWrapper().clientWidth;
  }

  get peaks(): Peaks {
    return this.#peaks;
  }

  /** Finer ones, or more of a recording that grows. */
  setPeaks(peaks: Peaks): void {
    this.#peaks = peaks;
    this.#surfer.setOptions({ peaks: [...peaks.waves], duration: peaks.durationMs / 1000 });
    const drawn = this.#surfer.getDecodedData();
    if (drawn !== null) void this.#surfer.getRenderer().render(drawn);
    this.#drawMarkers();
  }

  setMarkers(markers: readonly Marker[]): void {
    this.#markers = markers;
    this.#drawMarkers();
  }

  /** Draws again in the colours of now. */
  recolor(): void {
    this.#surfer.setOptions(this.#look());
    this.#drawMarkers();
  }

  /** Twice as near, half as near, or the whole. */
  zoom(how: "in" | "out" | "fit"): void {
    const fit = this.#container.clientWidth / Math.max(0.1, this.#peaks.durationMs / 1000);
    const now = Math.max(this.#zoom, fit);
    const next = how === "fit" ? 0 : how === "in" ? Math.min(closest, now * 2) : now / 2;
    this.#zoom = next <= fit ? 0 : next;
    this.#surfer.zoom(this.#zoom);
  }

  get zoomed(): boolean {
    return this.#zoom > 0;
  }

  /** Idempotent. */
  close(): void {
    this.#surfer.destroy();
  }

  #look(): Partial<Parameters<typeof WaveSurfer.create>[0]> {
    const colors = this.#colors();
    return {
      cursorColor: colors.get("cursor") ?? "",
      splitChannels: sides.map((side) => ({
        height: rowHeight,
        waveColor: colors.get(side) ?? "",
        progressColor: colors.get(`${side}-played`) ?? "",
        renderFunction: ([wave], ctx) => drawWave(wave ?? [], ctx, side === "customer" ? "solid" : "hatched"),
      })),
    };
  }

  /** Custom properties hold `light-dark()`; what they come to is told by an element that uses them. */
  #colors(): Colors {
    const names = [
      "cursor",
      "customer",
      "customer-played",
      "agent",
      "agent-played",
      "pause",
      "hold",
      "parties",
      "gap",
      "key",
      "encryption",
      "other",
    ];
    const probe = document.createElement("i");
    probe.hidden = true;
    this.#container.append(probe);
    const found = names.map((name): [string, string] => {
      probe.className = `wave-color-${name}`;
      return [name, getComputedStyle(probe).color];
    });
    probe.remove();
    return new Map(found);
  }

  #drawMarkers(): void {
    const colors = this.#colors();
    this.#regions.clearRegions();
    for (const marker of this.#markers) {
      const sign = document.createElement("span");
      sign.textContent = marker.sign;
      sign.title = `${marker.title} at ${positionText(marker.atMs)}${marker.detail === "" ? "" : `, ${marker.detail}`}`;
      const color = colors.get(marker.kind) ?? "gray";
      sign.style.cssText = `display:inline-block;padding:0 4px;font:600 11px/16px system-ui,sans-serif;color:${colors.get("cursor") ?? ""};background:color-mix(in srgb, ${color} 35%, ${getComputedStyle(document.documentElement).backgroundColor});border:1px solid ${color};border-radius:3px`;
      const isRegion = marker.untilMs !== undefined;
      const region = this.#regions.addRegion({
        id: marker.id,
        start: marker.atMs / 1000,
        ...(isRegion ? { end: (marker.untilMs ?? 0) / 1000 } : {}),
        ...(marker.side === undefined ? {} : { channelIdx: marker.side === "customer" ? 0 : 1 }),
        content: sign,
        color: isRegion ? `color-mix(in srgb, ${color} 22%, transparent)` : color,
        drag: false,
        resize: false,
      });
      if (isRegion && region.element !== null && (marker.kind === "pause" || marker.kind === "gap"))
        region.element.style.backgroundImage = `repeating-linear-gradient(${marker.kind === "pause" ? 45 : 90}deg, transparent 0 6px, color-mix(in srgb, ${color} 40%, transparent) 6px 8px)`;
    }
  }
}
