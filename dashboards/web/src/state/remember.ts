// What the browser keeps of a person's choices. Storage may be missing or full: then nothing is kept.

type Choice = "language" | "theme";

export function recall(choice: Choice): string | null {
  try {
    return globalThis.localStorage?.getItem(`anodewatch.${choice}`) ?? null;
  } catch {
    return null;
  }
}

export function remember(choice: Choice, value: string): void {
  try {
    globalThis.localStorage?.setItem(`anodewatch.${choice}`, value);
  } catch {
    // Private windows may refuse: the choice then lasts as long as the page.
  }
}
