import { useMemo, useSyncExternalStore } from 'react';

/** The pages, by their paths. */
export const PAGES = ['/', '/signals', '/history', '/logs'] as const;
export type Page = (typeof PAGES)[number];

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('popstate', listener);
  };
}

/** Returns the page that a path names; unknown paths are the Live page. */
export function pageOf(path: string): Page {
  return PAGES.find((page) => page === path.replace(/(.)\/$/, '$1')) ?? '/';
}

/** Goes to an address within the page, such as `/signals?symbol=NVDA`. */
export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (options.replace === true) window.history.replaceState(null, '', to);
  else window.history.pushState(null, '', to);
  for (const listener of listeners) listener();
}

/** Returns the page that is shown. */
export function usePage(): Page {
  return pageOf(useSyncExternalStore(subscribe, () => window.location.pathname));
}

/** Returns the query of the address; filters live there. */
export function useQuery(): URLSearchParams {
  const search = useSyncExternalStore(subscribe, () => window.location.search);
  return useMemo(() => new URLSearchParams(search), [search]);
}

/**
 * Changes the query of the address: `null` or an empty string takes a key away, an array repeats it.
 * Replaces the entry of the browser's history, so that Back leaves the page and not a keystroke.
 */
export function setQuery(changes: Record<string, string | readonly string[] | null>): void {
  const query = new URLSearchParams(window.location.search);
  for (const [key, value] of Object.entries(changes)) {
    query.delete(key);
    const values = typeof value === 'string' ? [value] : (value ?? []);
    for (const each of values) if (each !== '') query.append(key, each);
  }
  const text = query.toString();
  navigate(window.location.pathname + (text === '' ? '' : `?${text}`), { replace: true });
}

/** Returns what a field needs whose value lives in the address; `also` changes with it, such as the page of a list. */
export function queryField(query: URLSearchParams, name: string, also: Record<string, null> = {}) {
  return {
    value: query.get(name) ?? '',
    onChange: ({ target }: { target: { value: string } }) => setQuery({ ...also, [name]: target.value }),
  };
}
