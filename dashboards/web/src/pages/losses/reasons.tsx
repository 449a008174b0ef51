// Finished tonnes by stage and reason, the greatest first: a Pareto.

import type { ReasonName, StageLosses } from "../../api/losses";
import { tonnes } from "../../format/number";
import { line } from "../../state/store";
import { nameOf, words } from "../../words";

const MOST = 12;
const LEAST_T = 0.05;

export function ByReason({ stages, reasons }: { stages: readonly StageLosses[]; reasons: readonly ReasonName[] }) {
  const text = words.value.losses;
  const rows = stages
    .flatMap(({ stage, by_reason }) => by_reason.map((each) => ({ stage, ...each })))
    .filter(({ lost_finished_t }) => lost_finished_t >= LEAST_T)
    .sort((a, b) => b.lost_finished_t - a.lost_finished_t)
    .slice(0, MOST);
  const most = rows[0]?.lost_finished_t ?? 1;
  return (
    <section class="loss-card" data-testid="losses-by-reason">
      <h2>{text.byReason}</h2>
      {rows.length === 0 && <p class="dim">{text.none}</p>}
      <ol class="pareto">
        {rows.map(({ stage, reason, lost_finished_t }) => (
          <li key={`${stage} ${reason}`} data-reason={reason} data-stage={stage}>
            <span class="pareto-name">
              {stageName(stage)} · {reasonName(reasons, reason)} <span class="dim">{reason}</span>
            </span>
            <span class="pareto-bar" aria-hidden="true">
              <span style={{ width: `${(100 * lost_finished_t) / most}%` }} />
            </span>
            <b class="number">{tonnes(lost_finished_t)}</b>
          </li>
        ))}
      </ol>
      {rows.length > 0 && <p class="dim small">{text.byReasonHint}</p>}
    </section>
  );
}

export function stageName(id: string): string {
  const stage = line.value?.stages.find((each) => each.id === id);
  return stage === undefined ? id : nameOf(stage);
}

export function reasonName(reasons: readonly ReasonName[], code: string): string {
  const reason = reasons.find((each) => each.reason === code);
  return reason === undefined ? code : nameOf(reason);
}
