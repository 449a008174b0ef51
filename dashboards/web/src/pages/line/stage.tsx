// One stage: its rate against the required rate, its tonnes against plan, and how sure that is.

import type { Alarm, Stage, StageProduction } from "../../api/types";
import { age } from "../../format/age";
import { quantity } from "../../format/number";
import { hashOf } from "../../route";
import { needsAcknowledging } from "../../state/live";
import { serverNowMs } from "../../state/store";
import { Mark } from "../../ui/mark";
import { nameOf, words } from "../../words";
import { Bullet } from "./bullet";
import { Windows } from "./windows";

type Props = {
  stage: Stage;
  production: StageProduction | null;
  plannedNow: boolean;
  /** This stage's active alarms, most urgent first. */
  alarms: readonly Alarm[];
  place: number;
};

export function StageTile({ stage, production, plannedNow, alarms, place }: Props) {
  const text = words.value.line;
  const state = production?.state ?? "unknown";
  const staleSince = production?.stale_since ?? null;
  const rate = production?.rate_t_per_h ?? null;
  return (
    <li
      class={`stage ${state} ${staleSince === null ? "" : "stale"}`}
      data-testid={`stage-${stage.id}`}
      data-state={state}
      data-stale={staleSince !== null}
    >
      <div class="stage-head">
        <h2>
          <span class="stage-place">{place}</span> <span class="stage-id">{stage.id}</span> {nameOf(stage)}
        </h2>
        <StageAlarms stage={stage} alarms={alarms} />
      </div>
      <div class="stage-now">
        <p class="stage-rate" title={stage.hourly ? text.rate : text.batchRate}>
          <b data-testid={`stage-${stage.id}-rate`}>{quantity(rate, 2, "t/h")}</b>
        </p>
        <p class="stage-required">
          {text.required}{" "}
          {production === null || !plannedNow ? "—" : quantity(production.required_t_per_h, 2, "t/h")}
        </p>
      </div>
      <Bullet
        actual={rate}
        required={plannedNow ? (production?.required_t_per_h ?? null) : null}
        end={stage.capacity_t_per_h}
        low={state === "low"}
        label={text.bullet(quantity(rate, 2, "t/h"), quantity(production?.required_t_per_h ?? null, 2, "t/h"))}
      />
      <p class="stage-state">
        <span class="state-text">{text.states[state]}</span>
        {staleSince !== null && (
          <span class="stale-text" data-testid={`stage-${stage.id}-stale`}>
            {Date.parse(staleSince) > 0
              ? words.value.stale(age(serverNowMs.value - Date.parse(staleSince), words.value))
              : text.neverHeard}
          </span>
        )}
        {!stage.hourly && <span class="dim">{text.batches}</span>}
        {!plannedNow && <span class="dim">{text.notPlanned}</span>}
      </p>
      {production !== null && <Windows windows={production.windows} />}
    </li>
  );
}

function StageAlarms({ stage, alarms }: { stage: Stage; alarms: readonly Alarm[] }) {
  const text = words.value.line;
  const first = alarms[0];
  const label = alarms.length === 0 ? text.noAlarms : text.alarms(alarms.length);
  return (
    <a
      class="stage-alarms"
      href={hashOf("alarms", { stage: stage.id })}
      title={label}
      aria-label={`${nameOf(stage)}: ${label}`}
      data-testid={`stage-${stage.id}-alarms`}
    >
      {first !== undefined && (
        <>
          <Mark
            priority={first.priority}
            hollow={!alarms.some((a) => a.priority === first.priority && needsAcknowledging(a))}
          />
          <span>{words.value.alarms.priorities[first.priority]}</span>
          {alarms.length > 1 && <b>×{alarms.length}</b>}
        </>
      )}
    </a>
  );
}
