// Choosing the time: presets that follow, moving, zooming, and the way back.

import { isLost, serverNowMs } from "../../state/store";
import { words } from "../../words";
import { moved, rangeNames, type Span, zoomed } from "./view";

type Props = { span: Span; onSpan(span: Span): void; onBack?: () => void };

export function Toolbar({ span, onSpan, onBack }: Props) {
  const text = words.value.trends;
  const nowMs = () => serverNowMs.peek();
  return (
    <div class="trend-tools">
      <div class="tabs" role="group" aria-label={text.range}>
        {rangeNames.map((range) => (
          <button
            key={range}
            type="button"
            aria-pressed={span.kind === "live" && span.range === range}
            title={text.liveHint}
            data-testid={`range-${range}`}
            onClick={() => onSpan({ kind: "live", range })}
          >
            {text.ranges[range]}
          </button>
        ))}
      </div>
      <div class="tabs" role="group" aria-label={text.zoomIn}>
        <Tool sign="◂" name={text.earlier} onPress={() => onSpan(moved(span, -0.5, nowMs()))} />
        <Tool sign="▸" name={text.later} onPress={() => onSpan(moved(span, 0.5, nowMs()))} />
        <Tool sign="+" name={text.zoomIn} onPress={() => onSpan(zoomed(span, 0.5, nowMs()))} />
        <Tool sign="−" name={text.zoomOut} onPress={() => onSpan(zoomed(span, 2, nowMs()))} />
        <button type="button" disabled={onBack === undefined} data-testid="trend-back" onClick={() => onBack?.()}>
          {text.back}
        </button>
      </div>
      <span class={`live-mark ${span.kind}`} data-testid="trend-live">
        {span.kind === "live" && !isLost.value ? `● ${text.live}` : ""}
      </span>
    </div>
  );
}

function Tool({ sign, name, onPress }: { sign: string; name: string; onPress(): void }) {
  return (
    <button type="button" aria-label={name} title={name} onClick={onPress}>
      {sign}
    </button>
  );
}
