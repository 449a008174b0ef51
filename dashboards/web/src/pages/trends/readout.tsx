// What the lines are, and their values under the pointer, or the newest ones without it.

import type { Signal } from "@preact/signals";
import { digitsFor, fixed, quantity } from "../../format/number";
import { age } from "../../format/age";
import { stamp } from "../../format/time";
import { serverNowMs, timeZone, values } from "../../state/store";
import { paint } from "../../state/theme";
import { nameOf, words } from "../../words";
import { penOf } from "./pens";
import { qualityOf, readingOf, valueAt } from "./trace";
import type { ShownTag } from "./traces";

type Props = { traces: readonly ShownTag[]; cursorMs: Signal<number | null>; onDrop(id: string): void };

export function Readout({ traces, cursorMs, onDrop }: Props) {
  const text = words.value.trends;
  const at = cursorMs.value;
  void paint.value; // pens change their colours with the theme
  return (
    <table class="readout" data-testid="trend-readout">
      <caption>
        {at === null ? text.newest : text.atCursor(stamp(at, timeZone.value, serverNowMs.value))}
      </caption>
      <thead>
        <tr>
          <th scope="col">{text.columns.tag}</th>
          <th scope="col">{text.columns.name}</th>
          <th scope="col" class="number">
            {text.columns.value}
          </th>
          <th scope="col">{text.columns.quality}</th>
          <th scope="col" class="limits">
            {text.columns.limits}
          </th>
          <th scope="col">
            <span class="hidden">{text.remove("")}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {traces.map((shown) => (
          <Row key={shown.id} shown={shown} at={at} onDrop={onDrop} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ shown, at, onDrop }: { shown: ShownTag; at: number | null; onDrop(id: string): void }) {
  const text = words.value.trends;
  const { tag, id, unit, pen } = shown;
  const { value, quality, note, stale = false } = at === null ? newestOf(shown) : underCursor(shown, at);
  const abnormal = quality === "bad" || quality === "uncertain";
  return (
    <tr data-tag={id} class={stale ? "stale" : ""}>
      <th scope="row">
        <PenMark pen={pen} /> {id}
      </th>
      <td class="name">{tag === null ? text.unknownTag : tag === undefined ? "" : nameOf(tag)}</td>
      <td class="number value" data-testid={`readout-${id}`}>
        {value === null ? quantity(null, 0, unit) : `${fixed(value, tag ? digitsFor(tag) : 2)}${unit === "" ? "" : `\u00a0${unit}`}`}
      </td>
      <td class={`quality ${abnormal ? "abnormal" : ""}`}>{note ?? (quality === null ? words.value.unknown : words.value.quality[quality])}</td>
      <td class="limits dim">{rangeOf(shown)}</td>
      <td class="drop">
        <button type="button" class="quiet" aria-label={text.remove(id)} title={text.remove(id)} onClick={() => onDrop(id)}>
          ✕
        </button>
      </td>
    </tr>
  );
}

type Read = { value: number | null; quality: "good" | "uncertain" | "bad" | "none" | null; note?: string; stale?: boolean };

function newestOf(shown: ShownTag): Read {
  const newest = values.value.get(shown.id);
  if (newest === undefined) return { value: null, quality: null };
  const value = readingOf(newest)?.value ?? null;
  if (!newest.stale) return { value, quality: newest.quality };
  const since = newest.stale_since ?? null;
  const note = words.value.stale(since === null ? "" : age(serverNowMs.value - Date.parse(since), words.value));
  return { value, quality: newest.quality, note: note.trim(), stale: true };
}

function underCursor(shown: ShownTag, at: number): Read {
  const found = valueAt(shown.trace, at);
  return found === null
    ? { value: null, quality: null, note: words.value.trends.noData }
    : { value: found.value, quality: qualityOf(found.status) };
}

function rangeOf({ tag }: ShownTag): string {
  if (!tag || tag.low === null || tag.high === null) return "";
  const digits = digitsFor(tag);
  return `${fixed(tag.low, digits)} … ${fixed(tag.high, digits)}`;
}

/** The line's colour, dash and number, as on the chart. */
function PenMark({ pen }: { pen: number }) {
  const { colour, dash } = penOf(pen);
  return (
    <svg class="pen" viewBox="0 0 44 16" aria-hidden="true">
      <line x1="0" y1="8" x2="26" y2="8" stroke={colour} stroke-width="3" stroke-dasharray={dash.join(" ")} />
      <text x="36" y="13" text-anchor="middle" fill={colour}>
        {pen + 1}
      </text>
    </svg>
  );
}
