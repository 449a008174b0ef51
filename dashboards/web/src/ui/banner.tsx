// The alarm banner of every page: how many of each priority, and the one to look at first.

import type { Priority } from "../api/types";
import { hashOf } from "../route";
import { countByPriority, mostUrgent } from "../state/live";
import { alarms, isLost } from "../state/store";
import { messageOf, words } from "../words";
import { AckButton } from "./ack";
import { Instant } from "./instant";
import { Mark } from "./mark";

const priorities: readonly Priority[] = [1, 2, 3, 4];

export function AlarmBanner() {
  const text = words.value.alarms;
  const active = alarms.value;
  const counts = countByPriority(active ?? []);
  const first = mostUrgent(active ?? []);
  return (
    <section
      class={`banner ${isLost.value ? "old" : ""} ${first === null ? "" : `p${first.priority}`}`}
      data-testid="alarm-banner"
      aria-label={text.title}
    >
      <a class="banner-counts" href={hashOf("alarms")} aria-label={text.banner}>
        {priorities.map((priority) => (
          <span
            key={priority}
            class={`count ${counts[priority] === 0 ? "zero" : ""}`}
            title={text.priorities[priority]}
            data-testid={`alarm-count-${priority}`}
          >
            <Mark priority={priority} hollow={counts[priority] === 0} />
            <span class="count-name">{text.priorities[priority]}</span>
            <b>{active === null ? "—" : counts[priority]}</b>
          </span>
        ))}
      </a>
      {first === null ? (
        <p class="banner-first dim">{active === null ? text.loading : text.quiet}</p>
      ) : (
        <>
          <p class="banner-first" aria-live="polite">
            <Mark priority={first.priority} />
            <b class="banner-priority">{text.priorities[first.priority]}</b>
            <Instant at={first.raised_at} />
            <b class="banner-asset">{first.asset}</b>
            <span class="banner-message">{messageOf(first)}</span>
          </p>
          <AckButton key={first.id} alarm={first} />
        </>
      )}
    </section>
  );
}
