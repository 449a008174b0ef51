// Trends of several tags: what is shown is in the address, so that a link shows it to somebody else.

import { signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { go, hashOf, route } from "../../route";
import { connection, isLost, onServerClock, serverNowMs } from "../../state/store";
import { words } from "../../words";
import { Charts } from "./charts";
import { Readout } from "./readout";
import { useReadings, useTags } from "./readings";
import { TagSearch } from "./search";
import { Toolbar } from "./toolbar";
import { tracesOf } from "./traces";
import { dragged, hashOfView, intervalOf, MOST_TAGS, parseView, type Span, type View } from "./view";
import "./trends.css";

/** The addresses before each zoom or move, for the way back. */
const visited = signal<readonly string[]>([]);
/** Where the pointer is, in epoch milliseconds. */
const cursorMs = signal<number | null>(null);

export function TrendsPage() {
  const text = words.value.trends;
  const { params } = route.value;
  const view = useMemo(() => parseView(params), [params]);
  const { tags, span } = view;
  const known = useTags(tags);
  // The service refuses a question that names a tag which it does not have.
  const asked = tags.filter((id) => known.get(id) !== null);
  const readings = useReadings(tags.every((id) => known.has(id)) ? asked : [], span);
  const lost = connection.value;
  const knownToMs = lost.state === "lost" ? onServerClock(lost.since_ms) : serverNowMs.value;
  const shown = intervalOf(span, span.kind === "live" ? knownToMs : 0);
  const traces = tracesOf({ tags, known, readings, shown, knownToMs });

  useEffect(() => {
    cursorMs.value = null;
  }, [route.value]);

  function show(next: View): void {
    if (JSON.stringify(next.span) !== JSON.stringify(span)) {
      visited.value = [...visited.value.slice(-49), hashOfView(view)];
    }
    go(hashOfView(next));
  }
  function showSpan(next: Span): void {
    show({ tags, span: next });
  }
  function back(): void {
    const last = visited.value.at(-1);
    if (last === undefined) return;
    visited.value = visited.value.slice(0, -1);
    go(hashOf("trends", { ...Object.fromEntries(parseHash(last)), tags: tags.join(",") }));
  }

  return (
    <div class={`trends ${isLost.value ? "old" : ""}`}>
      <h1 class="hidden">{text.title}</h1>
      <div class="toolbar">
        <TagSearch
          first={params.get("q") ?? ""}
          picked={tags}
          onPick={(id) => show({ tags: [...tags, id].slice(0, MOST_TAGS), span })}
          onDrop={(id) => show({ tags: tags.filter((tag) => tag !== id), span })}
        />
        <Toolbar span={span} onSpan={showSpan} {...(visited.value.length > 0 ? { onBack: back } : {})} />
      </div>
      {tags.length === 0 ? (
        <p class="waiting">{text.empty}</p>
      ) : (
        <>
          <Charts
            traces={traces}
            shown={shown}
            cursorMs={cursorMs}
            onZoom={(fromMs, toMs) => showSpan(dragged(fromMs, toMs))}
            span={span}
            onSpan={showSpan}
            onBack={back}
          />
          <p class="trend-note" role="status">
            {readings.problem !== null ? (
              <span class="problem">{text.failed(readings.problem)}</span>
            ) : readings.loading ? (
              text.loading
            ) : (
              <>
                <span class="key gap-key" /> {text.noData} <span class="key bad-key" /> {text.badPart}{" "}
                <span class="key uncertain-key" /> {text.uncertainPart} <span class="hint">{text.dragHint}</span>
              </>
            )}
          </p>
          <Readout
            traces={traces}
            cursorMs={cursorMs}
            onDrop={(id) => show({ tags: tags.filter((tag) => tag !== id), span })}
          />
        </>
      )}
    </div>
  );
}

function parseHash(hash: string): URLSearchParams {
  return new URLSearchParams(hash.split("?", 2)[1] ?? "");
}
