// Light, dark, or as the system has it.

import { signal } from "@preact/signals";

import { T } from "../texts";

type Theme = "auto" | "light" | "dark";
const NEXT: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };
const SHAPES: Record<Theme, string> = {
  auto: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16",
  light: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  dark: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10",
};
const KEPT = "mmgt-theme";

const theme = signal<Theme>((localStorage.getItem(KEPT) as Theme | null) ?? "auto");

function choose(next: Theme): void {
  theme.value = next;
  if (next === "auto") {
    localStorage.removeItem(KEPT);
    delete document.documentElement.dataset["theme"];
  } else {
    localStorage.setItem(KEPT, next);
    document.documentElement.dataset["theme"] = next;
  }
}

export function ThemeButton() {
  const label = T.theme[theme.value];
  return (
    <button class="icon" type="button" aria-label={label} title={label} onClick={() => choose(NEXT[theme.value])}>
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d={SHAPES[theme.value]} />
        {theme.value === "auto" && <path class="full" d="M12 4a8 8 0 0 0 0 16z" />}
      </svg>
    </button>
  );
}
