import { describe, expect, it } from "vitest";
import type { Alarm, Priority, StreamedValue, StreamMessage } from "../src/api/types";
import { countByPriority, hear, type Live, mostUrgent, nothingYet, sorted, withAlarm } from "../src/state/live";

function alarm(id: string, priority: Priority, raised: string, state: Alarm["state"] = "unacknowledged"): Alarm {
  return {
    id,
    rule: "limit-h",
    kind: "limit",
    priority,
    asset: id,
    tag: null,
    stage: "CB",
    state,
    message_en: "",
    message_zh: "",
    raised_at: raised,
    returned_at: null,
    acknowledged_at: null,
    acknowledged_by: null,
    comment: null,
    value: null,
    limit: null,
    unit: "",
    definition: `limit-h:${id}`,
    quiet: null,
    holds: [],
    root: id,
    members: 0,
  };
}

function value(tag: string, number: number): StreamedValue {
  return { tag, value: number, time_ms: 1, received: null, status: 0, quality: "good", stale: false, stale_since: null };
}

const after = (...messages: StreamMessage[]): Live =>
  messages.reduce((live, message) => hear(live, message, 1_000_000), nothingYet);

const early = "2026-11-23T10:00:00Z";
const late = "2026-11-23T11:00:00Z";

describe("what the stream tells", () => {
  it("takes the service's clock from the beat, without wobbling", () => {
    const first = after({ type: "hello", server_time_ms: 1_004_000 });
    expect(first.offsetMs).toBe(4_000);
    expect(hear(first, { type: "beat", server_time_ms: 1_005_300 }, 1_001_000).offsetMs).toBe(4_000);
    expect(hear(first, { type: "beat", server_time_ms: 1_011_000 }, 1_001_000).offsetMs).toBe(10_000);
  });

  it("keeps the values of tags that a message does not name", () => {
    const live = after(
      { type: "values", values: [value("a", 1), value("b", 2)] },
      { type: "values", values: [value("b", 3)] },
    );
    expect(live.values.get("a")?.value).toBe(1);
    expect(live.values.get("b")?.value).toBe(3);
  });

  it("does not know of alarms before it was told, which is not the same as none", () => {
    expect(nothingYet.alarms).toBeNull();
    expect(after({ type: "alarms", active: [], held: 0 }).alarms).toEqual([]);
  });

  it("ignores what a newer service may say", () => {
    expect(after({ type: "weather" } as unknown as StreamMessage)).toEqual(nothingYet);
  });
});

describe("alarms", () => {
  it("are sorted by priority, then the newest first", () => {
    const order = sorted([alarm("low", 4, late), alarm("old", 2, early), alarm("new", 2, late), alarm("top", 1, early)]);
    expect(order.map(({ id }) => id)).toEqual(["top", "new", "old", "low"]);
  });

  it("are counted by priority", () => {
    expect(countByPriority([alarm("a", 1, early), alarm("b", 3, early), alarm("c", 3, late)])).toEqual({ 1: 1, 2: 0, 3: 2, 4: 0 });
  });

  it.each<[string, Alarm[], string | null]>([
    ["nothing when all are acknowledged", [alarm("a", 1, early, "acknowledged")], null],
    ["the unacknowledged one of less priority", [alarm("a", 1, early, "acknowledged"), alarm("b", 2, early)], "b"],
    ["the standing one before the returned", [alarm("a", 2, late, "returned"), alarm("b", 2, early)], "b"],
    ["the returned one when nothing else is open", [alarm("a", 2, late, "returned")], "a"],
    ["a returned critical before a standing low", [alarm("a", 1, late, "returned"), alarm("b", 4, early)], "a"],
  ])("most urgent is %s", (_, alarms, id) => expect(mostUrgent(alarms)?.id ?? null).toBe(id));

  it("change at once when somebody acknowledges", () => {
    const live = after({ type: "alarms", active: [alarm("a", 1, early), alarm("b", 2, early, "returned")], held: 0 });
    const acknowledged = withAlarm(live, alarm("a", 1, early, "acknowledged"));
    expect(acknowledged.alarms?.map(({ state }) => state)).toEqual(["acknowledged", "returned"]);
    expect(withAlarm(live, alarm("b", 2, early, "normal")).alarms?.map(({ id }) => id)).toEqual(["a"]);
    const shelved = { kind: "shelved", since: early, until: null, by: "li", reason: "fouled" } as const;
    expect(withAlarm(live, { ...alarm("b", 2, early), holds: [shelved] }).alarms?.map(({ id }) => id)).toEqual(["a"]);
    expect(withAlarm(nothingYet, alarm("a", 1, early)).alarms).toBeNull();
  });
});
