// Narrowing the list: by stage and by what is written in it.

import type { Alarm } from "../../api/types";
import { line } from "../../state/store";
import { nameOf, words } from "../../words";

type Props = {
  stage: string;
  search: string;
  onStage(id: string): void;
  onSearch(text: string): void;
};

export function AlarmFilter({ stage, search, onStage, onSearch }: Props) {
  const text = words.value.alarms;
  return (
    <div class="filters">
      <select
        aria-label={text.stageFilter}
        value={stage}
        data-testid="alarm-stage"
        onChange={(event) => onStage(event.currentTarget.value)}
      >
        <option value="">{text.allStages}</option>
        {(line.value?.stages ?? []).map((each) => (
          <option key={each.id} value={each.id}>
            {each.id} {nameOf(each)}
          </option>
        ))}
      </select>
      <input
        type="search"
        aria-label={text.search}
        placeholder={text.search}
        value={search}
        data-testid="alarm-search"
        onInput={(event) => onSearch(event.currentTarget.value)}
      />
    </div>
  );
}

/** Whether the alarm belongs to the stage and has the text in its names or messages, in either language. */
export function fits(alarm: Alarm, filter: { stage: string; search: string }): boolean {
  if (filter.stage !== "" && alarm.stage !== filter.stage) return false;
  const wanted = filter.search.trim().toLowerCase();
  if (wanted === "") return true;
  return [alarm.asset, alarm.tag ?? "", alarm.rule, alarm.message_en, alarm.message_zh]
    .some((written) => written.toLowerCase().includes(wanted));
}
