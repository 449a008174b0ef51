// What people do to alarms: the calls, and what the service says of every alarm that can stand.

import { call } from "./rest";
import type { Alarm, AlarmState, Hold, Priority, Transition } from "./types";

/** A rule applied to one asset, standing or not. alarm: its open occurrence. */
export type AlarmDefinition = {
  id: string;
  rule: string;
  kind: string;
  priority: Priority;
  asset: string;
  tag: string | null;
  stage: string | null;
  message_en: string;
  message_zh: string;
  state: AlarmState;
  alarm: string | null;
  shadow: boolean;
  holds: Hold[];
};
export const definitionStates = ["held", "shelved", "suppressed", "out_of_service", "shadow", "latched", "all"] as const;
export type DefinitionState = (typeof definitionStates)[number];

/** What is acted on: an alarm that came, or a definition. */
export type Target = { kind: "alarms"; alarm: Alarm } | { kind: "alarm-definitions"; definition: AlarmDefinition };
export type Deed =
  | { do: "shelve"; minutes: number; reason: string }
  | { do: "unshelve" }
  | { do: "remove-from-service"; reason: string }
  | { do: "return-to-service" }
  | { do: "reset" }
  | { do: "comment"; text: string };

export const desk = {
  definitions: (state: DefinitionState, search: string, limit: number) =>
    call<{ definitions: AlarmDefinition[]; total: number }>(
      "GET",
      `alarm-definitions?${new URLSearchParams({ state, limit: `${limit}`, ...(search === "" ? {} : { search }) })}`,
    ),
  journal: (definition: string, limit: number) =>
    call<{ transitions: Transition[] }>("GET", `alarm-definitions/${inPath(definition)}/transitions?limit=${limit}`),
  /** Those of the alarms that were acknowledged now. */
  acknowledge: (alarms: readonly string[], comment: string) =>
    call<{ alarms: string[] }>("POST", "alarms/acknowledge", {
      body: { alarms, ...(comment === "" ? {} : { comment }) },
    }),
  act: async (target: Target, deed: Deed): Promise<Target> => {
    const { do: action, ...body } = deed;
    const id = target.kind === "alarms" ? target.alarm.id : target.definition.id;
    const path = `${target.kind}/${inPath(id)}/${action}`;
    return target.kind === "alarms"
      ? { kind: "alarms", alarm: await call<Alarm>("POST", path, { body }) }
      : { kind: "alarm-definitions", definition: await call<AlarmDefinition>("POST", path, { body }) };
  },
};

/** A definition's name may have slashes, which are part of the path. */
function inPath(id: string): string {
  return id.split("/").map(encodeURIComponent).join("/");
}
