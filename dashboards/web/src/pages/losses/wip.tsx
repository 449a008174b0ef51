// What lies before and in each stage since its last stock-taking, and how long it takes to pass.

import type { LineWip, StageWip } from "../../api/losses";
import { age } from "../../format/age";
import { tonnes } from "../../format/number";
import { plantStamp } from "../../ui/instant";
import { words } from "../../words";
import { stageName } from "./reasons";

const HOUR_MS = 3_600_000;

export function InProgress({ wip, isShown }: { wip: LineWip; isShown: (stage: string) => boolean }) {
  const text = words.value.losses.wip;
  const { total } = wip;
  return (
    <section class="loss-card" data-testid="losses-wip">
      <h2>{text.title}</h2>
      <div class="scroll">
        <table class="kpis">
          <thead>
            <tr>
              <th scope="col">{words.value.losses.stage}</th>
              <th scope="col" class="number">
                {text.now}
              </th>
              <th scope="col" class="number">
                {text.finished}
              </th>
              <th scope="col" class="number">
                {text.lead}
              </th>
              <th scope="col">{text.since}</th>
            </tr>
          </thead>
          <tbody>
            {wip.stages
              .filter(({ stage }) => isShown(stage))
              .map((one) => (
                <Row key={one.stage} one={one} />
              ))}
            <tr data-testid="wip-total">
              <th scope="row">{text.total}</th>
              <Amounts one={total} />
              <td class="dim">{total.missing.length > 0 && text.missing(total.missing.map(stageName).join(", "))}</td>
            </tr>
          </tbody>
        </table>
      </div>
      <p class="dim small">{text.hint}</p>
    </section>
  );
}

function Row({ one }: { one: StageWip }) {
  const text = words.value.losses.wip;
  const { since } = one;
  return (
    <tr data-testid={`wip-${one.stage}`}>
      <th scope="row">{stageName(one.stage)}</th>
      <Amounts one={one} />
      <td class="dim">
        {since !== null && text.found(tonnes(since.stock_t), plantStamp(since.at), since.by)}
        {one.unknown !== null && text.unknown[one.unknown]}
      </td>
    </tr>
  );
}

type Amount = Pick<StageWip, "wip_t" | "uncertainty_t" | "finished_t" | "lead_time_h">;

/** The dash where it is not known: never a nought. */
function Amounts({ one }: { one: Amount }) {
  const text = words.value.losses.wip;
  return (
    <>
      <td class="number">
        {tonnes(one.wip_t)} {one.uncertainty_t !== null && <span class="dim">{text.within(tonnes(one.uncertainty_t))}</span>}
      </td>
      <td class="number">{tonnes(one.finished_t)}</td>
      <td class="number">{one.lead_time_h === null ? "—" : age(one.lead_time_h * HOUR_MS, words.value)}</td>
    </>
  );
}
