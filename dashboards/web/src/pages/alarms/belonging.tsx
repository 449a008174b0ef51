// What an alarm belongs to, what belongs to it, and why nobody was called about it.

import { useEffect, useState } from "preact/hooks";
import { members } from "../../api/guidance";
import { CallFailed } from "../../api/rest";
import type { Alarm } from "../../api/types";
import { Instant } from "../../ui/instant";
import { messageOf, words } from "../../words";

const MOST = 200;

export function Belonging({ alarm }: { alarm: Alarm }) {
  const text = words.value.guidance;
  const reasons = words.value.alarmHistory.quietReasons;
  const [found, setFound] = useState<readonly Alarm[] | null>(null);

  useEffect(() => {
    let wanted = true;
    members(alarm.id, MOST).then(
      ({ alarms }) => wanted && setFound(alarms),
      (error: unknown) => {
        if (!(error instanceof CallFailed)) throw error;
      },
    );
    return () => {
      wanted = false;
    };
  }, [alarm.id, alarm.members]);

  const explained = alarm.root !== null && alarm.root !== alarm.id;
  if (alarm.quiet === null && !explained && (found === null || found.length === 0)) return null;
  return (
    <section class="belonging" data-testid="alarm-belonging">
      {alarm.quiet !== null && <p>{text.quiet(reasons[alarm.quiet])}</p>}
      {explained && <p class="dim">{text.belongs}</p>}
      {found !== null && found.length > 0 && (
        <>
          <h3>{text.members(found.length, found.length === MOST)}</h3>
          <ul>
            {found.map((each) => (
              <li key={each.id}>
                <Instant at={each.raised_at} /> {messageOf(each)}
                {each.quiet !== null && <span class="dim"> · {reasons[each.quiet]}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
