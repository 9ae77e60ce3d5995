/** What became of the symbols that a day's are chosen from. Pure. */

import { UniverseState, type Signal, type UniverseEntry } from '../wire/proto';

/** The states that a symbol may be in, in the order of a day. */
export const STATES = [
  UniverseState.WAITING,
  UniverseState.EXCLUDED,
  UniverseState.WATCHED,
  UniverseState.SIGNALLED,
] as const;

/** Returns a state in words. */
export function stateWord(state: UniverseState): string {
  switch (state) {
    case UniverseState.WAITING:
      return 'waiting for its range';
    case UniverseState.EXCLUDED:
      return 'left out';
    case UniverseState.WATCHED:
      return 'watched';
    case UniverseState.SIGNALLED:
      return 'signalled';
    case UniverseState.UNSPECIFIED:
      return 'unknown';
  }
}

/** Returns the word of a state in an address. */
export function stateKey(state: UniverseState): string {
  return UniverseState[state].toLowerCase();
}

/** Returns the state of a word in an address; what names none does not limit. */
export function stateOf(word: string): UniverseState | undefined {
  return STATES.find((state) => stateKey(state) === word);
}

/** Names an entry among the others. */
export function keyOf({ strategy, symbol }: UniverseEntry): string {
  return `${strategy} ${symbol}`;
}

/** Returns the list as it is now: a symbol that has had its signal since it was asked for is no longer only watched. */
export function withSignals(listed: readonly UniverseEntry[], live: readonly Signal[]): UniverseEntry[] {
  const signalled = new Set(live.map(({ strategy, symbol }) => `${strategy} ${symbol}`));
  return listed.map((entry) =>
    entry.state === UniverseState.WATCHED && signalled.has(keyOf(entry))
      ? { ...entry, state: UniverseState.SIGNALLED }
      : entry,
  );
}
