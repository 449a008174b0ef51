// What happened to an alarm, step by step: when, who, why, and why nobody was called.

import type { Transition } from "../../api/types";
import { digitsForNumbers, quantity } from "../../format/number";
import { Instant, plantStamp } from "../../ui/instant";
import { words } from "../../words";

/** A step that was recorded this much after it happened came of late data, and says so. */
const LATE_MS = 60_000;

export function Steps({ steps, unit, limit }: { steps: readonly Transition[]; unit: string; limit: number | null }) {
  const text = words.value.alarms;
  const desk = words.value.alarmDesk;
  return (
    <ol class="steps">
      {steps.map((step) => (
        <li key={step.id} class={step.kind}>
          <Instant at={step.at} /> <b>{text.kinds[step.kind]}</b>
          {step.value !== null && ` ${quantity(step.value, digitsForNumbers([step.value, limit]), unit)}`}
          {step.by !== null && ` · ${step.by}`}
          {step.quiet !== null && (
            <span class="dim">
              {" "}
              · {desk.nobodyCalled}: {words.value.alarmHistory.quietReasons[step.quiet]}
            </span>
          )}
          {Date.parse(step.recorded_at) - Date.parse(step.at) > LATE_MS && (
            <span class="dim"> · {text.recorded(plantStamp(step.recorded_at))}</span>
          )}
          {step.comment !== null && <q>{step.comment}</q>}
        </li>
      ))}
    </ol>
  );
}
