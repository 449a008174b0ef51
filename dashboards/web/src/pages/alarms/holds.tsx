// Why nobody is called about an alarm: by whom it is held, until when, and why.

import type { Hold } from "../../api/types";
import { plantStamp } from "../../ui/instant";
import { words } from "../../words";

export function Holds({ holds, shadow = false }: { holds: readonly Hold[]; shadow?: boolean }) {
  const text = words.value.alarmDesk;
  const reasons = words.value.alarmHistory.quietReasons;
  if (holds.length === 0 && !shadow) return null;
  return (
    <ul class="holds" data-testid="holds">
      {holds.map((hold) => (
        <li key={hold.kind} class={hold.kind}>
          <b>{reasons[hold.kind]}</b>{" "}
          {hold.until === null ? text.since(plantStamp(hold.since)) : text.until(plantStamp(hold.until))} ·{" "}
          {hold.by ?? text.byDesign}
          <q>{hold.reason}</q>
        </li>
      ))}
      {shadow && (
        <li class="shadow">
          <b>{reasons.shadow}</b>
        </li>
      )}
    </ul>
  );
}
