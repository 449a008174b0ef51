// The mark of an alarm's priority: colour, shape and number, so that no single one has to be seen.
// Filled while unacknowledged, hollow when acknowledged.

import type { Priority } from "../api/types";
import { words } from "../words";

const shapes: Record<Priority, string> = {
  1: "M3 3h18v18H3z", // square
  2: "M12 2.5 22.5 21h-21z", // triangle on its base
  3: "M12 21.5 1.5 3h21z", // triangle on its point
  4: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20z", // circle
};
/** Where the number's base line is, so that it sits in the shape's heart. */
const baselines: Record<Priority, number> = { 1: 17, 2: 19, 3: 14, 4: 17 };

export function Mark({ priority, hollow = false }: { priority: Priority; hollow?: boolean }) {
  return (
    <svg
      class={`mark p${priority}${hollow ? " hollow" : ""}`}
      viewBox="0 0 24 24"
      role="img"
      aria-label={words.value.alarms.priorities[priority]}
    >
      <path d={shapes[priority]} />
      <text x="12" y={baselines[priority]} text-anchor="middle">
        {priority}
      </text>
    </svg>
  );
}
