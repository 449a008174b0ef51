// Who is logged in, and the way out.

import { useEffect, useRef, useState } from "preact/hooks";
import { logout, user } from "../state/store";
import { words } from "../words";

export function UserMenu() {
  const [open, setOpen] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const closeOutside = (event: Event) => {
      if (!frame.current?.contains(event.target as Node)) setOpen(false);
    };
    const closeOnEscape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      setOpen(false);
      frame.current?.querySelector("button")?.focus();
    };
    addEventListener("pointerdown", closeOutside);
    addEventListener("focusin", closeOutside);
    addEventListener("keydown", closeOnEscape);
    return () => {
      removeEventListener("pointerdown", closeOutside);
      removeEventListener("focusin", closeOutside);
      removeEventListener("keydown", closeOnEscape);
    };
  }, [open]);
  const who = user.value;
  const text = words.value.user;
  if (who === null) return null;
  return (
    <div class="user" ref={frame}>
      <button
        type="button"
        class="quiet"
        aria-expanded={open}
        aria-label={`${text.label}: ${who.name}`}
        data-testid="user-menu"
        onClick={() => setOpen(!open)}
      >
        <span class="user-name">{who.name}</span> <span aria-hidden="true">▾</span>
      </button>
      {open && (
        <div class="user-panel">
          <p>
            <b>{who.name}</b>
            <br />
            <span class="dim">{text.roles[who.role]}</span>
          </p>
          <a href="api/docs" target="_blank" rel="noreferrer">
            {text.api}
          </a>
          <a href="licences.txt" target="_blank" rel="noreferrer">
            {text.licences}
          </a>
          <button type="button" data-testid="logout" onClick={() => void logout().catch(() => setOpen(false))}>
            {text.logout}
          </button>
        </div>
      )}
    </div>
  );
}
