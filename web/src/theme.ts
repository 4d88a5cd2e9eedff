import { useEffect, useState } from 'preact/hooks';

/** What the viewer chose; `system` follows the machine. */
export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'city-vitals-theme';
const listeners = new Set<() => void>();
const system = window.matchMedia('(prefers-color-scheme: dark)');
system.addEventListener('change', () => tell());

export function currentTheme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  return THEMES.find((theme) => theme === chosen) ?? 'system';
}

export function chooseTheme(theme: Theme): void {
  apply(theme);
  try {
    window.localStorage.setItem(KEY, theme);
  } catch {
    // Without storage the choice holds until the page is left.
  }
}

/** Takes up the choice of an earlier visit. */
export function restoreTheme(): void {
  try {
    const chosen = window.localStorage.getItem(KEY);
    apply(THEMES.find((theme) => theme === chosen) ?? 'system');
  } catch {
    apply('system');
  }
}

/** Changes whenever colours do: what is drawn on a canvas must be drawn again then. */
export function useThemeVersion(): number {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const listener = () => setVersion((before) => before + 1);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return version;
}

function apply(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  tell();
}

function tell(): void {
  for (const listener of listeners) listener();
}
