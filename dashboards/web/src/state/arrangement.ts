// How the list of alarms is arranged: one by one, or by what they follow from.

import { computed, signal } from "@preact/signals";
import { floods } from "./store";

/** null: nobody has chosen yet; then a flood is arranged by cause. */
export const arrangement = signal<"single" | "root" | null>(null);

export const isByRoot = computed(() =>
  arrangement.value === null ? floods.value.some(({ since }) => since !== null) : arrangement.value === "root",
);
