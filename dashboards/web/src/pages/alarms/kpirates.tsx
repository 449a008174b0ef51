// Alarms an hour for one operator, day by day or shift by shift, against what is good and what is the limit.

import type { AlarmIndicators, AlarmKpiPeriod, AlarmTarget } from "../../api/alarmhistory";
import { fixed, share } from "../../format/number";
import { plantTime } from "../../format/time";
import { timeZone } from "../../state/store";
import { words } from "../../words";

type Props = {
  parts: readonly AlarmKpiPeriod[];
  of(period: AlarmKpiPeriod): AlarmIndicators;
  targets: readonly AlarmTarget[];
  byShift: boolean;
};

const [WIDTH, HEIGHT, LEFT, FOOT, TOP] = [1000, 190, 34, 22, 8];
const LABELS = 10;

export function Rates({ parts, of, targets, byShift }: Props) {
  const text = words.value.alarmKpi;
  const target = targets.find(({ indicator }) => indicator === "per_hour");
  if (target === undefined || parts.length === 0) return null;
  const rates = parts.map((each) => of(each).per_hour ?? 0);
  const most = Math.max(target.limit * 1.15, ...rates);
  const y = (rate: number) => TOP + (HEIGHT - FOOT - TOP) * (1 - rate / most);
  const step = (WIDTH - LEFT) / parts.length;
  const every = Math.ceil(parts.length / LABELS);
  const lines = [
    { rate: target.good, kind: "good" },
    { rate: target.limit, kind: "limit" },
  ];
  return (
    <section class="loss-card" data-testid="kpi-rates">
      <h2>
        {text.rate} <span class="dim small">{byShift ? text.rateShifts : text.rateDays}</span>
      </h2>
      <div class="scroll">
        <svg class="kpi-rates" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={text.rate}>
          <defs>
            <pattern id="unwatched" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <line x1="0" y1="0" x2="0" y2="6" />
            </pattern>
          </defs>
          {parts.map((each, at) => (
            <Bar key={each.start} period={each} of={of(each)} x={LEFT + at * step} step={step} y={y} labelled={at % every === 0} byShift={byShift} />
          ))}
          {lines.map(({ rate, kind }) => (
            <g key={kind} class={`target ${kind}`}>
              <line x1={LEFT} x2={WIDTH} y1={y(rate)} y2={y(rate)} />
              <text x={LEFT - 6} y={y(rate) + 5} text-anchor="end">
                {fixed(rate, 0)}
              </text>
            </g>
          ))}
        </svg>
      </div>
      <p class="dim small">{text.rateLines(fixed(target.good, 0), fixed(target.limit, 0))}</p>
    </section>
  );
}

type BarProps = {
  period: AlarmKpiPeriod;
  of: AlarmIndicators;
  x: number;
  step: number;
  y(rate: number): number;
  labelled: boolean;
  byShift: boolean;
};

function Bar({ period, of, x, step, y, labelled, byShift }: BarProps) {
  const text = words.value.alarmKpi;
  const { date, time } = plantTime(Date.parse(period.start), timeZone.value);
  const when = byShift ? `${date.slice(5)} ${period.shift ?? ""} ${time.slice(0, 5)}` : date.slice(5);
  const hours = (Date.parse(period.end) - Date.parse(period.start)) / 3_600_000;
  const known = hours > 0 ? Math.min(1, of.known_h / hours) : 0;
  const rate = of.per_hour === null ? "—" : fixed(of.per_hour, 1);
  const ground = y(0);
  return (
    <g class={`rate ${of.levels.per_hour}`}>
      <title>{text.bar(when, rate, fixed(of.calls, 0), share(known))}</title>
      <rect class="unwatched" x={x + step * known} y={TOP} width={step * (1 - known)} height={ground - TOP} />
      {of.per_hour !== null && (
        <rect class="calls" x={x + step * 0.14} y={y(of.per_hour)} width={step * 0.72} height={Math.max(ground - y(of.per_hour), 1)} />
      )}
      {labelled && (
        <text x={x + step / 2} y={HEIGHT - 5} text-anchor="middle">
          {when}
        </text>
      )}
    </g>
  );
}
