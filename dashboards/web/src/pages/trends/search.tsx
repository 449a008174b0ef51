// Finding tags: type, then pick with the pointer or with the arrow keys and Enter.

import { useEffect, useId, useRef, useState } from "preact/hooks";
import { CallFailed, rest } from "../../api/rest";
import type { Tag } from "../../api/types";
import { nameOf, words } from "../../words";
import { learnTags } from "./readings";
import { MOST_TAGS } from "./view";

const SHOWN = 40;
const PAUSE_MS = 150;

type Props = {
  first: string;
  picked: readonly string[];
  onPick(id: string): void;
  onDrop(id: string): void;
};
type Found = { query: string; total: number; tags: readonly Tag[] };

export function TagSearch({ first, picked, onPick, onDrop }: Props) {
  const text = words.value.trends;
  const [query, setQuery] = useState(first);
  const [open, setOpen] = useState(first !== "");
  const [found, setFound] = useState<Found | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [at, setAt] = useState(0);
  const frame = useRef<HTMLDivElement>(null);
  const list = useId();

  useEffect(() => {
    setQuery(first);
    setOpen(first !== "");
  }, [first]);
  useEffect(() => {
    if (!open) return;
    let wanted = true;
    const timer = setTimeout(() => {
      rest.tags(query.trim(), SHOWN).then(
        ({ total, tags }) => {
          learnTags(tags);
          if (!wanted) return;
          setFound({ query, total, tags });
          setProblem(null);
          setAt(0);
        },
        (error: unknown) => {
          if (wanted) setProblem(error instanceof CallFailed ? error.detail : `${error}`);
        },
      );
    }, PAUSE_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [query, open]);
  useEffect(() => {
    if (!open) return;
    const closeOutside = (event: Event) => {
      if (!frame.current?.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("pointerdown", closeOutside);
    addEventListener("focusin", closeOutside);
    return () => {
      removeEventListener("pointerdown", closeOutside);
      removeEventListener("focusin", closeOutside);
    };
  }, [open]);

  const tags = found?.tags ?? [];
  function toggle(tag: Tag): void {
    if (tag.kind === "text") return;
    if (picked.includes(tag.id)) onDrop(tag.id);
    else if (picked.length < MOST_TAGS) onPick(tag.id);
  }
  function press(event: KeyboardEvent): void {
    if (event.key === "Escape") setOpen(false);
    else if (event.key === "Enter" && open && found?.query === query) {
      const tag = tags[at];
      if (tag !== undefined) toggle(tag);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      const next = Math.min(tags.length - 1, Math.max(0, at + (event.key === "ArrowDown" ? 1 : -1)));
      setAt(next);
      document.getElementById(`${list}-${next}`)?.scrollIntoView({ block: "nearest" });
    }
  }

  return (
    <div class="tag-search" ref={frame}>
      <input
        type="text"
        role="combobox"
        aria-expanded={open}
        aria-controls={list}
        aria-activedescendant={open && tags.length > 0 ? `${list}-${at}` : undefined}
        aria-label={text.search}
        placeholder={text.search}
        autocomplete="off"
        spellcheck={false}
        value={query}
        data-testid="trend-search"
        onFocus={() => setOpen(true)}
        onClick={() => setOpen(true)}
        onInput={(event) => {
          setQuery(event.currentTarget.value);
          setOpen(true);
        }}
        onKeyDown={press}
      />
      {open && (
        <div class="tag-found">
          <p class="dim" role="status">
            {problem !== null
              ? text.failed(problem)
              : picked.length >= MOST_TAGS
                ? text.full(MOST_TAGS)
                : found === null
                  ? text.searching
                  : found.total === 0
                    ? text.nothing
                    : text.found(tags.length, found.total)}
          </p>
          <ul id={list} role="listbox" aria-multiselectable="true">
            {tags.map((tag, place) => (
              <li
                key={tag.id}
                id={`${list}-${place}`}
                role="option"
                class={place === at ? "at" : ""}
                aria-selected={picked.includes(tag.id)}
                aria-disabled={tag.kind === "text"}
                data-testid="trend-found"
                data-tag={tag.id}
                onClick={() => toggle(tag)}
              >
                <span class="check" aria-hidden="true">
                  {picked.includes(tag.id) ? "✓" : ""}
                </span>
                <b>{tag.id}</b>
                <span class="unit">{tag.kind === "text" ? text.noTrend : tag.unit}</span>
                <span class="dim">{nameOf(tag)}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}
