// The alarm system's indicators against the targets of ISA-18.2 and IEC 62682.

import { useEffect, useState } from "preact/hooks";
import type { AlarmIndicators, AlarmKpiPeriod, AlarmTarget } from "../../api/alarmhistory";
import type { Quiet } from "../../api/types";
import { CallFailed, rest } from "../../api/rest";
import { fixed } from "../../format/number";
import { go, hashOf, route } from "../../route";
import { serverNowMs } from "../../state/store";
import { words } from "../../words";
import { Alarmed } from "./kpialarms";
import { Figures, Mix } from "./kpifigures";
import { Rates } from "./kpirates";

const spans = ["day", "week", "month"] as const;
type Span = (typeof spans)[number];
const DAY_MS = 86_400_000;
const lengthMs: Record<Span, number> = { day: DAY_MS, week: 7 * DAY_MS, month: 30 * DAY_MS };
const EVERY_MS = 60_000;

type Found = { targets: AlarmTarget[]; whole: AlarmKpiPeriod; parts: AlarmKpiPeriod[] };

export function AlarmKpi() {
  const text = words.value.alarmKpi;
  const { params } = route.value;
  const span = spans.find((each) => each === params.get("span")) ?? "month";
  const [found, setFound] = useState<Found | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    let wanted = true;
    async function load(): Promise<void> {
      const startMs = serverNowMs.peek() - lengthMs[span];
      try {
        const [all, parts] = await Promise.all([
          rest.alarmKpis(startMs, null),
          rest.alarmKpis(startMs, span === "day" ? "shift" : "day"),
        ]);
        const [whole] = all.periods;
        if (!wanted || whole === undefined) return;
        setFound({ targets: all.targets, whole, parts: parts.periods });
        setProblem(null);
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        if (wanted) setProblem(error.detail);
      }
    }
    void load();
    const again = setInterval(() => void load(), EVERY_MS);
    return () => {
      wanted = false;
      clearInterval(again);
    };
  }, [span]);

  const positions = Object.keys(found?.whole.positions ?? {});
  const position = positions.length > 1 ? (positions.find((each) => each === params.get("position")) ?? "") : "";
  const of = (period: AlarmKpiPeriod) => period.positions[position] ?? period.plant;
  const show = (next: { span?: Span; position?: string }) =>
    go(hashOf("alarms", { tab: "kpi", span, position, ...next }), { replace: true });

  return (
    <div class="alarm-kpi" data-testid="alarm-kpi">
      <div class="toolbar">
        <div class="tabs" role="group" aria-label={text.span}>
          {spans.map((each) => (
            <button key={each} type="button" aria-pressed={span === each} data-testid={`kpi-${each}`} onClick={() => show({ span: each })}>
              {text.spans[each]}
            </button>
          ))}
        </div>
        {positions.length > 1 && (
          <select aria-label={text.position} value={position} data-testid="kpi-position" onChange={(event) => show({ position: event.currentTarget.value })}>
            <option value="">{text.plant}</option>
            {positions.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        )}
      </div>
      {problem !== null && <p class="waiting problem">{text.failed(problem)}</p>}
      {problem === null && found === null && <p class="waiting">{text.loading}</p>}
      {problem === null && found !== null && (
        <>
          <Basis period={found.whole} of={of(found.whole)} />
          <Figures of={of(found.whole)} targets={found.targets} />
          <Rates parts={found.parts} of={of} targets={found.targets} byShift={span === "day"} />
          <div class="kpi-columns">
            <Mix of={of(found.whole)} targets={found.targets} />
            <Alarmed of={of(found.whole)} names={found.whole.names} />
          </div>
        </>
      )}
    </div>
  );
}

/** What the figures rest on: without it no rate means anything. */
function Basis({ period, of }: { period: AlarmKpiPeriod; of: AlarmIndicators }) {
  const text = words.value.alarmKpi;
  const reasons = words.value.alarmHistory.quietReasons;
  const hours = (Date.parse(period.end) - Date.parse(period.start)) / 3_600_000;
  const quiet = Object.entries(of.quiet) as [Quiet, number][];
  const inAll = quiet.reduce((sum, [, n]) => sum + n, 0);
  const named = quiet.map(([reason, n]) => `${reasons[reason]} ${fixed(n, 0)}`).join(", ");
  return (
    <p class="kpi-basis" data-testid="kpi-basis">
      {text.basis(fixed(of.calls, 0), fixed(of.known_h, 1), fixed(hours, 1))}{" "}
      {of.operators > 1 && `${text.shared(of.operators)} `}
      {inAll > 0 ? text.quiet(fixed(inAll, 0), named) : text.noneQuiet}{" "}
      {text.actions(fixed(of.shelved, 0), fixed(of.suppressed, 0), fixed(of.out_of_service, 0))}
    </p>
  );
}
