// Shift reports of the mock plant: what the list says, and a page in small.

const SHIFTS = ["day", "evening", "night"];
const SHIFT_MS = 8 * 3_600_000;

/** @param {number} nowMs @param {number} limit @param {number} offset */
export function reportList(nowMs, limit, offset) {
  const nowStart = Math.floor(nowMs / SHIFT_MS) * SHIFT_MS;
  const reports = Array.from({ length: 60 }, (_, n) => reportItem(nowStart - (n + 1) * SHIFT_MS, n));
  return { current: nameOf(nowStart), reports: reports.slice(offset, offset + limit) };
}

/** @param {number} startMs @param {number} n */
function reportItem(startMs, n) {
  return {
    shift: nameOf(startMs),
    name: nameOf(startMs).slice(11),
    start: new Date(startMs).toISOString(),
    end: new Date(startMs + SHIFT_MS).toISOString(),
    made_at: new Date(startMs + SHIFT_MS + 60_000).toISOString(),
    revision: n === 1 ? 2 : 1,
    final: n !== 0,
    actual_t: n === 2 ? null : 70.7 - n / 4,
    plan_t: 70.7,
    deviation_pct: n === 2 ? null : (-100 * n) / 4 / 70.7,
  };
}

/** @param {string} shift @param {string} lang */
export function reportPage(shift, lang) {
  return `<!doctype html><html lang="${lang}"><meta charset="utf-8"><title>${shift}</title><h1>${lang === "zh" ? "班次报告" : "Shift report"}</h1></html>`;
}

/** A production day begins at 00:00 UTC, as in Shanghai. @param {number} startMs */
function nameOf(startMs) {
  const start = new Date(startMs).toISOString();
  return `${start.slice(0, 10)}-${SHIFTS[Number(start.slice(11, 13)) / 8]}`;
}
