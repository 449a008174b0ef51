// What the trends page shows, as its address says it, and how moving and zooming change that. Pure.

import { hashOf } from "../../route";

export const ranges = { "15m": 15, "1h": 60, "8h": 480, "24h": 1440, "7d": 10080 } as const;
export type RangeName = keyof typeof ranges;
export const rangeNames = Object.keys(ranges) as RangeName[];

export const MOST_TAGS = 8;
const SHORTEST_MS = 10_000;
const LONGEST_MS = 400 * 86_400_000;

/** live: the last so many minutes, following; fixed: [fromMs, toMs). */
export type Span =
  | { kind: "live"; range: RangeName }
  | { kind: "fixed"; fromMs: number; toMs: number };
export type View = { tags: readonly string[]; span: Span };

/** What is missing or makes no sense in an address is the last hour, live. */
export function parseView(params: URLSearchParams): View {
  const tags = (params.get("tags") ?? "").split(",").filter((id) => id !== "");
  const from = Number(params.get("from") ?? Number.NaN);
  const to = Number(params.get("to") ?? Number.NaN);
  const range = params.get("range") ?? "";
  const span: Span =
    Number.isFinite(from) && Number.isFinite(to) && to > from
      ? { kind: "fixed", fromMs: from, toMs: to }
      : { kind: "live", range: range in ranges ? (range as RangeName) : "1h" };
  return { tags: [...new Set(tags)].slice(0, MOST_TAGS), span };
}

export function hashOfView({ tags, span }: View): string {
  const where: Record<string, string> =
    span.kind === "live"
      ? { range: span.range }
      : { from: `${Math.round(span.fromMs)}`, to: `${Math.round(span.toMs)}` };
  return hashOf("trends", { tags: tags.join(","), ...where });
}

/** The shown interval in epoch milliseconds; a live one ends now, in steps of about one pixel. */
export function intervalOf(span: Span, nowMs: number): { startMs: number; endMs: number } {
  if (span.kind === "fixed") return { startMs: span.fromMs, endMs: span.toMs };
  const lengthMs = ranges[span.range] * 60_000;
  const stepMs = Math.max(1000, Math.round(lengthMs / 1_500_000) * 1000);
  const endMs = Math.floor(nowMs / stepMs) * stepMs;
  return { startMs: endMs - lengthMs, endMs };
}

/** Shifted by `share` of its length, never into the future; then it is no longer live. */
export function moved(span: Span, share: number, nowMs: number): Span {
  const { startMs, endMs } = intervalOf(span, nowMs);
  const by = Math.min((endMs - startMs) * share, Math.max(0, nowMs - endMs));
  return { kind: "fixed", fromMs: startMs + by, toMs: endMs + by };
}

/** `factor` times as long around its middle; what is live grows backwards from now. */
export function zoomed(span: Span, factor: number, nowMs: number): Span {
  const { startMs, endMs } = intervalOf(span, nowMs);
  const lengthMs = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, (endMs - startMs) * factor));
  const toMs = Math.min(nowMs, (startMs + endMs) / 2 + lengthMs / 2);
  return { kind: "fixed", fromMs: toMs - lengthMs, toMs };
}

/** The dragged interval, at least a few seconds long. */
export function dragged(fromMs: number, toMs: number): Span {
  const missing = Math.max(0, SHORTEST_MS - (toMs - fromMs)) / 2;
  return { kind: "fixed", fromMs: fromMs - missing, toMs: toMs + missing };
}
