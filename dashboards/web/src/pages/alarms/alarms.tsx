// The alarms: what is active now, and what has been.

import { useEffect, useState } from "preact/hooks";
import { CallFailed, rest } from "../../api/rest";
import type { Alarm } from "../../api/types";
import { go, hashOf, route } from "../../route";
import { alarms, isLost } from "../../state/store";
import { words } from "../../words";
import { AlarmFilter, fits } from "./filter";
import { Retrospective } from "./retrospective";
import { AlarmTable } from "./table";

type Tab = "active" | "history" | "retrospective";

export function AlarmsPage() {
  const text = words.value.alarms;
  const { params } = route.value;
  const asked = params.get("tab");
  const tab: Tab = asked === "history" || asked === "retrospective" ? asked : "active";
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
          {(["active", "history", "retrospective"] as const).map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={tab === each}
              data-testid={`alarms-${each}`}
              onClick={() => show({ tab: each })}
            >
              {each === "retrospective" ? text.retrospective.tab : text[each]}
            </button>
          ))}
        </div>
        <AlarmFilter stage={stage} search={search} onStage={(id) => show({ stage: id })} onSearch={setSearch} />
      </div>
      {tab === "active" && <Active stage={stage} search={search} />}
      {tab === "history" && <History stage={stage} search={search} />}
      {tab === "retrospective" && <Retrospective stage={stage} search={search} />}
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
  return <AlarmTable alarms={shown} />;
}

const PAGE = 100;
/** The longest list that is read at once. */
const MOST = 500;

function History(filter: FilterProps) {
  const text = words.value.alarms;
  const [found, setFound] = useState<readonly Alarm[] | null>(null);
  const [more, setMore] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function load(before: readonly Alarm[], limit: number): Promise<void> {
    try {
      const { alarms: next } = await rest.alarms("all", limit, before.length);
      const known = new Set(before.map(({ id }) => id)); // new alarms push older ones to the next page
      setFound([...before, ...next.filter(({ id }) => !known.has(id))]);
      setMore(next.length === limit);
      setProblem(null);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      setProblem(error.detail);
    }
  }

  // What is active is part of the history: read it again when the active list changes.
  useEffect(() => void load([], Math.min(MOST, Math.max(PAGE, found?.length ?? 0))), [alarms.value]);

  if (problem !== null) return <p class="waiting problem">{text.failed(problem)}</p>;
  if (found === null) return <p class="waiting">{text.loading}</p>;
  const shown = found.filter((alarm) => fits(alarm, filter));
  return (
    <>
      {shown.length === 0 ? (
        <p class="waiting">{found.length === 0 ? text.noneEver : text.noneFound}</p>
      ) : (
        <AlarmTable alarms={shown} />
      )}
      {more && (
        <button type="button" class="more" onClick={() => void load(found, PAGE)}>
          {text.more}
        </button>
      )}
    </>
  );
}
