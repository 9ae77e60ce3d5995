import { createStore, useStore } from '../state/store';
import { send, type Call, type Sent } from '../wire/command';
import { show } from './shownDialog';

/** A command that is given by its name alone, such as a pause. */
export interface Act {
  /** What it does, as a heading: `Pause entries`. */
  readonly name: string;
  /** The same for a shell, for a daemon that does not answer. */
  readonly shell: string;
  /** How far it has come; absent before it is sent. */
  readonly sent: Sent<unknown> | undefined;
}

const act = createStore<Act | undefined>(undefined);

/** Follows the command that was given last; absent before the first. */
export function useAct(): Act | undefined {
  return useStore(act);
}

/** Gives a command at once and shows how it comes along. */
export function perform(name: string, shell: string, call: Call<unknown>): void {
  act.set({ name, shell, sent: undefined });
  show('act');
  void send(call, (sent) => act.set({ name, shell, sent }));
}
