import { Code, ConnectError } from '@connectrpc/connect';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { send, type Sent } from './command';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const phases = (reports: Sent<string>[]) => reports.map((sent) => sent.phase);

test('an answered command is sent once and reported at once', async () => {
  const reports: Sent<string>[] = [];
  const call = vi.fn(() => Promise.resolve('done'));
  const sent = await send(call, (each) => reports.push(each));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(phases(reports)).toEqual(['sending', 'accepted']);
  expect(sent.reply).toBe('done');
  expect(call).toHaveBeenCalledTimes(1);
});

test('without an answer it is repeated after a second under the same id, and the shell is named after three', async () => {
  const reports: Sent<string>[] = [];
  const ids: string[] = [];
  const done = send<string>(
    (id) => {
      ids.push(id);
      return ids.length < 3 ? new Promise(() => undefined) : Promise.resolve('late');
    },
    (each) => reports.push(each),
  );
  expect(phases(reports)).toEqual(['sending']);
  await vi.advanceTimersByTimeAsync(1000);
  expect(phases(reports)).toEqual(['sending', 'repeating']);
  expect(ids).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(2000);
  expect(phases(reports)).toEqual(['sending', 'repeating', 'unanswered', 'accepted']);
  expect(new Set(ids).size).toBe(1);
  expect((await done).answeredMs).toBe(3000);
});

test('a refusal ends it, a broken connection does not', async () => {
  const refused = await send(
    () => Promise.reject(new ConnectError('a release needs a reason', Code.InvalidArgument)),
    () => undefined,
  );
  expect([refused.phase, refused.error?.code]).toEqual(['failed', Code.InvalidArgument]);
  let calls = 0;
  const carried = send(
    () => (++calls < 2 ? Promise.reject(new ConnectError('', Code.Unavailable)) : Promise.resolve('carried')),
    () => undefined,
  );
  await vi.advanceTimersByTimeAsync(1000);
  expect((await carried).reply).toBe('carried');
});

test('when nobody answers the last try ends it', async () => {
  let calls = 0;
  const sent = send<string>(
    () => {
      calls += 1;
      return Promise.reject(new ConnectError('', Code.Unavailable));
    },
    () => undefined,
  );
  await vi.advanceTimersByTimeAsync(60_000);
  expect((await sent).phase).toBe('failed');
  expect(calls).toBe(6);
});
