import { create } from '@bufbuild/protobuf';
import { renderHook, act } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';

import { PositionSchema, WatchResponseSchema } from '../wire/proto';
import { apply, NO_BOOKS } from './books';
import { close, forgetClosings, useClosings } from './closing';
import { live } from './live';

const nvda = create(PositionSchema, { strategy: 'orb', symbol: 'NVDA', tradeId: 't1', quantity: 240n });

function show(positions: (typeof nvda)[]): void {
  const event = { case: 'positionsSnapshot' as const, value: { positions } };
  const books = apply(NO_BOOKS, create(WatchResponseSchema, { streamEpoch: 'run', event }));
  live.set({ books, contact: { kind: 'connected' }, heardAt: Date.now() });
}

afterEach(forgetClosings);

test('a close is flat only when the daemon does not show the position any more', async () => {
  show([nvda]);
  const { result } = renderHook(useClosings);
  await act(() => close([nvda], () => Promise.resolve({})));
  expect(result.current.get('t1')?.sent?.phase).toBe('accepted');
  act(() => show([nvda]));
  expect(result.current.get('t1')?.flatAt).toBeUndefined();
  act(() => show([]));
  expect(result.current.get('t1')?.flatAt).toBeTypeOf('number');
});

test('a position that is flat before the answer stays flat with it', async () => {
  show([nvda]);
  const { result } = renderHook(useClosings);
  await act(() =>
    close([nvda], () => {
      show([]);
      return Promise.resolve({});
    }),
  );
  expect(result.current.get('t1')?.flatAt).toBeTypeOf('number');
});
