// Which alarms make the load: the most frequent, those that chatter or are stale, and the floods.

import type { AlarmIndicators, NamedAlarm } from "../../api/alarmhistory";
import { fixed, share } from "../../format/number";
import { hashOf } from "../../route";
import { plantStamp } from "../../ui/instant";
import { Mark } from "../../ui/mark";
import { messageOf, words } from "../../words";

type Props = { of: AlarmIndicators; names: Record<string, NamedAlarm> };

export function Alarmed({ of, names }: Props) {
  const text = words.value.alarmKpi;
  return (
    <section class="loss-card">
      <h2>{text.top}</h2>
      {of.top.length === 0 && <p class="dim">{text.none}</p>}
      <ol class="kpi-top" data-testid="kpi-top">
        {of.top.map((each) => (
          <li key={each.definition}>
            <Named definition={each.definition} names={names} />
            <span class="pareto-bar" aria-hidden="true">
              <span style={{ width: `${100 * each.share}%` }} />
            </span>
            <span class="number">
              {fixed(each.calls, 0)} · {share(each.share)}
            </span>
          </li>
        ))}
      </ol>
      <Several title={text.chattering} definitions={of.chattering} names={names} />
      <Several title={text.stale} definitions={of.stale} names={names} />
      <h2>{text.floods}</h2>
      {of.floods.length === 0 && <p class="dim">{text.noFloods}</p>}
      <ul data-testid="kpi-floods">
        {of.floods.map((flood) => (
          <li key={flood.start}>
            {text.flood(plantStamp(flood.start), flood.end === null ? text.goesOn : plantStamp(flood.end), flood.alarms)}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Several({ title, definitions, names }: { title: string; definitions: readonly string[]; names: Props["names"] }) {
  return (
    <>
      <h2>{title}</h2>
      {definitions.length === 0 && <p class="dim">{words.value.alarmKpi.none}</p>}
      <ul>
        {definitions.map((each) => (
          <li key={each}>
            <Named definition={each} names={names} />
          </li>
        ))}
      </ul>
    </>
  );
}

/** Leads to what the history has of it. */
function Named({ definition, names }: { definition: string; names: Props["names"] }) {
  const known = names[definition];
  if (known === undefined) return <span class="kpi-alarm">{definition}</span>;
  return (
    <a
      class="kpi-alarm"
      title={words.value.alarmKpi.showHistory}
      href={hashOf("alarms", { tab: "history", rule: known.rule, text: known.asset })}
    >
      <Mark priority={known.priority} hollow /> {known.asset} <span class="dim">{messageOf(known)}</span>
    </a>
  );
}
