// Which tags share a pane: up to two units on one pane's two axes, else one pane for each unit. Pure.

/** Tags of one pane, with the place of each in the page's list; units: one or two, left and right axis. */
export type Pane = { units: readonly string[]; tags: readonly { id: string; pen: number }[] };

const AXES = 2;

export function panesOf(tags: readonly { id: string; unit: string }[]): Pane[] {
  const units = [...new Set(tags.map(({ unit }) => unit))];
  const withPens = tags.map(({ id, unit }, pen) => ({ id, unit, pen }));
  const groups = units.length <= AXES ? [units] : units.map((unit) => [unit]);
  if (tags.length === 0) return [];
  return groups.map((group) => ({
    units: group,
    tags: withPens.filter(({ unit }) => group.includes(unit)).map(({ id, pen }) => ({ id, pen })),
  }));
}
