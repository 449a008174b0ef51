// The log: every attempt with what the receiver answered.

import { useEffect, useState } from "preact/hooks";
import type { Attempt, post } from "../../api/deliveries";
import { fixed } from "../../format/number";
import { route } from "../../route";
import { useAsking } from "../../ui/ask";
import { words } from "../../words";
import { Stamp } from "./destination";

const PAGE = 30;

export function DeliveryLog({ news, read }: { news: string; read: typeof post.log }) {
  const text = words.value.deliveries;
  const destination = route.value.params.get("destination") ?? "";
  const [found, setFound] = useState<readonly Attempt[] | null>(null);
  const [more, setMore] = useState(false);
  const { problem, ask } = useAsking();

  function load(before: readonly Attempt[], limit: number): void {
    void ask(async () => {
      const { attempts } = await read(destination, limit, before.at(-1)?.id ?? null);
      setFound([...before, ...attempts]);
      setMore(attempts.length === limit);
    });
  }
  useEffect(() => load([], Math.max(PAGE, found?.length ?? 0)), [destination, news]);

  return (
    <section data-testid="delivery-log">
      <h2>{text.log}</h2>
      {problem !== null && <p class="problem">{text.failed(problem)}</p>}
      {found?.length === 0 && <p class="dim">{text.noAttempts}</p>}
      {found !== null && found.length > 0 && <AttemptList attempts={found} />}
      {more && found !== null && (
        <button type="button" class="more" onClick={() => load(found, PAGE)}>
          {text.more}
        </button>
      )}
    </section>
  );
}

export function AttemptList({ attempts }: { attempts: readonly Attempt[] }) {
  const text = words.value.deliveries;
  const columns = text.logColumns;
  return (
    <table class="list-table">
      <thead>
        <tr>
          <th scope="col">{columns.when}</th>
          <th scope="col">{columns.destination}</th>
          <th scope="col">{columns.what}</th>
          <th scope="col">{columns.outcome}</th>
          <th scope="col">{columns.answer}</th>
        </tr>
      </thead>
      <tbody>
        {attempts.map((one) => (
          <tr key={one.id}>
            <td>
              <Stamp at={one.at} />
            </td>
            <td class="nowrap">{one.destination}</td>
            <td title={one.message}>
              {text.kinds[one.kind]}
              {one.notices > 0 && <span class="dim"> · {text.notices(one.notices)}</span>}
            </td>
            <td class={`nowrap ${one.outcome === "delivered" ? "" : "problem"}`}>
              {text.outcomes[one.outcome]} <span class="dim">{text.took(fixed(one.took_ms, 0))}</span>
            </td>
            <td class="text">
              <q class="answer">{one.answer}</q>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
