// @vitest-environment node
import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';

import { SignalSchema, UniverseEntrySchema, UniverseState, type UniverseEntry } from '../wire/proto';
import { keyOf, stateKey, stateOf, STATES, stateWord, withSignals } from './universe';

const entry = (symbol: string, state: UniverseState, strategy = 'a'): UniverseEntry =>
  create(UniverseEntrySchema, { strategy, symbol, state });

describe('states of the universe', () => {
  it('are each found again by the word in the address, and have words of their own', () => {
    for (const state of STATES) expect(stateOf(stateKey(state))).toBe(state);
    expect(new Set(STATES.map(stateWord)).size).toBe(STATES.length);
    for (const word of ['', 'unspecified', 'great']) expect(stateOf(word)).toBeUndefined();
  });
});

describe('the list as it is now', () => {
  const listed = [
    entry('NVDA', UniverseState.WATCHED),
    entry('NVDA', UniverseState.WATCHED, 'b'),
    entry('AMD', UniverseState.WATCHED),
    entry('TSLA', UniverseState.EXCLUDED),
  ];

  it('knows the signals that came since it was asked for, each strategy for itself', () => {
    const live = ['NVDA', 'TSLA'].map((symbol) => create(SignalSchema, { strategy: 'a', symbol }));
    const states = new Map(withSignals(listed, live).map((each) => [keyOf(each), each.state]));
    expect(states.get('a NVDA')).toBe(UniverseState.SIGNALLED);
    expect(states.get('b NVDA')).toBe(UniverseState.WATCHED);
    expect(states.get('a AMD')).toBe(UniverseState.WATCHED);
    expect(states.get('a TSLA')).toBe(UniverseState.EXCLUDED);
  });

  it('is the same without any', () => {
    expect(withSignals(listed, [])).toEqual(listed);
  });
});
