// How the lines of a trend are told apart: by a calm colour, a dash and a number. The colours of the alarms
// are not among them.

export type Pen = { colour: string; dash: readonly number[] };

const dashes: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

/** Pen of the tag at `place` in the list, in the colours that are in force (see base.css). */
export function penOf(place: number): Pen {
  return {
    colour: styleOf(`--pen-${(place % 8) + 1}`),
    dash: dashes[Math.floor(place / 2) % dashes.length] ?? [],
  };
}

export function styleOf(variable: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
}
