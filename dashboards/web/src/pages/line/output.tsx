// The plant's output, counted once at the last stage: the year against its target, and the pace it needs.

import type { ComponentChildren } from "preact";
import type { Line, Production } from "../../api/types";
import { deviation, quantity, tonnes } from "../../format/number";
import { site } from "../../state/store";
import { plantStamp } from "../../ui/instant";
import { nameOf, words } from "../../words";
import { Bullet } from "./bullet";
import { comparablePlan } from "./unknown";
import { UnknownPart } from "./windows";

export function Output({ line, production }: { line: Line; production: Production }) {
  const text = words.value.line;
  const { output, catch_up_t_per_h: catchUp, planned_now: planned } = production;
  const stage = line.stages.find(({ id }) => id === line.output_stage);
  const year = output.windows.year;
  const target = site.value?.target_t ?? null;
  const capacity = stage?.capacity_t_per_h ?? null;
  return (
    <section class="output" data-testid="output">
      <div class="output-head">
        <h2>{text.output(stage === undefined ? line.output_stage : nameOf(stage))}</h2>
        <p class="dim">
          {production.closed_through !== null && text.accountedTo(plantStamp(production.closed_through))}
        </p>
      </div>
      <div class="figures">
        <Figure name={text.yearToDate} big>
          {tonnes(year.actual_t)}
          <UnknownPart window={year} named />
        </Figure>
        <Figure name={year.known_share < 1 ? text.planKnown : text.planToDate}>
          {tonnes(comparablePlan(year))}
        </Figure>
        <Figure name={text.deviation}>{deviation(year.deviation_pct)}</Figure>
        <Figure name={text.target(site.value?.year ?? 0)}>{tonnes(target)}</Figure>
        <Figure name={text.rateNow} big>
          <span data-testid="output-rate">{quantity(output.rate_t_per_h, 2, "t/h")}</span>
        </Figure>
        <Figure name={text.requiredNow} {...(planned ? {} : { note: text.notPlanned })}>
          {planned ? quantity(output.required_t_per_h, 2, "t/h") : "—"}
        </Figure>
        <Figure
          name={text.catchUp}
          title={text.catchUpHint}
          {...(catchUp === null
            ? { note: text.catchUpUnknown }
            : capacity !== null && catchUp > capacity
              ? { note: text.beyondCapacity, abnormal: true }
              : {})}
        >
          <span data-testid="catch-up">{quantity(catchUp, 2, "t/h")}</span>
        </Figure>
      </div>
      {target !== null && (
        <Bullet
          actual={year.actual_t}
          required={year.plan_t}
          end={target}
          low={false}
          label={text.bullet(tonnes(year.actual_t), tonnes(year.plan_t))}
        />
      )}
    </section>
  );
}

type FigureProps = { name: string; big?: boolean; title?: string; note?: string; abnormal?: boolean; children: ComponentChildren };

function Figure({ name, big = false, title, note, abnormal = false, children }: FigureProps) {
  return (
    <dl class={`figure ${big ? "big" : ""}`} {...(title === undefined ? {} : { title })}>
      <dt>{name}</dt>
      <dd>{children}</dd>
      {note !== undefined && <dd class={`figure-note ${abnormal ? "abnormal" : ""}`}>{note}</dd>}
    </dl>
  );
}
