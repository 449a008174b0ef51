// Light or dark: what the machine prefers unless a person chose; kept in the browser.

import { effect, signal } from "@preact/signals";
import { recall, remember } from "./remember";

export type Theme = "auto" | "light" | "dark";

export const theme = signal<Theme>(firstTheme());
/** Counts changes of the colours that are in force, for what is painted and not styled: charts. */
export const paint = signal(0);

export function setTheme(chosen: Theme): void {
  theme.value = chosen;
  remember("theme", chosen);
}

export function followTheme(): void {
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  prefersDark.addEventListener("change", show);
  effect(() => {
    void theme.value;
    show();
  });

  function show(): void {
    const chosen = theme.peek();
    const dark = chosen === "dark" || (chosen === "auto" && prefersDark.matches);
    document.documentElement.dataset["theme"] = dark ? "dark" : "light";
    paint.value = paint.peek() + 1;
  }
}

function firstTheme(): Theme {
  const remembered = recall("theme");
  return remembered === "light" || remembered === "dark" ? remembered : "auto";
}
