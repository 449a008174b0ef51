// Alarms arranged by what they follow from. Pure.

import type { Alarm } from "../api/types";

/** first: the alarm that the others belong to, or of those that still stand the one that came first. */
export type Root = { first: Alarm; others: Alarm[] };

/** `alarms`, most urgent first, as roots: each stands where the most urgent of its alarms stood. */
export function byRoot(alarms: readonly Alarm[]): Root[] {
  const groups = new Map<string, Alarm[]>();
  for (const alarm of alarms) {
    const key = alarm.root ?? alarm.id;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [alarm]);
    else group.push(alarm);
  }
  return [...groups].map(([key, group]) => {
    const first = group.find(({ id }) => id === key) ?? earliest(group);
    return { first, others: group.filter((alarm) => alarm !== first) };
  });
}

function earliest(group: readonly Alarm[]): Alarm {
  return group.reduce((first, alarm) => (Date.parse(alarm.raised_at) < Date.parse(first.raised_at) ? alarm : first));
}
