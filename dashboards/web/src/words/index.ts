// The language of the page: one typed dictionary each, chosen once and remembered by the browser.

import { computed, signal } from "@preact/signals";
import { recall, remember } from "../state/remember";
import { en } from "./en";
import type { Words } from "./words";
import { zh } from "./zh";

export type Language = "en" | "zh";
const dictionaries: Record<Language, Words> = { en, zh };

export const language = signal<Language>(firstLanguage());
export const words = computed(() => dictionaries[language.value]);

export function setLanguage(chosen: Language): void {
  language.value = chosen;
  remember("language", chosen);
}

/** The name of a thing that has one in either language. */
export function nameOf(thing: { name_en: string; name_zh: string }): string {
  return language.value === "zh" ? thing.name_zh || thing.name_en : thing.name_en || thing.name_zh;
}

export function messageOf(thing: { message_en: string; message_zh: string }): string {
  return language.value === "zh"
    ? thing.message_zh || thing.message_en
    : thing.message_en || thing.message_zh;
}

function firstLanguage(): Language {
  const remembered = recall("language");
  if (remembered === "en" || remembered === "zh") return remembered;
  return globalThis.navigator?.language?.toLowerCase().startsWith("zh") ? "zh" : "en";
}
