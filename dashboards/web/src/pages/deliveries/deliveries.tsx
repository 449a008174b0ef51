// Who was told: how the destinations stand, what waits or was given up, and the log of attempts.

import { useEffect, useState } from "preact/hooks";
import { type Destination, post } from "../../api/deliveries";
import { destinations, readDestinations } from "../../state/destinations";
import { alarms, isLost } from "../../state/store";
import { words } from "../../words";
import { DestinationCard } from "./destination";
import { DeliveryList } from "./list";
import { DeliveryLog } from "./log";

const AGAIN_MS = 5_000;

export function DeliveriesPage() {
  const text = words.value.deliveries;
  const known = destinations.value;
  const [changes, setChanges] = useState(0);
  useEffect(() => {
    void readDestinations();
    const timer = setInterval(() => void readDestinations(), AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  const queues = known.list === null ? "" : known.list.map(numbersOf).join();

  function changed(): void {
    setChanges((n) => n + 1);
    void readDestinations();
  }

  return (
    <div class={`deliveries ${isLost.value ? "old" : ""}`}>
      <h1 class="hidden">{text.title}</h1>
      <p class="dim">{text.intro}</p>
      <h2>{text.destinations}</h2>
      {known.problem !== null && <p class="problem">{text.failed(known.problem)}</p>}
      {known.list === null && known.problem === null && <p class="waiting">{text.loading}</p>}
      {known.list?.length === 0 && <p class="dim">{text.noDestinations}</p>}
      <ul class="destinations">
        {known.list?.map((one) => <DestinationCard key={one.name} destination={one} onChanged={changed} />)}
      </ul>
      <DeliveryList
        destinations={known.list ?? []}
        news={`${changes} ${queues} ${alarms.value?.length ?? 0}`}
        onChanged={changed}
      />
      <DeliveryLog news={`${changes} ${queues}`} read={post.log} />
    </div>
  );
}

/** What changes when something was delivered, failed or came. */
function numbersOf(one: Destination): string {
  return `${one.pending} ${one.dead} ${one.failures} ${one.last_success_at}`;
}
