// The one WebSocket of the page: it listens for the service's beat, says when the connection is lost,
// and connects again with growing pauses. It knows no browser globals, so that tests run it on fake time.

import type { StreamMessage } from "./types";

/** The service beats every second; three missed beats and a little patience is a lost connection. */
export const SILENCE_MS = 3_500;
const CHECK_MS = 250;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;

export type Connection =
  | { state: "connecting" }
  | { state: "connected" }
  /** since_ms: when the last message came, in the browser's epoch milliseconds. */
  | { state: "lost"; since_ms: number };

export type Socket = {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(): void;
};

export type StreamSurroundings = {
  open(): Socket;
  /** Monotonic: a clock that is set right must not look like silence. */
  monotonicMs(): number;
  /** The browser's epoch milliseconds. */
  nowMs(): number;
  random(): number;
  onMessage(message: StreamMessage): void;
  onConnection(connection: Connection): void;
  /** Called before each attempt to reconnect; the stream goes on unless stopped meanwhile. */
  onRetry(): void;
};

export class Stream {
  private socket: Socket | null = null;
  /** When the last message came, on either clock. */
  private heard: { monotonicMs: number; atMs: number };
  private connection: Connection = { state: "connecting" };
  private tags: readonly string[] = [];
  private attempts = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private readonly watch: ReturnType<typeof setInterval>;

  constructor(private readonly around: StreamSurroundings) {
    this.heard = this.now();
    this.watch = setInterval(() => this.check(), CHECK_MS);
    this.connect();
  }

  /** Asks for the live values of exactly these tags, now and after every reconnect. */
  subscribe(tags: readonly string[]): void {
    this.tags = tags;
    if (this.connection.state === "connected") this.sendTags();
  }

  stop(): void {
    clearInterval(this.watch);
    clearTimeout(this.retry);
    this.drop();
  }

  private connect(): void {
    const socket = this.around.open();
    this.socket = socket;
    socket.onmessage = ({ data }) => this.hear(JSON.parse(String(data)) as StreamMessage);
    socket.onclose = () => this.lose();
    socket.onerror = () => this.lose();
    // An attempt that neither opens nor fails would otherwise block the next one.
    this.retry = setTimeout(() => this.lose(), SILENCE_MS);
  }

  private hear(message: StreamMessage): void {
    this.heard = this.now();
    if (this.connection.state !== "connected") {
      this.attempts = 0;
      clearTimeout(this.retry);
      this.change({ state: "connected" });
      if (this.tags.length > 0) this.sendTags();
    }
    this.around.onMessage(message);
  }

  private sendTags(): void {
    this.socket?.send(JSON.stringify({ type: "subscribe", tags: this.tags }));
  }

  private check(): void {
    if (this.around.monotonicMs() - this.heard.monotonicMs < SILENCE_MS) return;
    if (this.connection.state === "connected") this.lose();
    else if (this.connection.state === "connecting") this.tellLost();
  }

  private lose(): void {
    this.drop();
    if (this.connection.state === "connected") this.tellLost();
    clearTimeout(this.retry);
    this.retry = setTimeout(() => {
      this.around.onRetry();
      this.connect();
    }, this.pauseMs());
  }

  private pauseMs(): number {
    const full = Math.min(FIRST_PAUSE_MS * 2 ** this.attempts, LONGEST_PAUSE_MS);
    this.attempts += 1;
    return full * (0.5 + 0.5 * this.around.random());
  }

  private drop(): void {
    const socket = this.socket;
    if (socket === null) return;
    this.socket = null;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close();
  }

  private tellLost(): void {
    this.change({ state: "lost", since_ms: this.heard.atMs });
  }

  private now(): { monotonicMs: number; atMs: number } {
    return { monotonicMs: this.around.monotonicMs(), atMs: this.around.nowMs() };
  }

  private change(connection: Connection): void {
    this.connection = connection;
    this.around.onConnection(connection);
  }
}
