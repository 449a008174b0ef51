// What was told to whom, newest first, by state and destination; dead letters are tried anew or put aside.

import { useEffect, useState } from "preact/hooks";
import { type Chosen, type Delivery, type DeliveryState, type Destination, deliveryStates, post } from "../../api/deliveries";
import { fixed } from "../../format/number";
import { go, hashOf, route } from "../../route";
import { mayAcknowledge } from "../../state/store";
import { useAsking } from "../../ui/ask";
import { words } from "../../words";
import { DeliveryRow } from "./row";

const PAGE = 50;

type Props = { destinations: readonly Destination[]; news: string; onChanged(): void };

export function DeliveryList({ destinations, news, onChanged }: Props) {
  const text = words.value.deliveries;
  const { params } = route.value;
  const state = deliveryStates.find((each) => each === params.get("state")) ?? "";
  const destination = params.get("destination") ?? "";
  const [found, setFound] = useState<readonly Delivery[] | null>(null);
  const [more, setMore] = useState(false);
  const [said, setSaid] = useState<string | null>(null);
  const reading = useAsking();
  const acting = useAsking();
  const dead = destinations
    .filter(({ name }) => destination === "" || name === destination)
    .reduce((sum, one) => sum + one.dead, 0);

  function read(before: readonly Delivery[], limit: number): void {
    void reading.ask(async () => {
      const { deliveries } = await post.deliveries({ state, destination }, limit, before.at(-1)?.id ?? null);
      setFound([...before, ...deliveries]);
      setMore(deliveries.length === limit);
    });
  }
  useEffect(() => read([], Math.max(PAGE, found?.length ?? 0)), [state, destination, news]);

  function show(next: { state?: DeliveryState | ""; destination?: string }): void {
    go(hashOf("deliveries", { state: next.state ?? state, destination: next.destination ?? destination }), { replace: true });
  }
  function act(deed: "replay" | "dismiss", chosen: Chosen): void {
    setSaid(null);
    void acting.ask(async () => {
      const { deliveries: n } = await post[deed](chosen);
      setSaid(deed === "replay" ? text.replayed(n) : text.dismissed(n));
      onChanged();
    });
  }

  return (
    <section data-testid="deliveries">
      <h2>{text.list}</h2>
      <div class="toolbar">
        <label>
          {text.state}{" "}
          <select value={state} data-testid="delivery-state" onChange={(event) => show({ state: event.currentTarget.value as DeliveryState | "" })}>
            <option value="">{text.allStates}</option>
            {deliveryStates.map((each) => (
              <option key={each} value={each}>
                {text.states[each]}
              </option>
            ))}
          </select>
        </label>
        <label>
          {text.destination}{" "}
          <select value={destination} onChange={(event) => show({ destination: event.currentTarget.value })}>
            <option value="">{text.allDestinations}</option>
            {destinations.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {mayAcknowledge.value && dead > 0 && (
          <DeadLetters n={dead} busy={acting.busy} onDeed={(deed) => act(deed, destination === "" ? { all: true } : { destination })} />
        )}
      </div>
      <p role="status" class={acting.problem === null ? "" : "problem"} data-testid="deliveries-said">
        {acting.problem === null ? said : text.notDone(acting.problem)}
      </p>
      {reading.problem !== null && <p class="problem">{text.failed(reading.problem)}</p>}
      {found === null && reading.problem === null && <p class="waiting">{text.loading}</p>}
      {found?.length === 0 && <p class="dim">{text.none}</p>}
      {found !== null && found.length > 0 && (
        <table class="list-table">
          <thead>
            <tr>
              <th scope="col">{text.columns.when}</th>
              <th scope="col">{text.columns.destination}</th>
              <th scope="col">{text.columns.what}</th>
              <th scope="col">{text.columns.state}</th>
              <th scope="col">{text.columns.answer}</th>
            </tr>
          </thead>
          <tbody>
            {found.map((one) => (
              <DeliveryRow key={one.id} delivery={one} busy={acting.busy} onDeed={(deed) => act(deed, { ids: [one.id] })} />
            ))}
          </tbody>
        </table>
      )}
      {more && found !== null && (
        <button type="button" class="more" onClick={() => read(found, PAGE)}>
          {text.more}
        </button>
      )}
    </section>
  );
}

type DeadProps = { n: number; busy: boolean; onDeed(deed: "replay" | "dismiss"): void };

/** All of them at once; putting them aside asks first. */
function DeadLetters({ n, busy, onDeed }: DeadProps) {
  const text = words.value.deliveries;
  const [asking, setAsking] = useState(false);
  function answer(yes: boolean): void {
    setAsking(false);
    if (yes) onDeed("dismiss");
  }
  if (asking) {
    return (
      <span class="buttons">
        <span>{text.sure}</span>
        <button type="button" disabled={busy} onClick={() => answer(true)}>
          {text.yes}
        </button>
        <button type="button" onClick={() => answer(false)}>
          {text.no}
        </button>
      </span>
    );
  }
  return (
    <span class="buttons">
      <button type="button" disabled={busy} data-testid="replay-all" onClick={() => onDeed("replay")}>
        {text.replayAll(fixed(n, 0))}
      </button>
      <button type="button" disabled={busy} onClick={() => setAsking(true)}>
        {text.dismissAll}
      </button>
    </span>
  );
}
