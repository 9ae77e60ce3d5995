import { createStore, useStore } from '../state/store';

/** How the page looks, by the choice of who uses this browser. */
export interface Settings {
  readonly theme: 'system' | 'dark' | 'light';
  /** The colours of gain and loss: blue and orange are told apart by all eyes. */
  readonly signs: 'blue-orange' | 'green-red' | 'red-green';
}

const KEY = 'orb.settings';
const THEMES = ['system', 'dark', 'light'] as const;
const SIGNS = ['blue-orange', 'green-red', 'red-green'] as const;

const settings = createStore<Settings>(stored());

/** Follows the settings. */
export function useSettings(): Settings {
  return useStore(settings);
}

/** Changes settings and keeps them for this browser. */
export function change(changes: Partial<Settings>): void {
  settings.set({ ...settings.get(), ...changes });
  localStorage.setItem(KEY, JSON.stringify(settings.get()));
}

/** Puts the settings on the page, now and whenever they or the system's theme change. */
export function applySettings(): void {
  const prefersLight = window.matchMedia('(prefers-color-scheme: light)');
  const apply = () => {
    const { theme, signs } = settings.get();
    const shown = theme === 'system' ? (prefersLight.matches ? 'light' : 'dark') : theme;
    document.documentElement.dataset.theme = shown;
    document.documentElement.dataset.signs = signs;
  };
  settings.subscribe(apply);
  prefersLight.addEventListener('change', apply);
  apply();
}

function stored(): Settings {
  let found: Partial<Record<keyof Settings, unknown>> = {};
  try {
    found = JSON.parse(localStorage.getItem(KEY) ?? '{}') as typeof found;
  } catch {
    // What cannot be read is as good as nothing.
  }
  return {
    theme: THEMES.find((theme) => theme === found.theme) ?? 'system',
    signs: SIGNS.find((signs) => signs === found.signs) ?? 'blue-orange',
  };
}
