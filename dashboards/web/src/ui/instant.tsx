// An instant in plant time; the tooltip has it in UTC.

import { stamp, utc } from "../format/time";
import { serverNowMs, timeZone } from "../state/store";
import { words } from "../words";

export function Instant({ at }: { at: string }) {
  return (
    <time dateTime={at} title={words.value.alarms.utc(utc(Date.parse(at)))}>
      {plantStamp(at)}
    </time>
  );
}

/** The same as a plain text, for sentences. */
export function plantStamp(at: string): string {
  return stamp(Date.parse(at), timeZone.value, serverNowMs.value);
}
