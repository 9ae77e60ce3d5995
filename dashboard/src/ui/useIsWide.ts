import { useSyncExternalStore } from 'react';

/** Follows whether there is room for a panel beside the tables: 1280 px, as `desktop:` in the style sheet. */
export function useIsWide(): boolean {
  return useSyncExternalStore(subscribe, isWide);
}

const QUERY = '(min-width: 1280px)';

function isWide(): boolean {
  return window.matchMedia(QUERY).matches;
}

function subscribe(listener: () => void): () => void {
  const query = window.matchMedia(QUERY);
  query.addEventListener('change', listener);
  return () => query.removeEventListener('change', listener);
}
