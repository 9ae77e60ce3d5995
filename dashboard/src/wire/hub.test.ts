import { create, fromBinary } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Word } from './contact';
import { Hub, type Watch } from './hub';
import { WatchResponseSchema, type WatchRequest, type WatchResponse } from './proto';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

type Step = WatchResponse | ConnectError | 'silence';

/** A daemon whose streams say these things, one stream after another; the last one is repeated. */
function daemon(...streams: Step[][]) {
  const requests: WatchRequest[] = [];
  const watch: Watch = async function* (request, signal) {
    const steps = streams[Math.min(requests.length, streams.length - 1)] ?? [];
    requests.push(request);
    for (const step of steps) {
      if (step === 'silence') await aborted(signal);
      else if (step instanceof ConnectError) throw step;
      else yield step;
    }
  };
  return { requests, watch };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new ConnectError('', Code.Canceled)));
  });
}

function said(
  event: NonNullable<Parameters<typeof create<typeof WatchResponseSchema>>[1]>['event'],
  sequence = 1n,
) {
  return create(WatchResponseSchema, { streamEpoch: 'run', sequence, event: event ?? { case: undefined } });
}

const heartbeat = () => said({ case: 'heartbeat', value: {} });
const whole = () => [
  said({ case: 'statusSnapshot', value: { status: { openPositions: 2 } } }),
  said({ case: 'positionsSnapshot', value: {} }),
  said({ case: 'fillsSnapshot', value: {} }),
  said({ case: 'equitySnapshot', value: {} }),
  said({ case: 'signalsSnapshot', value: {} }),
  said({ case: 'logsSnapshot', value: {} }, 7n),
];

function hubOf(watch: Watch) {
  const words: Word[] = [];
  const hub = new Hub(watch, (word) => words.push(word));
  return { hub, words, kinds: () => words.map((word) => word.contact.kind) };
}

test('messages that come together are passed on together', async () => {
  const { hub, words } = hubOf(daemon([...whole(), 'silence']).watch);
  hub.start();
  await vi.advanceTimersByTimeAsync(100);
  expect(words.map((word) => word.messages.length)).toEqual([0, 6]);
  hub.stop();
});

test('a page that comes later is greeted with all that is known, and its age', async () => {
  const { hub } = hubOf(daemon([...whole(), 'silence']).watch);
  hub.start();
  await vi.advanceTimersByTimeAsync(2000);
  const greeting = hub.greeting();
  const cases = greeting.messages.map((bytes) => fromBinary(WatchResponseSchema, bytes).event.case);
  expect(cases).toEqual([
    'heartbeat',
    'statusSnapshot',
    'positionsSnapshot',
    'fillsSnapshot',
    'equitySnapshot',
    'signalsSnapshot',
    'logsSnapshot',
  ]);
  expect(greeting.silentMs).toBe(2000);
  hub.stop();
});

test('a stream that ends is made again and goes on after the last message', async () => {
  const { watch, requests } = daemon(whole(), [heartbeat(), 'silence']);
  const { hub, kinds } = hubOf(watch);
  hub.start();
  await vi.advanceTimersByTimeAsync(1000);
  expect(requests[0]?.resumeAfter).toBeUndefined();
  expect(requests[1]?.resumeAfter).toMatchObject({ streamEpoch: 'run', sequence: 7n });
  expect(kinds()).toContain('lost');
  expect(kinds().at(-1)).toBe('connected');
  hub.stop();
});

test('a stream that broke before all topics had begun begins anew', async () => {
  const { watch, requests } = daemon(whole().slice(0, 2), ['silence']);
  const { hub } = hubOf(watch);
  hub.start();
  await vi.advanceTimersByTimeAsync(1000);
  expect(requests).toHaveLength(2);
  expect(requests[1]?.resumeAfter).toBeUndefined();
  hub.stop();
});

test('a stream without a heartbeat is made again', async () => {
  const { watch, requests } = daemon([heartbeat(), 'silence'], [heartbeat(), 'silence']);
  const { hub, words } = hubOf(watch);
  hub.start();
  await vi.advanceTimersByTimeAsync(3900);
  expect(requests).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(600);
  expect(requests).toHaveLength(2);
  expect(words.some(({ contact }) => contact.kind === 'lost' && contact.why === 'no heartbeat')).toBe(true);
  hub.stop();
});

test('tries are counted while nobody answers, and none is made after a token has ended', async () => {
  const down = new ConnectError('', Code.Unavailable);
  const { watch, requests } = daemon(
    [down],
    [down],
    [new ConnectError('unknown token', Code.Unauthenticated)],
  );
  const { hub, words } = hubOf(watch);
  hub.start();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(requests).toHaveLength(3);
  expect(words.map(({ contact }) => (contact.kind === 'lost' ? contact.attempt : contact.kind))).toEqual([
    1,
    2,
    'refused',
  ]);
});

test('a hub that is stopped makes no stream again', async () => {
  const { watch, requests } = daemon([heartbeat(), 'silence']);
  const { hub } = hubOf(watch);
  hub.start();
  await vi.advanceTimersByTimeAsync(100);
  hub.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(requests).toHaveLength(1);
});
