/** How a channel is drawn: customer solid, agent hatched. */
export type WavePattern = "solid" | "hatched";

/** Distance between the strokes of the hatching, in CSS pixels. */
const hatch = 5;

/**
 * Draws lowest and highest of each pixel column; where there is no sound nothing is drawn. For wavesurfer's `renderFunction`, which has set `fillStyle`.
 * @param wave lowest and highest of each point in turn
 */
export function drawWave(wave: ArrayLike<number>, ctx: CanvasRenderingContext2D, pattern: WavePattern): void {
  const { width, height } = ctx.canvas;
  const middle = height / 2;
  const step = wave.length / width;
  const path = new Path2D();
  for (let x = 0; x < width; x++) {
    const from = Math.floor(x * step);
    // Two at least: one of them may be a point's lowest, the other its highest.
    const to = Math.max(from + 2, Math.floor((x + 1) * step));
    let low = 0;
    let high = 0;
    for (let n = from; n < to && n < wave.length; n++) {
      const value = wave[n] ?? 0;
      if (value < low) low = value;
      else if (value > high) high = value;
    }
    if (low === 0 && high === 0) continue;
    const top = middle - high * middle;
    path.rect(x, top, 1, Math.max(1, middle - low * middle - top));
  }
  if (pattern === "solid") {
    ctx.fill(path);
    return;
  }
  const color = ctx.fillStyle;
  ctx.save();
  ctx.globalAlpha = 0.35;
  ctx.fill(path);
  ctx.globalAlpha = 1;
  ctx.clip(path);
  ctx.strokeStyle = color;
  const scale = Math.max(1, globalThis.devicePixelRatio);
  ctx.lineWidth = 2 * scale;
  ctx.beginPath();
  for (let x = -height; x < width; x += hatch * scale) {
    ctx.moveTo(x, height);
    ctx.lineTo(x + height, 0);
  }
  ctx.stroke();
  ctx.restore();
}
