// What was lost, and why: by reason, event by event, and the indicators made of it.

import { useEffect, useState } from "preact/hooks";
import { CallFailed, rest } from "../../api/rest";
import type { KpiPeriod, KpiPeriodKind, LineWip, Losses, LossEvent } from "../../api/losses";
import { go, hashOf, route } from "../../route";
import { isLost, line, production, serverNowMs } from "../../state/store";
import { plantStamp } from "../../ui/instant";
import { nameOf, words } from "../../words";
import { Events } from "./events";
import { Indicators } from "./indicators";
import { ByReason } from "./reasons";
import { InProgress } from "./wip";

const spans = ["shift", "day", "week", "month"] as const;
type Span = (typeof spans)[number];
const EVERY_MS = 60_000;
const WEEK_MS = 7 * 86_400_000;
const periodOf: Record<Span, KpiPeriodKind> = { shift: "shift", day: "day", week: "month", month: "month" };

export function LossesPage() {
  const text = words.value.losses;
  const { params } = route.value;
  const span = spans.find((each) => each === params.get("span")) ?? "day";
  const stage = params.get("stage") ?? "";
  const [found, setFound] = useState<Losses | null>(null);
  const [period, setPeriod] = useState<KpiPeriod | null>(null);
  const [wip, setWip] = useState<LineWip | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const startMs = startOf(span);
  const ready = startMs !== null;

  async function load(): Promise<void> {
    if (startMs === null) return;
    try {
      const [losses, kpis, lying] = await Promise.all([rest.losses(startMs), rest.kpis(periodOf[span], startMs), rest.wip()]);
      setFound(losses);
      setPeriod(kpis.periods.at(-1) ?? null);
      setWip(lying);
      setProblem(null);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      setProblem(error.detail);
    }
  }

  useEffect(() => {
    void load();
    const again = setInterval(() => void load(), EVERY_MS);
    return () => clearInterval(again);
  }, [span, ready]);

  function show(next: { span?: Span; stage?: string }): void {
    go(hashOf("losses", { span: next.span ?? span, stage: next.stage ?? stage }), { replace: true });
  }

  function said(event: LossEvent): void {
    setFound((before) =>
      before === null ? null : { ...before, events: before.events.map((each) => (each.unit === event.unit && each.start === event.start ? event : each)) },
    );
    void load(); // the sums by reason have changed as well
  }

  const isShown = (each: string) => stage === "" || each === stage;
  return (
    <div class={`losses ${isLost.value ? "old" : ""}`}>
      <h1 class="hidden">{text.title}</h1>
      <div class="toolbar">
        <div class="tabs" role="group" aria-label={text.span}>
          {spans.map((each) => (
            <button key={each} type="button" aria-pressed={span === each} data-testid={`losses-${each}`} onClick={() => show({ span: each })}>
              {text.spans[each]}
            </button>
          ))}
        </div>
        <select class="quiet" aria-label={text.stage} value={stage} onChange={(event) => show({ stage: event.currentTarget.value })}>
          <option value="">{text.allStages}</option>
          {(line.value?.stages ?? []).map((each) => (
            <option key={each.id} value={each.id}>
              {nameOf(each)}
            </option>
          ))}
        </select>
        {found?.through != null && <span class="dim">{text.through(plantStamp(found.through))}</span>}
      </div>
      {problem !== null && <p class="waiting problem">{text.failed(problem)}</p>}
      {problem === null && found === null && <p class="waiting">{text.loading}</p>}
      {found !== null && found.through === null && <p class="waiting">{text.noneKnown}</p>}
      {found !== null && found.through !== null && (
        <>
          <ByReason stages={found.stages.filter((each) => isShown(each.stage))} reasons={found.reasons} />
          {period !== null && <Indicators period={period} isShown={isShown} />}
          {wip !== null && <InProgress wip={wip} isShown={isShown} />}
          <Events
            events={found.events.filter((event) => isShown(event.stage))}
            more={found.more_events}
            reasons={found.reasons}
            onSaid={said}
            onConflict={() => void load()}
          />
        </>
      )}
    </div>
  );
}

/** Begin of the span; the service says when shift, day and month began. null: not known yet. */
function startOf(span: Span): number | null {
  if (span === "week") return serverNowMs.peek() - WEEK_MS;
  const windows = production.value?.output.windows;
  return windows === undefined ? null : Date.parse(windows[span].start);
}
