import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { patiently } from './patiently';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('loads what can be had later', async () => {
  const load = vi
    .fn<() => Promise<string>>()
    .mockRejectedValueOnce(new Error('away'))
    .mockResolvedValue('chart');
  const loaded = patiently(load);
  await vi.runAllTimersAsync();
  expect(await loaded).toBe('chart');
  expect(load).toHaveBeenCalledTimes(2);
});

it('does not try for ever', async () => {
  const load = vi.fn<() => Promise<string>>().mockRejectedValue(new Error('away'));
  const failed = expect(patiently(load)).rejects.toThrow('away');
  await vi.runAllTimersAsync();
  await failed;
  expect(load).toHaveBeenCalledTimes(30);
});
