// Tonnes of the shift, day, month and year against plan. What is unknown is named, never counted as zero.

import type { Window, WindowName } from "../../api/types";
import { age } from "../../format/age";
import { deviation, share, tonnes } from "../../format/number";
import { serverNowMs } from "../../state/store";
import { words } from "../../words";
import { comparablePlan, unknownMs } from "./unknown";

const shown: readonly WindowName[] = ["shift", "day", "month", "year"];

export function Windows({ windows }: { windows: Record<WindowName, Window> }) {
  const text = words.value.line;
  return (
    <table class="windows">
      <thead>
        <tr>
          <th scope="col">
            <span class="hidden">{text.window}</span>
          </th>
          <th scope="col">{text.actual}</th>
          <th scope="col">{text.plan}</th>
          <th scope="col">{text.deviation}</th>
          <th scope="col">{text.unknown}</th>
        </tr>
      </thead>
      <tbody>
        {shown.map((name) => (
          <Row key={name} name={name} window={windows[name]} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ name, window }: { name: WindowName; window: Window }) {
  const text = words.value.line;
  return (
    <tr data-window={name}>
      <th scope="row">{text.windows[name]}</th>
      <td class="actual">{tonnes(window.actual_t)}</td>
      <td title={text.wholePlan(tonnes(window.plan_t))}>{tonnes(comparablePlan(window))}</td>
      <td>{deviation(window.deviation_pct)}</td>
      <td class="unknown-cell">
        <UnknownPart window={window} />
      </td>
    </tr>
  );
}

/** "12 min" for what was short, the share for what was long; both in the tooltip. named: says what it is. */
export function UnknownPart({ window, named = false }: { window: Window; named?: boolean }) {
  const ms = unknownMs(window, serverNowMs.value);
  if (ms <= 0) return null;
  const part = share(1 - window.known_share);
  const lasted = age(ms, words.value);
  return (
    <span class="unknown-part" title={words.value.line.unknownPart(part, lasted)}>
      {named ? words.value.line.unknownShare(part) : ms < 3_600_000 ? lasted : part}
    </span>
  );
}
