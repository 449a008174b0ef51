// That more alarms come than one operator can take in, on every page while it lasts.

import { hashOf } from "../route";
import { arrangement } from "../state/arrangement";
import { floods } from "../state/store";
import { words } from "../words";
import { plantStamp } from "./instant";

export function FloodBanner() {
  const text = words.value.floods;
  const lasting = floods.value.filter(({ since }) => since !== null);
  if (lasting.length === 0) return null;
  return (
    <section class="flood" role="status" aria-label={text.label} data-testid="flood-banner">
      <div>
        {lasting.map(({ position, since, alarms }) => (
          <b key={position} data-testid={`flood-${position}`}>
            {text.lasts(position, plantStamp(since ?? ""), String(alarms))}
          </b>
        ))}
        <span class="dim">{text.note}</span>
      </div>
      <a href={hashOf("alarms")} onClick={() => (arrangement.value = "root")}>
        {text.look}
      </a>
    </section>
  );
}
