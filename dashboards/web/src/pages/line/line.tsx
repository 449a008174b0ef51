// The line at a glance: what the plant has made, the eight stages in the order of flow, the sources.

import type { Line, Production } from "../../api/types";
import { alarms, isLost, line, lineError, production, sources } from "../../state/store";
import { SourceStrip } from "../../ui/sources";
import { words } from "../../words";
import { ForecastCard } from "./forecast";
import { Output } from "./output";
import { StageTile } from "./stage";

export function LinePage() {
  const text = words.value.line;
  const graph = line.value;
  const made = production.value;
  return (
    <div class={`line ${isLost.value ? "old" : ""}`}>
      <h1 class="hidden">{text.title}</h1>
      {graph === null || made === null ? (
        <p class="waiting">{graph === null && lineError.value !== null ? text.failed(lineError.value) : text.loading}</p>
      ) : (
        <>
          <Output line={graph} production={made} />
          <ForecastCard />
          <Stages line={graph} production={made} />
        </>
      )}
      {sources.value !== null && <SourceStrip sources={sources.value} />}
    </div>
  );
}

function Stages({ line, production }: { line: Line; production: Production }) {
  const byId = new Map(production.stages.map((stage) => [stage.id, stage]));
  return (
    <ol class="stages" aria-label={words.value.line.stage}>
      {line.stages.map((stage, index) => (
        <StageTile
          key={stage.id}
          stage={stage}
          production={byId.get(stage.id) ?? null}
          plannedNow={production.planned_now}
          alarms={(alarms.value ?? []).filter((alarm) => alarm.stage === stage.id)}
          place={index + 1}
        />
      ))}
    </ol>
  );
}
