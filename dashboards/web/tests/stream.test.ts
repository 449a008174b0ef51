import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Connection, SILENCE_MS, type Socket, Stream } from "../src/api/stream";
import type { StreamMessage } from "../src/api/types";

class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  sent: string[] = [];
  closed = false;
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.closed = true;
  }
  says(message: StreamMessage): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

const beat: StreamMessage = { type: "beat", server_time_ms: 0 };
let sockets: FakeSocket[];
let states: Connection[];
let retries: number;
let stream: Stream;

const newest = () => sockets.at(-1) as FakeSocket;
const state = () => states.at(-1)?.state ?? "connecting";

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  states = [];
  retries = 0;
  stream = new Stream({
    open: () => {
      sockets.push(new FakeSocket());
      return newest();
    },
    monotonicMs: () => Date.now(),
    nowMs: () => Date.now(),
    random: () => 1,
    onMessage: () => {},
    onConnection: (connection) => states.push(connection),
    onRetry: () => {
      retries += 1;
    },
  });
});

afterEach(() => {
  stream.stop();
  vi.useRealTimers();
});

describe("the stream", () => {
  it("is connected by the first message, not by the open socket", () => {
    expect(state()).toBe("connecting");
    newest().says({ type: "hello", server_time_ms: 0 });
    expect(state()).toBe("connected");
  });

  it("stays connected while the beat comes", () => {
    for (let second = 0; second < 30; second += 1) {
      newest().says(beat);
      vi.advanceTimersByTime(1_000);
    }
    expect(states.map((each) => each.state)).toEqual(["connected"]);
  });

  it("says within 5 s that a silent connection is lost, and since when", () => {
    newest().says(beat);
    const since_ms = Date.now();
    vi.advanceTimersByTime(SILENCE_MS - 100);
    expect(state()).toBe("connected");
    vi.advanceTimersByTime(600);
    expect(states.at(-1)).toEqual({ state: "lost", since_ms });
  });

  it("says at once that a closed connection is lost, and does not call itself lost twice", () => {
    newest().says(beat);
    newest().onclose?.();
    expect(state()).toBe("lost");
    vi.advanceTimersByTime(120_000);
    expect(states.filter((each) => each.state === "lost")).toHaveLength(1);
  });

  it("reports a service that was never there", () => {
    vi.advanceTimersByTime(5_000);
    expect(state()).toBe("lost");
  });

  it("tries again with growing pauses up to 8 s, and asks each time whether it still may", () => {
    newest().says(beat);
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1) {
      const before = { at: Date.now(), count: sockets.length };
      newest().onclose?.();
      while (sockets.length === before.count) vi.advanceTimersByTime(50);
      pauses.push(Date.now() - before.at);
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
    expect(retries).toBe(7);
  });

  it("gives up an attempt that neither opens nor fails", () => {
    newest().says(beat);
    newest().onclose?.();
    vi.advanceTimersByTime(500);
    expect(sockets).toHaveLength(2);
    vi.advanceTimersByTime(SILENCE_MS + 1_000);
    expect(sockets[1]?.closed).toBe(true);
    expect(sockets).toHaveLength(3);
  });

  it("begins anew with short pauses after it was connected again", () => {
    newest().says(beat);
    newest().onclose?.();
    vi.advanceTimersByTime(500);
    newest().onclose?.();
    vi.advanceTimersByTime(1_000);
    newest().says(beat);
    expect(state()).toBe("connected");
    newest().onclose?.();
    vi.advanceTimersByTime(500);
    expect(sockets).toHaveLength(4);
  });

  it("subscribes when connected, and again after a reconnect", () => {
    stream.subscribe(["a", "b"]);
    expect(newest().sent).toEqual([]);
    newest().says(beat);
    const wanted = [JSON.stringify({ type: "subscribe", tags: ["a", "b"] })];
    expect(newest().sent).toEqual(wanted);
    newest().onclose?.();
    vi.advanceTimersByTime(500);
    newest().says(beat);
    expect(sockets).toHaveLength(2);
    expect(newest().sent).toEqual(wanted);
  });

  it("does nothing more once it is stopped", () => {
    newest().says(beat);
    stream.stop();
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
    expect(newest().closed).toBe(true);
    expect(state()).toBe("connected");
  });
});
