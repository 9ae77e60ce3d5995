import { createStore, useStore } from '../state/store';

/** What stands above the page. */
export type Dialog =
  'none' | 'act' | 'kill' | 'flatten' | 'release' | 'holds' | 'environment' | 'palette' | 'help' | 'settings';

const shown = createStore<Dialog>('none');

/** Follows what stands above the page. */
export function useDialog(): Dialog {
  return useStore(shown);
}

/** Shows a dialogue in the place of any other. */
export function show(dialog: Dialog): void {
  shown.set(dialog);
}

/** Shows the page alone. */
export function hideDialog(): void {
  shown.set('none');
}

/** Says whether something stands above the page now. */
export function isDialogShown(): boolean {
  return shown.get() !== 'none';
}
