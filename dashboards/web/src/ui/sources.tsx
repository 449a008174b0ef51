// The states of the connectors: short in the head of each page, in full at the foot of the line.

import type { Source } from "../api/types";
import { age } from "../format/age";
import { isLost, serverNowMs } from "../state/store";
import { words } from "../words";
import { Instant, plantStamp } from "./instant";

const symbols: Record<Source["state"], string> = {
  connected: "●",
  connecting: "◌",
  failed: "✖",
  lost: "✖",
  ended: "■",
};

/** Only what is not in order, so that a calm plant shows nothing. */
export function SourceMarks({ sources }: { sources: readonly Source[] }) {
  const troubled = sources.filter(({ state }) => state !== "connected" && state !== "ended");
  return (
    <span class="source-marks">
      {troubled.map(({ name, state }) => (
        <span key={name} class={`source-mark ${state}`}>
          {symbols[state]} {words.value.sources.one(name, words.value.sources.states[state])}
        </span>
      ))}
    </span>
  );
}

export function SourceStrip({ sources }: { sources: readonly Source[] }) {
  const text = words.value.sources;
  return (
    <footer class={`sources ${isLost.value ? "old" : ""}`} aria-label={text.title}>
      <h2>{text.title}</h2>
      {sources.length === 0 && <p>{text.none}</p>}
      <ul>
        {sources.map((source) => (
          <li key={source.name} data-testid={`source-${source.name}`} data-state={source.state}>
            <span class={`source-mark ${source.state}`}>
              {symbols[source.state]} {text.states[source.state]}
            </span>{" "}
            <b>{source.name}</b> <span class="dim">{source.kind}</span>{" "}
            <span class="dim">
              {text.since("")}
              <Instant at={source.since} />
            </span>
            {source.error !== null && <span class="source-error">{source.error}</span>}
            {source.groups.map((group) => (
              <Group key={group.group} group={group} />
            ))}
          </li>
        ))}
      </ul>
    </footer>
  );
}

function Group({ group }: { group: Source["groups"][number] }) {
  const text = words.value.sources;
  const until = group.covered_until;
  const short = group.group.split("/").at(-1) ?? group.group;
  return (
    <span class={`group ${group.stale ? "stale" : "dim"}`}>
      {short}:{" "}
      {until === null
        ? text.neverCovered
        : group.stale
          ? `${words.value.stale(age(serverNowMs.value - Date.parse(until), words.value))}, ${text.coveredUntil(plantStamp(until))}`
          : text.coveredUntil(plantStamp(until))}
    </span>
  );
}
