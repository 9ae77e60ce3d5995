import { useEffect } from 'react';

import { hideDialog, isDialogShown, show } from './shownDialog';
import { KILL_BUTTON } from './KillSwitch';
import { navigate, type Page } from './route';

const GO: Partial<Record<string, Page>> = { l: '/', s: '/signals', h: '/history', o: '/logs' };
/** How long G waits for its second key. */
const GO_MS = 1000;

/** The keys of the page, with what each does; shown by `?`. */
export const KEYS: readonly (readonly [string, string])[] = [
  ['K, Enter', 'Kill: K leads to the button, Enter presses it'],
  ['Ctrl K', 'Every command'],
  ['G, then L S H O', 'Live, Signals, History, Logs'],
  ['/', 'Search or filter of the page'],
  ['↑ ↓', 'Selects a row'],
  ['?', 'These keys'],
  ['Esc', 'Leaves a dialogue'],
];

/** Listens to the keys of the page; none counts while somebody types, but Ctrl K. */
export function useKeys(): void {
  useEffect(() => {
    let goneAt = 0;
    const onKey = (event: KeyboardEvent) => {
      const key = event.key.toLowerCase();
      if (key === 'k' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        if (isDialogShown()) hideDialog();
        else show('palette');
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || isDialogShown()) return;
      const page = event.timeStamp - goneAt < GO_MS ? GO[key] : undefined;
      goneAt = key === 'g' ? event.timeStamp : 0;
      if (page !== undefined) navigate(page);
      else if (key === 'k') document.getElementById(KILL_BUTTON)?.focus();
      else if (key === '?') show('help');
      else if (key === '/') document.querySelector<HTMLElement>('[data-search]')?.focus();
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}

/** Says whether keys are text where they are pressed. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button'].includes(target.type);
  return (
    target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
  );
}
