// The page and its settings live in the address's hash, so that a link shows the same to another person.

import { effect, signal } from "@preact/signals";

export const PAGES = ["line", "losses", "alarms", "trends", "reports", "entries", "calendar", "deliveries"] as const;
export type Page = (typeof PAGES)[number];
export type Route = { page: Page; params: URLSearchParams };

/** "#/trends?tags=A,B" → page and parameters; what is not known is the line. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const page = PAGES.find((known) => known === path) ?? "line";
  return { page, params: new URLSearchParams(query) };
}

/** The hash of a page; parameters that are empty are left out, commas and colons stay readable. */
export function hashOf(page: Page, params: Record<string, string> = {}): string {
  const filled = Object.entries(params).filter(([, value]) => value !== "");
  const query = new URLSearchParams(filled).toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return query === "" ? `#/${page}` : `#/${page}?${query}`;
}

export const route = signal<Route>(parseRoute(globalThis.location?.hash ?? ""));

/** Where the trends were left, so that a look at another page does not lose them. */
export const trendsLeft = signal(hashOf("trends"));

export function followHash(): void {
  addEventListener("hashchange", () => {
    route.value = parseRoute(location.hash);
  });
  effect(() => {
    const { page, params } = route.value;
    if (page === "trends") trendsLeft.value = hashOf("trends", Object.fromEntries(params));
  });
}

/** replace: the browser's Back should not come to where the page is now. */
export function go(hash: string, { replace = false } = {}): void {
  if (replace) {
    history.replaceState(null, "", hash);
    route.value = parseRoute(hash);
  } else {
    location.hash = hash;
  }
}
