// The controls above the past alarms: which of them, and all their steps as a file.

import { useEffect, useRef, useState } from "preact/hooks";
import { QUIET_REASONS } from "../../api/alarmhistory";
import { line } from "../../state/store";
import { nameOf, words } from "../../words";
import { type HistoryAsked, isPlain, RANGES } from "./historyfilter";

const SETTLED_MS = 400;
const states = ["unacknowledged", "acknowledged", "returned", "latched", "normal"] as const;
const priorities = [1, 2, 3, 4] as const;

type Props = { asked: HistoryAsked; exported: string; onAsk(next: Partial<HistoryAsked>): void };

export function HistoryBar({ asked, exported, onAsk }: Props) {
  const text = words.value.alarmHistory;
  const { allStages, search, stageFilter, priorities: urgency, states: phases } = words.value.alarms;
  return (
    <div class="history-bar" role="group" aria-label={text.filters} data-testid="history-bar">
      <Choice name="range" label={text.range} value={asked.range} onPick={(range) => onAsk({ range: range as HistoryAsked["range"] })}>
        {RANGES.map((each) => (
          <option key={each} value={each}>
            {text.ranges[each]}
          </option>
        ))}
      </Choice>
      {asked.range === "between" && (
        <>
          <Moment name="from" label={text.from} value={asked.from} onSet={(from) => onAsk({ from })} />
          <Moment name="to" label={text.to} value={asked.to} onSet={(to) => onAsk({ to })} />
        </>
      )}
      <Choice name="stage" label={stageFilter} value={asked.stage} onPick={(stage) => onAsk({ stage })}>
        <option value="">{allStages}</option>
        {(line.value?.stages ?? []).map((each) => (
          <option key={each.id} value={each.id}>
            {each.id} {nameOf(each)}
          </option>
        ))}
      </Choice>
      <Choice name="priority" label={text.priority} value={asked.priority} onPick={(priority) => onAsk({ priority })}>
        <option value="">{text.anyPriority}</option>
        {priorities.map((each) => (
          <option key={each} value={`${each}`}>
            {each} {urgency[each]}
          </option>
        ))}
      </Choice>
      <Choice name="state" label={text.state} value={asked.state} onPick={(state) => onAsk({ state })}>
        <option value="">{text.anyState}</option>
        {states.map((each) => (
          <option key={each} value={each}>
            {phases[each]}
          </option>
        ))}
      </Choice>
      <Choice name="quiet" label={text.quiet} value={asked.quiet} onPick={(quiet) => onAsk({ quiet })}>
        <option value="">{text.anyQuiet}</option>
        {QUIET_REASONS.map((each) => (
          <option key={each} value={each}>
            {text.quietReasons[each]}
          </option>
        ))}
      </Choice>
      <Written name="text" label={text.text} short={search} value={asked.text} onWrite={(written) => onAsk({ text: written })} />
      <Written name="rule" label={text.rule} value={asked.rule} onWrite={(rule) => onAsk({ rule })} />
      <Written name="person" label={text.person} value={asked.person} onWrite={(person) => onAsk({ person })} />
      {!isPlain(asked) && (
        <button
          type="button"
          class="quiet"
          data-testid="history-clear"
          onClick={() => onAsk({ range: "month", stage: "", rule: "", priority: "", state: "", text: "", person: "", quiet: "" })}
        >
          {text.clear}
        </button>
      )}
      <a class="export" href={exported} download title={text.exportHint} data-testid="history-export">
        {text.export}
      </a>
    </div>
  );
}

type ChoiceProps = { name: string; label: string; value: string; onPick(value: string): void; children: preact.ComponentChildren };

function Choice({ name, label, value, onPick, children }: ChoiceProps) {
  return (
    <select aria-label={label} value={value} data-testid={`history-${name}`} onChange={(event) => onPick(event.currentTarget.value)}>
      {children}
    </select>
  );
}

type MomentProps = { name: string; label: string; value: string; onSet(value: string): void };

function Moment({ name, label, value, onSet }: MomentProps) {
  return (
    <input
      type="datetime-local"
      aria-label={label}
      title={label}
      value={value}
      data-testid={`history-${name}`}
      onChange={(event) => onSet(event.currentTarget.value)}
    />
  );
}

type WrittenProps = { name: string; label: string; short?: string; value: string; onWrite(value: string): void };

/** Asks once the writing has come to rest. */
function Written({ name, label, short = label, value, onWrite }: WrittenProps) {
  const [now, setNow] = useState(value);
  const waiting = useRef(0);
  useEffect(() => setNow(value), [value]);
  useEffect(() => () => clearTimeout(waiting.current), []);
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={short}
      value={now}
      maxLength={80}
      data-testid={`history-${name}`}
      onInput={(event) => {
        const written = event.currentTarget.value;
        setNow(written);
        clearTimeout(waiting.current);
        waiting.current = window.setTimeout(() => onWrite(written.trim()), SETTLED_MS);
      }}
    />
  );
}
