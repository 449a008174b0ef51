// One pane: an uPlot chart that is made when its lines change, and fed when their points do.

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { timeZone } from "../../state/store";
import { paint } from "../../state/theme";
import { language } from "../../words";
import { decorations } from "./decorations";
import { optionsOf } from "./options";
import type { PaneProps } from "./pane";
import type { ShownTag } from "./traces";

export function PaneChart(props: PaneProps) {
  const { tags, shown, width, height } = props;
  const frame = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const newest = useRef(props);
  newest.current = props;
  // What an uPlot cannot change once it is made.
  const made = [
    ...tags.map(({ id, pen, unit, tag }) => `${id} ${pen} ${unit} ${tag?.kind}`),
    timeZone.value,
    language.value,
    paint.value,
    props.last,
  ].join("|");

  useEffect(() => {
    if (frame.current === null) return;
    const current = () => newest.current;
    const plot = new uPlot(
      { ...optionsOf(current), hooks: { ...optionsOf(current).hooks, ...decorations(current) } },
      dataOf(current().tags),
      frame.current,
    );
    chart.current = plot;
    return () => {
      chart.current = null;
      plot.destroy();
    };
  }, [made]);
  useEffect(() => {
    const plot = chart.current;
    if (plot === null) return;
    if (plot.width !== width || plot.height !== height) plot.setSize({ width, height });
  }, [width, height]);
  useEffect(() => {
    chart.current?.setData(dataOf(tags));
  }, [tags, shown.startMs, shown.endMs]);

  return <div class="pane" ref={frame} style={{ height: `${height}px` }} />;
}

/** All lines over the union of their times. A null ends a line; where a line has no point, it goes on. */
function dataOf(tags: readonly ShownTag[]): uPlot.AlignedData {
  if (tags.length === 0) return [[]];
  return uPlot.join(tags.map(({ trace }): uPlot.AlignedData => [trace.timesMs, trace.values]));
}
