// The alarms: what is active now, and what has been.

import { useState } from "preact/hooks";
import { go, hashOf, route } from "../../route";
import { isByRoot } from "../../state/arrangement";
import { alarms, held, isLost } from "../../state/store";
import { words } from "../../words";
import { AckAll } from "./ackall";
import { ArrangementSwitch, RootTable } from "./arrangement";
import { AlarmFilter, fits } from "./filter";
import { Held } from "./held";
import { History } from "./history";
import { AlarmKpi } from "./kpi";
import { Retrospective } from "./retrospective";
import { Rules } from "./rules";
import { AlarmTable } from "./table";

const tabs = ["active", "held", "history", "retrospective", "kpi", "rules"] as const;
type Tab = (typeof tabs)[number];

export function AlarmsPage() {
  const text = words.value.alarms;
  const titles: Record<Tab, string> = {
    active: text.active,
    held: held.value === 0 ? words.value.alarmDesk.tab : words.value.alarmDesk.tabWith(held.value),
    history: text.history,
    retrospective: text.retrospective.tab,
    kpi: words.value.alarmKpi.tab,
    rules: words.value.guidance.rules.tab,
  };
  const { params } = route.value;
  const tab = tabs.find((each) => each === params.get("tab")) ?? "active";
  const stage = params.get("stage") ?? "";
  const [search, setSearch] = useState("");

  function show(next: { tab?: Tab; stage?: string }): void {
    const chosen = next.tab ?? tab;
    go(hashOf("alarms", { tab: chosen === "active" ? "" : chosen, stage: next.stage ?? stage }), { replace: true });
  }

  return (
    <div class={`alarms ${isLost.value ? "old" : ""}`}>
      <h1 class="hidden">{text.title}</h1>
      <div class="toolbar">
        <div class="tabs" role="group" aria-label={text.title}>
          {tabs.map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={tab === each}
              data-testid={`alarms-${each}`}
              onClick={() => show({ tab: each })}
            >
              {titles[each]}
            </button>
          ))}
        </div>
        {(tab === "active" || tab === "retrospective") && (
          <>
            {tab === "active" && <ArrangementSwitch />}
            <AlarmFilter stage={stage} search={search} onStage={(id) => show({ stage: id })} onSearch={setSearch} />
          </>
        )}
      </div>
      {tab === "active" && <Active stage={stage} search={search} />}
      {tab === "held" && <Held />}
      {tab === "history" && <History />}
      {tab === "retrospective" && <Retrospective stage={stage} search={search} />}
      {tab === "kpi" && <AlarmKpi />}
      {tab === "rules" && <Rules />}
    </div>
  );
}

type FilterProps = { stage: string; search: string };

function Active(filter: FilterProps) {
  const text = words.value.alarms;
  const active = alarms.value;
  if (active === null) return <p class="waiting">{text.loading}</p>;
  const shown = active.filter((alarm) => fits(alarm, filter));
  if (shown.length === 0) {
    return <p class="waiting">{active.length === 0 ? text.noneActive : text.noneFound}</p>;
  }
  return (
    <>
      <AckAll shown={shown} />
      {isByRoot.value ? <RootTable alarms={shown} /> : <AlarmTable alarms={shown} />}
    </>
  );
}
