// The panes of the trend, one above the other on one time axis, and the keys that move it.

import type { Signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { serverNowMs } from "../../state/store";
import { words } from "../../words";
import { PaneChart } from "./chart";
import { panesOf } from "./panes";
import type { Interval } from "./trace";
import type { ShownTag } from "./traces";
import { LABELS_PX } from "./options";
import { moved, type Span, zoomed } from "./view";

type Props = {
  traces: readonly ShownTag[];
  shown: Interval;
  cursorMs: Signal<number | null>;
  span: Span;
  onZoom(fromMs: number, toMs: number): void;
  onSpan(span: Span): void;
  onBack(): void;
};

const LOWEST_PANE_PX = 130;

export function Charts({ traces, shown, cursorMs, span, onZoom, onSpan, onBack }: Props) {
  const text = words.value.trends;
  const frame = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  function press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const nowMs = serverNowMs.peek();
    const next: Span | null =
      event.key === "ArrowLeft"
        ? moved(span, -0.25, nowMs)
        : event.key === "ArrowRight"
          ? moved(span, 0.25, nowMs)
          : event.key === "+" || event.key === "="
            ? zoomed(span, 0.5, nowMs)
            : event.key === "-"
              ? zoomed(span, 2, nowMs)
              : null;
    if (next !== null) onSpan(next);
    else if (event.key === "Backspace") onBack();
    else return;
    event.preventDefault();
  }

  const panes = panesOf(traces);
  const byId = new Map(traces.map((each) => [each.id, each]));
  const plotsHeight = size.height - LABELS_PX;
  const paneHeight = Math.max(LOWEST_PANE_PX, Math.floor(plotsHeight / Math.max(1, panes.length)));
  return (
    <div
      class="charts"
      ref={frame}
      tabIndex={0}
      role="group"
      aria-label={`${text.chart}: ${traces.map(({ id }) => id).join(", ")}. ${text.dragHint}`}
      data-testid="trend-chart"
      style={{ minHeight: `${LOWEST_PANE_PX * panes.length + LABELS_PX + 2}px` }}
      onKeyDown={press}
    >
      {size.width > 0 &&
        panes.map((pane, place) => (
          <PaneChart
            key={pane.units.join("|")}
            units={pane.units}
            tags={pane.tags.flatMap(({ id }) => byId.get(id) ?? [])}
            shown={shown}
            width={size.width}
            height={paneHeight + (place === panes.length - 1 ? LABELS_PX : 0)}
            last={place === panes.length - 1}
            cursorMs={cursorMs}
            onZoom={onZoom}
            onBack={onBack}
          />
        ))}
    </div>
  );
}
