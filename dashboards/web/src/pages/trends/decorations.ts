// What is drawn around the lines: where nothing is known, where quality was not good, limits, pen numbers.

import type uPlot from "uplot";
import type { LimitName } from "../../api/types";
import { words } from "../../words";
import type { PaneProps } from "./pane";
import { penOf, styleOf } from "./pens";
import { type Interval, intervalsOf, merged, overlaps } from "./trace";

const STRIP_PX = 6;
const EDGE_PX = 14;
const limitNames: readonly LimitName[] = ["hh", "h", "l", "ll"];

export function decorations(current: () => PaneProps): uPlot.Hooks.Arrays {
  return {
    drawClear: [(plot) => inPlot(plot, () => drawGaps(plot, current()))],
    draw: [
      (plot) => {
        inPlot(plot, () => {
          drawLimits(plot, current());
          drawQuality(plot, current());
          drawGapLabels(plot, current());
        });
        drawPenNumbers(plot, current());
      },
    ],
  };
}

/** Canvas pixels of one CSS pixel: uPlot's boxes are in canvas pixels. */
function ratio(): number {
  return window.devicePixelRatio;
}

function inPlot(plot: uPlot, draw: () => void): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw();
  ctx.restore();
}

/** Left edge and width of an interval on the canvas. */
function across(plot: uPlot, { startMs, endMs }: Interval): [number, number] {
  const left = plot.valToPos(startMs, "x", true);
  return [left, Math.max(1, plot.valToPos(endMs, "x", true) - left)];
}

type Shade = { gap: Interval; top: number; height: number; label: string };

/**
 * What to hatch: the whole height where nothing is known of any line; where that is so of some lines only,
 * a strip for each of them at the top edge.
 */
function shades(plot: uPlot, { tags, shown }: PaneProps): Shade[] {
  const { bbox } = plot;
  const noData = words.value.trends.noData;
  const edge = EDGE_PX * ratio();
  const ofSome = tags.flatMap(({ gaps, pen }, place) =>
    within(gaps, shown).map((gap) => ({
      gap,
      top: bbox.top + place * edge,
      height: edge,
      label: `${pen + 1} ${noData}`,
    })),
  );
  const ofAll = within(overlaps(tags.map(({ gaps }) => gaps)), shown);
  const known = ofSome.filter(({ gap }) => !ofAll.some((all) => all.startMs <= gap.startMs && gap.endMs <= all.endMs));
  return [...known, ...ofAll.map((gap) => ({ gap, top: bbox.top, height: bbox.height, label: noData }))];
}

function drawGaps(plot: uPlot, pane: PaneProps): void {
  const { ctx } = plot;
  for (const { gap, top, height } of shades(plot, pane)) {
    const [left, width] = across(plot, gap);
    ctx.fillStyle = styleOf("--gap");
    ctx.fillRect(left, top, width, height);
    hatch(ctx, left, top, width, height);
  }
}

/** The words where there is room for them, above grid and lines. */
function drawGapLabels(plot: uPlot, pane: PaneProps): void {
  const { ctx } = plot;
  ctx.font = `${11 * ratio()}px system-ui, sans-serif`;
  ctx.fillStyle = styleOf("--text-dim");
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  for (const { gap, top, label } of shades(plot, pane)) {
    const [left, width] = across(plot, gap);
    if (ctx.measureText(label).width + 8 * ratio() > width) continue;
    ctx.fillText(label, left + 4 * ratio(), top + (EDGE_PX / 2) * ratio());
  }
}

function within(intervals: readonly Interval[], shown: Interval): Interval[] {
  return intervals
    .map(({ startMs, endMs }) => ({
      startMs: Math.max(startMs, shown.startMs),
      endMs: Math.min(endMs, shown.endMs),
    }))
    .filter(({ startMs, endMs }) => endMs > startMs);
}

