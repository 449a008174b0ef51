// The calendar: planned downtime, shifts, and who changed the plan; engineers add and remove.

import { useEffect, useState } from "preact/hooks";
import { rest } from "../../api/rest";
import type { Calendar, CalendarChange, Changed, Downtime } from "../../api/types";
import { fixed } from "../../format/number";
import { plantTime } from "../../format/time";
import { isLost, mayPlan, serverNowMs, timeZone } from "../../state/store";
import { useAsking } from "../../ui/ask";
import { Instant, plantStamp } from "../../ui/instant";
import { words } from "../../words";
import { ChangeForm, type Change } from "./change";

const DAY_MS = 86_400_000;

export function CalendarPage() {
  const text = words.value.calendar;
  const [calendar, setCalendar] = useState<Calendar | null>(null);
  const [change, setChange] = useState<Change | null>(null);
  const [made, setMade] = useState<Changed | null>(null);
  const { problem, ask } = useAsking();

  const read = () => void ask(async () => setCalendar(await rest.calendar()));
  useEffect(read, []);
  if (calendar === null) {
    return <p class={problem === null ? "waiting" : "waiting problem"}>{problem === null ? text.loading : text.unread(problem)}</p>;
  }

  async function send(asked: CalendarChange, preview: boolean): Promise<Changed> {
    const changed = await rest.changeCalendar(asked, preview);
    if (!preview) {
      setMade(changed);
      setChange(null);
      read();
    }
    return changed;
  }

  return (
    <div class={`calendar ${isLost.value ? "old" : ""}`}>
      <h1 class="hidden">{text.title}</h1>
      <section>
        <h2>{text.downtimes}</h2>
        {calendar.downtimes.length === 0 ? (
          <p class="dim">{text.none}</p>
        ) : (
          <Downtimes calendar={calendar} onRemove={(downtime) => setChange({ remove: downtime })} />
        )}
        {mayPlan.value && change === null && (
          <button type="button" data-testid="downtime-add" onClick={() => setChange({})}>
            {text.add}
          </button>
        )}
        {change !== null && (
          <ChangeForm
            key={change.remove?.start ?? ""}
            change={change}
            version={calendar.version}
            send={send}
            onLeave={() => setChange(null)}
          />
        )}
        <p role="status" data-testid="calendar-said">
          {made === null ? "" : text.saved(made.version)}
        </p>
      </section>
      <section>
        <h2>{text.shifts}</h2>
        <p>{calendar.shifts.map(({ name, start }) => `${words.value.clock.shift(name)} ${start}`).join(" · ")}</p>
        <p class="dim">
          {text.crews(calendar.crews)}
          <br />
          {text.dayStart(calendar.day_start)}
        </p>
        <h2>{text.history}</h2>
        <Versions calendar={calendar} />
      </section>
    </div>
  );
}

function Downtimes({ calendar, onRemove }: { calendar: Calendar; onRemove(downtime: Downtime): void }) {
  const text = words.value.calendar;
  const { columns } = text;
  return (
    <table class="list-table">
      <thead>
        <tr>
          <th scope="col">{columns.start}</th>
          <th scope="col">{columns.end}</th>
          <th scope="col" class="number">
            {columns.length}
          </th>
          <th scope="col">{columns.reason}</th>
          <th scope="col">{columns.kind}</th>
        </tr>
      </thead>
      <tbody>
        {calendar.downtimes.map((one) => {
          const days = (Date.parse(one.end) - Date.parse(one.start)) / DAY_MS;
          const isComing = Date.parse(one.start) > serverNowMs.value;
          const isPast = Date.parse(one.end) <= serverNowMs.value;
          return (
            <tr key={one.start} class={isPast ? "gone" : ""} data-testid="downtime-row">
              <td class="nowrap">{edge(one.start, calendar.day_start)}</td>
              <td class="nowrap">{edge(one.end, calendar.day_start)}</td>
              <td class="number nowrap">{text.days(fixed(days, days % 1 === 0 ? 0 : 1))}</td>
              <td class="text">{one.reason}</td>
              <td>
                {text.kinds[one.kind]} {isPast && <span class="dim">{text.past}</span>}
                {isComing && mayPlan.value && (
                  <button type="button" class="quiet" data-testid="downtime-remove" aria-label={text.removing(one.reason)} onClick={() => onRemove(one)}>
                    {text.remove}
                  </button>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Versions({ calendar }: { calendar: Calendar }) {
  const text = words.value.calendar;
  if (calendar.versions.length === 0) return <p class="dim">{text.first}</p>;
  return (
    <ol class="versions">
      {calendar.versions.toReversed().map((one) => (
        <li key={one.number} data-testid="plan-version">
          <b>{text.version(one.number, plantStamp(one.effective))}</b>
          <p>{one.change}</p>
          <p>{one.reason}</p>
          <p class="dim">
            {one.by}, <Instant at={one.at} />
          </p>
        </li>
      ))}
    </ol>
  );
}

/** The date alone where the production day begins, else with the time. */
function edge(at: string, dayStart: string): string {
  const { date, time } = plantTime(Date.parse(at), timeZone.value);
  return time.slice(0, 5) === dayStart ? date : `${date} ${time.slice(0, 5)}`;
}
