// How the list of alarms is arranged: one by one, or by what they follow from.

import { useState } from "preact/hooks";
import type { Alarm } from "../../api/types";
import { arrangement, isByRoot } from "../../state/arrangement";
import { countByPriority } from "../../state/live";
import { byRoot, type Root } from "../../state/roots";
import { Mark } from "../../ui/mark";
import { words } from "../../words";
import { AlarmHead, AlarmRow } from "./table";

export function ArrangementSwitch() {
  const text = words.value.floods;
  return (
    <div class="tabs" role="group" aria-label={text.arrangement}>
      {(["single", "root"] as const).map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={isByRoot.value === (each === "root")}
          data-testid={`arrange-${each}`}
          onClick={() => (arrangement.value = each)}
        >
          {text[each]}
        </button>
      ))}
    </div>
  );
}

export function RootTable({ alarms }: { alarms: readonly Alarm[] }) {
  return (
    <table class="alarm-table">
      <AlarmHead />
      <tbody>
        {byRoot(alarms).map((root) => (
          <RootRows key={root.first.id} root={root} />
        ))}
      </tbody>
    </table>
  );
}

function RootRows({ root: { first, others } }: { root: Root }) {
  const [open, setOpen] = useState(false);
  const counts = countByPriority(others);
  return (
    <>
      <AlarmRow alarm={first} />
      {others.length > 0 && (
        <tr class="alarm-others">
          <td colSpan={9}>
            <button type="button" class="quiet" aria-expanded={open} data-testid="root-others" onClick={() => setOpen(!open)}>
              {words.value.floods.others(others.length)} <span aria-hidden="true">{open ? "▴" : "▾"}</span>
            </button>
            {([1, 2, 3, 4] as const)
              .filter((priority) => counts[priority] > 0)
              .map((priority) => (
                <span key={priority} class="count" title={words.value.alarms.priorities[priority]}>
                  <Mark priority={priority} /> {counts[priority]}
                </span>
              ))}
          </td>
        </tr>
      )}
      {open && others.map((alarm) => <AlarmRow key={alarm.id} alarm={alarm} follows />)}
    </>
  );
}
