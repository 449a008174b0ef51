// How the destinations of alarms stand, as far as it is known, for every page.

import { computed, effect, signal } from "@preact/signals";
import { type Destination, post } from "../api/deliveries";
import { CallFailed } from "../api/rest";
import { user } from "./store";

type Known = { list: readonly Destination[] | null; problem: string | null };

export const destinations = signal<Known>({ list: null, problem: null });

/** Those that do not take messages, or have dead letters: somebody should look. */
export const troubled = computed(() =>
  (destinations.value.list ?? []).filter(({ state, dead }) => state !== "closed" || dead > 0),
);

const EVERY_MS = 30_000;

export async function readDestinations(): Promise<void> {
  try {
    destinations.value = { list: (await post.destinations()).destinations, problem: null };
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    destinations.value = { list: destinations.value.list, problem: error.detail };
  }
}

/** Reads them now and then while somebody is logged in. */
export function followDestinations(): void {
  effect(() => {
    if (user.value === null) return;
    void readDestinations();
    const timer = setInterval(() => void readDestinations(), EVERY_MS);
    return () => clearInterval(timer);
  });
}
