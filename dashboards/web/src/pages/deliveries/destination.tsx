// One destination: whether it takes messages, what waits for it, a test, and enabling it again.

import { useState } from "preact/hooks";
import { type Destination, post, type TestOutcome } from "../../api/deliveries";
import { fixed } from "../../format/number";
import { mayAcknowledge, user } from "../../state/store";
import { useAsking } from "../../ui/ask";
import { Instant, plantStamp } from "../../ui/instant";
import { words } from "../../words";
import { Preview } from "./preview";

type Props = { destination: Destination; onChanged(): void };

export function DestinationCard({ destination, onChanged }: Props) {
  const text = words.value.deliveries;
  const { name, state, dead, fallback } = destination;
  const [told, setTold] = useState<TestOutcome | null>(null);
  const { busy, problem, ask } = useAsking();
  const isClosed = state === "closed";

  const test = () =>
    ask(async () => {
      setTold(null);
      setTold(await post.test(name));
      onChanged();
    });
  const enable = () =>
    ask(async () => {
      await post.enable(name);
      onChanged();
    });

  return (
    <li class={`panel destination ${state}`} data-testid={`destination-${name}`} data-state={state}>
      <div class="destination-head">
        <b>{name}</b> <span class="dim">{destination.kind}</span>
        <span class={`circuit ${state} ${isClosed && destination.failures > 0 ? "failing" : ""}`}>
          {isClosed && destination.failures > 0 ? text.failing : text.circuits[state]}
        </span>
      </div>
      <p>
        {text.queue} <b>{fixed(destination.pending, 0)}</b> ·{" "}
        <span class={dead > 0 ? "problem" : ""}>
          {text.dead} <b>{fixed(dead, 0)}</b>
        </span>
      </p>
      {destination.since !== null && (
        <p class="problem">
          {text.since(plantStamp(destination.since))}
          {destination.failures > 0 && ` · ${text.failures(destination.failures)}`}
          {destination.not_before !== null &&
            ` · ${(isClosed ? text.held : text.nextProbe)(plantStamp(destination.not_before))}`}
          {destination.error !== null && <q class="answer">{destination.error}</q>}
        </p>
      )}
      <p class="dim">
        {destination.last_success_at === null ? text.never : text.success(plantStamp(destination.last_success_at))} ·{" "}
        {text.from(text.priorities[destination.min_priority])}
        {destination.per_minute !== null && ` · ${text.perMinute(destination.per_minute)}`}
        {fallback !== null && ` · ${text.fallback(fallback, fixed(destination.fallback_after_s / 60, 0))}`}
      </p>
      <div class="buttons">
        {mayAcknowledge.value && (
          <button type="button" disabled={busy} title={text.testOne(name)} aria-label={text.testOne(name)} onClick={() => void test()}>
            {busy ? text.testing : text.test}
          </button>
        )}
        {user.value?.role === "administrator" && !isClosed && (
          <button type="button" disabled={busy} title={text.enableOne(name)} aria-label={text.enableOne(name)} onClick={() => void enable()}>
            {text.enable}
          </button>
        )}
      </div>
      <p role="status" class={told !== null && told.outcome !== "delivered" ? "problem" : ""} data-testid={`said-${name}`}>
        {problem !== null && <span class="problem">{text.notDone(problem)}</span>}
        {told !== null && (
          <>
            <b>{text.outcomes[told.outcome]}</b> · {text.took(fixed(told.took_ms, 0))} <q class="answer">{told.answer}</q>
          </>
        )}
      </p>
      {mayAcknowledge.value && <Preview name={name} />}
    </li>
  );
}

/** An attempt's or a test's answer may be long: it is shown whole, and breaks anywhere. */
export function Stamp({ at }: { at: string }) {
  return (
    <span class="nowrap">
      <Instant at={at} />
    </span>
  );
}
