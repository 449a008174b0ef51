// The indicators of each stage over one shift, day or month.

import type { KpiPeriod, StageKpi } from "../../api/losses";
import { fixed, quantity, share } from "../../format/number";
import { words } from "../../words";
import { stageName } from "./reasons";

const shares = ["availability", "effectiveness", "quality_ratio", "oee_index"] as const;
const STATIONS = 3;

export function Indicators({ period, isShown }: { period: KpiPeriod; isShown: (stage: string) => boolean }) {
  const text = words.value.losses;
  const stages = period.stages.filter(({ stage }) => isShown(stage));
  const bottleneck = period.bottleneck
    .slice(0, STATIONS)
    .map(({ station, sole, shifting }) => `${station} ${share(sole + shifting)}`)
    .join(" · ");
  return (
    <section class="loss-card" data-testid="losses-kpis">
      <h2>{text.kpis}</h2>
      <div class="scroll">
        <table class="kpis">
          <thead>
            <tr>
              <th scope="col">{text.stage}</th>
              {shares.map((id) => (
                <th key={id} scope="col" class="number">
                  {text.kpi[id]}
                </th>
              ))}
              <th scope="col" class="number">
                {text.kpi.throughput_rate}
              </th>
              <th scope="col" class="number">
                {text.kpi.energy_per_tonne}
              </th>
              <th scope="col" class="number">
                {text.mtbf}
              </th>
              <th scope="col" class="number">
                {text.mttr}
              </th>
              <th scope="col" class="number">
                {text.known}
              </th>
            </tr>
          </thead>
          <tbody>
            {stages.map((stage) => (
              <Row key={stage.stage} stage={stage} />
            ))}
          </tbody>
        </table>
      </div>
      <p class="dim small">
        {bottleneck !== "" && `${text.bottleneck(bottleneck)}. `}
        {stages.some(({ kpis }) => kpis["quality_ratio"] == null) && text.noQuality}
      </p>
    </section>
  );
}

function Row({ stage }: { stage: StageKpi }) {
  return (
    <tr data-testid={`kpi-${stage.stage}`}>
      <th scope="row">{stageName(stage.stage)}</th>
      {shares.map((id) => (
        <td key={id} class="number">
          {part(stage.kpis[id])}
        </td>
      ))}
      <td class="number">{plain(stage.kpis["throughput_rate"], 2)}</td>
      <td class="number">{plain(stage.kpis["energy_per_tonne"], 0)}</td>
      <td class="number">{quantity(stage.mtbf_h, 0, "h")}</td>
      <td class="number">{quantity(stage.mttr_h, 1, "h")}</td>
      <td class="number">{part(stage.known_share)}</td>
    </tr>
  );
}

function part(value: number | null | undefined): string {
  return value == null ? "—" : share(value);
}

function plain(value: number | null | undefined, digits: number): string {
  return value == null ? "—" : fixed(value, digits);
}
