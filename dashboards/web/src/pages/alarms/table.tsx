// The list of alarms; on a narrow screen each becomes a card (see alarms.css).

import { useState } from "preact/hooks";
import type { Alarm } from "../../api/types";
import { digitsForNumbers, fixed } from "../../format/number";
import { line } from "../../state/store";
import { AckButton } from "../../ui/ack";
import { Instant, plantStamp } from "../../ui/instant";
import { Mark } from "../../ui/mark";
import { messageOf, nameOf, words } from "../../words";
import { AlarmDetails } from "./details";

export function AlarmTable({ alarms }: { alarms: readonly Alarm[] }) {
  return (
    <table class="alarm-table">
      <AlarmHead />
      <tbody>
        {alarms.map((alarm) => (
          <AlarmRow key={alarm.id} alarm={alarm} />
        ))}
      </tbody>
    </table>
  );
}

export function AlarmHead() {
  const columns = words.value.alarms.columns;
  return (
    <thead>
      <tr>
        <th scope="col">{columns.priority}</th>
        <th scope="col">{columns.state}</th>
        <th scope="col">{columns.raised}</th>
        <th scope="col">{columns.asset}</th>
        <th scope="col">{columns.stage}</th>
        <th scope="col">{columns.message}</th>
        <th scope="col" class="number">
          {columns.value}
        </th>
        <th scope="col">{columns.acknowledged}</th>
        <th scope="col">
          <span class="hidden">{words.value.alarms.details}</span>
        </th>
      </tr>
    </thead>
  );
}

/** follows: it is shown under the alarm that it belongs to. */
export function AlarmRow({ alarm, follows = false }: { alarm: Alarm; follows?: boolean }) {
  const text = words.value.alarms;
  const [open, setOpen] = useState(false);
  const stage = line.value?.stages.find(({ id }) => id === alarm.stage);
  const details = `alarm-${alarm.id}`;
  return (
    <>
      <tr
        class={`alarm ${alarm.state} p${alarm.priority} ${follows ? "follows" : ""}`}
        data-testid="alarm-row"
        data-alarm-id={alarm.id}
        data-state={alarm.state}
        data-asset={alarm.asset}
      >
        <td class="c-priority">
          <Mark priority={alarm.priority} hollow={alarm.state === "acknowledged" || alarm.state === "normal"} />
          {text.priorities[alarm.priority]}
        </td>
        <td class="c-state">{text.states[alarm.state]}</td>
        <td class="c-raised">
          <Instant at={alarm.raised_at} />
        </td>
        <td class="c-asset">{alarm.asset}</td>
        <td class="c-stage">{stage === undefined ? (alarm.stage ?? "") : nameOf(stage)}</td>
        <td class="c-message">
          {messageOf(alarm)}
          {alarm.quiet === "chattering" && <span class="first-out">{words.value.alarmHistory.quietReasons.chattering}</span>}
          {alarm.members > 0 && (
            <span class="first-out" title={words.value.guidance.firstHint} data-testid="first-out">
              {words.value.guidance.first(alarm.members + 1)}
            </span>
          )}
        </td>
        <td class={`c-value number ${alarm.value === null && alarm.limit === null ? "none" : ""}`}>{valueAndLimit(alarm, text.limitShort)}</td>
        <td class="c-ack">
          <Acknowledged alarm={alarm} />
          <AckButton alarm={alarm} />
        </td>
        <td class="c-open">
          <button
            type="button"
            class="quiet"
            aria-expanded={open}
            aria-controls={details}
            data-testid="alarm-details"
            onClick={() => setOpen(!open)}
          >
            {text.details} <span aria-hidden="true">{open ? "▴" : "▾"}</span>
          </button>
        </td>
      </tr>
      {open && (
        <tr class="alarm-open" id={details}>
          <td colSpan={9}>
            <AlarmDetails alarm={alarm} />
          </td>
        </tr>
      )}
    </>
  );
}

function Acknowledged({ alarm }: { alarm: Alarm }) {
  if (alarm.acknowledged_at === null) return null;
  const who = alarm.acknowledged_by ?? "—";
  return (
    <span class="ack-by" data-testid="ack-by" {...(alarm.comment === null ? {} : { title: alarm.comment })}>
      {words.value.alarms.by(who, plantStamp(alarm.acknowledged_at))}
    </span>
  );
}

/** "1,189.5 / limit 1,180.0 °C" */
function valueAndLimit(alarm: Alarm, limitWord: string): string {
  const digits = digitsForNumbers([alarm.value, alarm.limit]);
  const parts: string[] = [];
  if (alarm.value !== null) parts.push(fixed(alarm.value, digits));
  if (alarm.limit !== null) parts.push(`${limitWord} ${fixed(alarm.limit, digits)}`);
  return parts.length === 0 ? "—" : `${parts.join(" / ")}${alarm.unit === "" ? "" : `\u00a0${alarm.unit}`}`;
}
