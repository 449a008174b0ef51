// Each indicator with its target and how far it meets it; and the mix of priorities.

import {
  type AlarmIndicators,
  type AlarmTarget,
  INDICATORS,
  type IndicatorName,
  type Level,
  type MixName,
} from "../../api/alarmhistory";
import type { Priority } from "../../api/types";
import { age } from "../../format/age";
import { fixed, quantity, share } from "../../format/number";
import { Mark } from "../../ui/mark";
import { words } from "../../words";

/** Forms of their own, so that a level needs no colour. */
const marks: Record<Level, string> = { good: "●", tolerable: "◐", bad: "▲", unjudged: "○" };
const mixOf: Partial<Record<Priority, MixName>> = { 1: "critical_share", 2: "high_share", 3: "medium_share" };
const LOW_TARGET = 0.8;
/** Shorter times are written in seconds. */
const SECONDS = 120;

type Props = { of: AlarmIndicators; targets: readonly AlarmTarget[] };

export function Figures({ of, targets }: Props) {
  const text = words.value.alarmKpi;
  return (
    <section class="loss-card">
      <dl class="kpi-figures">
        {INDICATORS.map((name) => (
          <div key={name} class={`kpi-figure ${of.levels[name]}`} data-testid={`kpi-${name}`} data-level={of.levels[name]}>
            <dt>
              {text.names[name]} <span class="dim">{text.hints[name]}</span>
            </dt>
            <dd>
              <b>{written(name, valueOf(of, name))}</b> <Judged level={of.levels[name]} />
            </dd>
            <dd class="dim">{targetOf(name, targets)}</dd>
          </div>
        ))}
      </dl>
      <p class="dim small">
        {text.after} {text.unjudgedHint}
      </p>
    </section>
  );
}

export function Judged({ level }: { level: Level }) {
  return (
    <span class={`judged ${level}`}>
      <span aria-hidden="true">{marks[level]}</span> {words.value.alarmKpi.levels[level]}
    </span>
  );
}

/** Calls by priority against about 80, 15, 5 and less than 1 %; and how soon they were acknowledged. */
export function Mix({ of, targets }: Props) {
  const text = words.value.alarmKpi;
  const { priorities } = words.value.alarms;
  const answers = of.acknowledging;
  const lasted = (s: number | null) => (s === null ? "—" : s < SECONDS ? words.value.age.s(Math.round(s)) : age(s * 1000, words.value));
  return (
    <section class="loss-card">
      <h2>{text.mix}</h2>
      <div class="scroll">
        <table class="kpis" data-testid="kpi-mix">
          <thead>
            <tr>
              <th scope="col">{text.columns.priority}</th>
              <th scope="col" class="number">
                {text.columns.calls}
              </th>
              <th scope="col" class="number">
                {text.columns.share}
              </th>
              <th scope="col" class="number">
                {text.columns.target}
              </th>
              <th scope="col">{text.columns.level}</th>
            </tr>
          </thead>
          <tbody>
            {([1, 2, 3, 4] as const).map((priority) => {
              const name = mixOf[priority];
              const target = name === undefined ? LOW_TARGET : targets.find(({ indicator }) => indicator === name)?.good;
              const part = of.calls === 0 ? "—" : share(of.priorities[priority] / of.calls);
              return (
                <tr key={priority}>
                  <th scope="row">
                    <Mark priority={priority} hollow /> {priorities[priority]}
                  </th>
                  <td class="number">{fixed(of.priorities[priority], 0)}</td>
                  <td class="number">{part}</td>
                  <td class="number">{target === undefined ? "—" : text.about(percent(target))}</td>
                  <td>{name !== undefined && <Judged level={of.levels[name]} />}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <h2>{text.acknowledging}</h2>
      <dl class="kpi-answers" data-testid="kpi-answers">
        <Pair term={text.median} value={lasted(answers.median_s)} />
        <Pair term={text.p95} value={lasted(answers.p95_s)} />
        <Pair term={text.acknowledged} value={fixed(answers.acknowledged, 0)} />
        <Pair term={text.open} value={fixed(answers.open, 0)} />
        <Pair term={text.standing} value={fixed(of.standing, 0)} />
      </dl>
    </section>
  );
}

function Pair({ term, value }: { term: string; value: string }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function valueOf(of: AlarmIndicators, name: IndicatorName): number | null {
  return name === "chattering" ? of.chattering.length : of[name];
}

function written(name: IndicatorName, value: number | null): string {
  if (value === null) return "—";
  if (name.endsWith("_share")) return share(value);
  return name === "per_hour" || (name === "most_in_period" && !Number.isInteger(value)) ? fixed(value, 1) : fixed(value, 0);
}

function percent(value: number): string {
  return quantity(value * 100, 0, "%");
}

function targetOf(name: IndicatorName, targets: readonly AlarmTarget[]): string {
  const text = words.value.alarmKpi;
  const target = targets.find(({ indicator }) => indicator === name);
  if (target === undefined) return "";
  const say = (value: number) => (name.endsWith("_share") ? percent(value) : fixed(value, 0));
  return target.good === target.limit ? text.upTo(say(target.good)) : text.upToLimit(say(target.good), say(target.limit));
}
