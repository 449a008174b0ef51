// Whether the values on the page are alive. It always takes the same room, so that nothing jumps.

import { plantTime } from "../format/time";
import { hashOf } from "../route";
import { troubled } from "../state/destinations";
import { connection, live, onServerClock, sources, timeZone } from "../state/store";
import { words } from "../words";
import { SourceMarks } from "./sources";

export function ConnectionBar() {
  const text = words.value.connection;
  const now = connection.value;
  if (now.state === "lost") {
    const since = plantTime(onServerClock(now.since_ms), timeZone.value).time;
    const hasValues = live.value.production !== null || live.value.alarms !== null;
    return (
      <div class="connection is-lost" role="alert" data-testid="connection-lost">
        {hasValues ? text.lost(since) : text.neverConnected(since)}
      </div>
    );
  }
  return (
    <div class="connection" data-testid="connection-state">
      <span class={`dot ${now.state}`} aria-hidden="true" />
      <span>{now.state === "connected" ? text.connected : text.connecting}</span>
      {sources.value !== null && <SourceMarks sources={sources.value} />}
      <DeliveryMark />
    </div>
  );
}

/** Only when a destination is down or has dead letters: whoever should be told is not told. */
function DeliveryMark() {
  const text = words.value.deliveries;
  const names = troubled.value.map(({ name }) => name);
  if (names.length === 0) return null;
  return (
    <a class="delivery-trouble" href={hashOf("deliveries")} data-testid="delivery-trouble">
      ▲ {text.trouble(names.join(", "))}
    </a>
  );
}
