// How long something lasts, in the two largest units that matter.

import type { Words } from "../words/words";

/** "45 s", "3 min", "2 h 5 min", "3 d 4 h"; what is in the future counts as now. */
export function age(ms: number, words: Words): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return words.age.s(s);
  const min = Math.floor(s / 60);
  if (min < 60) return words.age.min(min);
  const h = Math.floor(min / 60);
  if (h < 24) return words.age.h(h, min % 60);
  return words.age.d(Math.floor(h / 24), h % 24);
}