function hatch(ctx: CanvasRenderingContext2D, left: number, top: number, width: number, height: number): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.strokeStyle = styleOf("--gap-line");
  ctx.lineWidth = ratio();
  ctx.setLineDash([]);
  ctx.beginPath();
  const step = 9 * ratio();
  for (let x = Math.floor((left - height) / step) * step; x < left + width; x += step) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.stroke();
  ctx.restore();
}

/** A strip at the foot: bad in the colour of what is abnormal, uncertain in grey; bad points are crossed. */
function drawQuality(plot: uPlot, { tags, units, shown }: PaneProps): void {
  const { ctx, bbox } = plot;
  const height = STRIP_PX * ratio();
  const inView = ({ startMs, endMs }: Interval) => endMs >= shown.startMs && startMs <= shown.endMs;
  for (const [quality, variable] of [["uncertain", "--text-dim"], ["bad", "--bad"]] as const) {
    ctx.fillStyle = styleOf(variable);
    for (const part of merged(tags.flatMap(({ trace }) => intervalsOf(trace, quality))).filter(inView)) {
      const [left, width] = across(plot, part);
      ctx.fillRect(left, bbox.top + bbox.height - height, Math.max(width, 2 * ratio()), height);
    }
  }
  ctx.strokeStyle = styleOf("--bad");
  ctx.lineWidth = 1.5 * ratio();
  const arm = 4 * ratio();
  for (const { trace, unit } of tags) {
    trace.timesMs.forEach((timeMs, at) => {
      const value = trace.values[at] ?? null;
      if (value === null || (trace.status[at] ?? 0) >>> 31 !== 1) return;
      const x = plot.valToPos(timeMs, "x", true);
      const y = plot.valToPos(value, `y${units.indexOf(unit)}`, true);
      ctx.beginPath();
      ctx.moveTo(x - arm, y - arm);
      ctx.lineTo(x + arm, y + arm);
      ctx.moveTo(x - arm, y + arm);
      ctx.lineTo(x + arm, y - arm);
      ctx.stroke();
    });
  }
}

/** The limits of a single tag; those of several would not be told apart. */
function drawLimits(plot: uPlot, { tags, units }: PaneProps): void {
  const only = tags.length === 1 ? tags[0] : undefined;
  if (only === undefined || !only.tag) return;
  const { ctx, bbox } = plot;
  ctx.strokeStyle = ctx.fillStyle = styleOf("--text-dim");
  ctx.lineWidth = ratio();
  ctx.setLineDash([4 * ratio(), 4 * ratio()]);
  ctx.font = `${11 * ratio()}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom";
  for (const name of limitNames) {
    const limit = only.tag.limits[name];
    if (limit === null) continue;
    const y = plot.valToPos(limit, `y${units.indexOf(only.unit)}`, true);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.fillText(name.toUpperCase(), bbox.left + 4 * ratio(), y - 2 * ratio());
  }
}

/** Each line's number near its newest point, side by side, so that it is found without its colour. */
function drawPenNumbers(plot: uPlot, { tags, units, shown }: PaneProps): void {
  const { ctx } = plot;
  ctx.save();
  ctx.font = `bold ${12 * ratio()}px system-ui, sans-serif`;
  ctx.textAlign = "right";
  ctx.textBaseline = "bottom";
  for (const [place, { trace, unit, pen }] of tags.entries()) {
    const at = trace.values.findLastIndex((value, row) => value !== null && (trace.timesMs[row] ?? 0) <= shown.endMs);
    const value = trace.values[at] ?? null;
    const timeMs = trace.timesMs[at];
    if (value === null || timeMs === undefined || timeMs < shown.startMs) continue;
    ctx.fillStyle = penOf(pen).colour;
    const x = plot.valToPos(timeMs, "x", true) - (3 + 12 * place) * ratio();
    ctx.fillText(`${pen + 1}`, x, plot.valToPos(value, `y${units.indexOf(unit)}`, true) - 3 * ratio());
  }
  ctx.restore();
}
