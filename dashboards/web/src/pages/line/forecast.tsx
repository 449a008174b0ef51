// What the shift, month and year will have made: the middle, how sure that is, and why it changed.

import { useEffect } from "preact/hooks";
import type { Forecast, ForecastChange, NoForecast, PeriodForecast } from "../../api/types";
import { chance, fixed, signedTonnes, tonneDigits, tonnes } from "../../format/number";
import { followForecast, forecast, forecastError } from "../../state/forecast";
import { plantStamp } from "../../ui/instant";
import { words } from "../../words";
import { bandScale, commonReason, partsShown, placeOn } from "./bandscale";

const shown = ["shift", "month", "year"] as const;
const changeParts = ["produced", "rate", "availability", "calendar", "now"] as const;
const HARDLY = 0.2;

export function ForecastCard() {
  const text = words.value.forecast;
  useEffect(followForecast, []);
  const said = forecast.value;
  return (
    <section class="forecast" data-testid="forecast">
      <div class="output-head">
        <h2>{text.title}</h2>
        <p class="dim">
          {said?.origin != null && text.madeAt(plantStamp(said.origin))}
          {said === null && forecastError.value !== null && text.failed(forecastError.value)}
        </p>
      </div>
      {said !== null && <Periods said={said} />}
    </section>
  );
}

function Periods({ said }: { said: Forecast }) {
  const reason = commonReason(said);
  if (reason !== null) return <p class="dim">{whyNot(reason, said)}</p>;
  return (
    <div class="periods">
      {shown.map((name) => (
        <Period key={name} name={name} forecast={said} />
      ))}
    </div>
  );
}

function Period({ name, forecast }: { name: (typeof shown)[number]; forecast: Forecast }) {
  const said = forecast[name];
  return (
    <div class="period" data-testid={`forecast-${name}`}>
      <h3>{words.value.line.windows[name]}</h3>
      {said === null || "reason" in said ? (
        <p class="dim">{whyNot(said === null ? "not_yet" : said.reason, forecast)}</p>
      ) : (
        <Known said={said} />
      )}
    </div>
  );
}

function whyNot(reason: NoForecast["reason"] | "not_yet", { history_h, needed_h }: Forecast): string {
  const text = words.value.forecast;
  if (reason === "not_yet") return text.notYet;
  return reason === "short_history" ? text.shortHistory(history_h, needed_h) : text.mostlyUnknown;
}

function Known({ said }: { said: PeriodForecast }) {
  const text = words.value.forecast;
  const likely = said.bands.find(({ share }) => share === 0.8);
  return (
    <>
      <p class="period-figures">
        <b>{tonnes(said.median_t)}</b>
        {likely !== undefined && (
          <span class="dim" title={text.bandHint}>
            {text.likely(range(likely.low_t, likely.high_t))}
          </span>
        )}
      </p>
      <Bands said={said} />
      <p class="period-figures">
        <span class={said.p_target < HARDLY ? "chance hardly" : "chance"}>
          {text.chance} <b>{chance(said.p_target)}</b>
        </span>
        <span class="dim">{text.plan(tonnes(said.target_t))}</span>
      </p>
      {said.change !== null && <Change change={said.change} />}
    </>
  );
}

function Bands({ said }: { said: PeriodForecast }) {
  const text = words.value.forecast;
  const scale = bandScale(said);
  const at = (value: number) => `${placeOn(scale, value).toFixed(2)}%`;
  const label = text.picture(
    tonnes(said.median_t),
    said.bands.map(({ share, low_t, high_t }) => `${fixed(share * 100, 0)} %: ${range(low_t, high_t)}`).join(", "),
    tonnes(said.target_t),
  );
  return (
    <div class="bands" role="img" aria-label={label} title={label}>
      {[...said.bands].reverse().map(({ share, low_t, high_t }) => (
        <div
          key={share}
          class={`band band-${Math.round(share * 100)}`}
          style={{ left: at(low_t), right: `${(100 - placeOn(scale, high_t)).toFixed(2)}%` }}
        />
      ))}
      <div class="band-middle" style={{ left: at(said.median_t) }} />
      <div class="bullet-required" style={{ left: at(said.target_t) }} />
    </div>
  );
}

function Change({ change }: { change: ForecastChange }) {
  const text = words.value.forecast;
  const digits = tonneDigits(change.total_t);
  const parts = partsShown(
    changeParts.map((name) => [name, change[`${name}_t`]] as const),
    digits,
  );
  return (
    <p class="period-change" data-testid="forecast-change">
      <span>{text.since(signedTonnes(change.total_t, digits))}</span>
      {parts.map(([name, amount]) => (
        <span key={name} class="dim" title={text.partHints[name]}>
          {text.parts[name]} {signedTonnes(amount, digits)}
        </span>
      ))}
    </p>
  );
}

/** "5,980 – 6,240 t" */
function range(low: number, high: number): string {
  const digits = tonneDigits(high);
  return `${fixed(low, digits)} – ${fixed(high, digits)}\u00a0t`;
}
