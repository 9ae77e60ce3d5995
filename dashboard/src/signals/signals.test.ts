// @vitest-environment node
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { fromMs, latency } from '../format';
import { Side, SignalEventSchema, SignalSchema, SignalStatus, type Signal } from '../wire/proto';
import { chainOf, stepsOf } from './stations';
import { isFiltered, matches, readFilters, toRequest, upToDate } from './filters';
import { exitWords, reasonSentence } from './reasons';
import { isActive, statusKey, statusOf, STATUSES, statusWord } from './status';

const START = Date.UTC(2026, 2, 2, 14, 35);

function signal(id: string, init: MessageInitShape<typeof SignalSchema> = {}): Signal {
  const time = { $typeName: 'google.protobuf.Timestamp' as const, ...fromMs(START + Number(id) * 1000) };
  return create(SignalSchema, { id, time, symbol: 'NVDA', side: Side.LONG, date: '2026-03-02', ...init });
}

const at = (ms: number) => ({ $typeName: 'google.protobuf.Timestamp' as const, ...fromMs(START + ms) });
const NONE = readFilters(new URLSearchParams());

describe('filters in the address', () => {
  it('are read, with tickers in capitals and dates that exist', () => {
    const query = new URLSearchParams(
      'symbol= nvda &side=short&status=partially_filled&strategy=a&from=2026-02-30&to=2026-03-02',
    );
    expect(readFilters(query)).toEqual({
      symbol: 'NVDA',
      side: Side.SHORT,
      status: SignalStatus.PARTIALLY_FILLED,
      strategy: 'a',
      from: undefined,
      to: '2026-03-02',
    });
  });

  it('that say nothing known do not limit', () => {
    const filters = readFilters(new URLSearchParams('side=up&status=great&from=x&symbol='));
    expect(isFiltered(filters)).toBe(false);
    expect(toRequest(filters)).toEqual({
      symbols: [],
      sides: [],
      statuses: [],
      strategies: [],
      dateFrom: '',
      dateTo: '',
    });
  });

  it('decide on every one of their fields', () => {
    const row = signal('1', { strategy: 'a', status: SignalStatus.FILLED });
    const fits = {
      symbol: 'NVDA',
      side: 'long',
      status: 'filled',
      strategy: 'a',
      from: '2026-03-02',
      to: '2026-03-02',
    };
    const differs = {
      symbol: 'TSLA',
      side: 'short',
      status: 'rejected',
      strategy: 'b',
      from: '2026-03-03',
      to: '2026-03-01',
    };
    expect(matches(row, readFilters(new URLSearchParams(fits)))).toBe(true);
    for (const [name, value] of Object.entries(differs)) {
      expect(matches(row, readFilters(new URLSearchParams({ ...fits, [name]: value }))), name).toBe(false);
    }
  });
});

describe('the list with the word of the stream', () => {
  it('keeps when an order was sent, which the stream does not tell', () => {
    const listed = signal('1', { submittedTime: at(5) });
    const [row] = upToDate([listed], [signal('1', { status: SignalStatus.FILLED })], NONE, true);
    expect([row?.status, row?.submittedTime]).toEqual([SignalStatus.FILLED, listed.submittedTime]);
  });

  const ids = (rows: readonly Signal[]) => rows.map((row) => row.id);

  it('shows new signals first and the newer state of listed ones', () => {
    const listed = [signal('5', { status: SignalStatus.WORKING }), signal('3')];
    const live = [signal('5', { status: SignalStatus.FILLED }), signal('9')];
    const rows = upToDate(listed, live, NONE, false);
    expect(ids(rows)).toEqual(['9', '5', '3']);
    expect(rows[1]?.status).toBe(SignalStatus.FILLED);
  });

  it('leaves older signals of the session for their page, unless all pages are there', () => {
    expect(ids(upToDate([signal('5')], [signal('1')], NONE, false))).toEqual(['5']);
    expect(ids(upToDate([signal('5')], [signal('1')], NONE, true))).toEqual(['5', '1']);
    expect(ids(upToDate([], [signal('1')], NONE, true))).toEqual(['1']);
  });

  it('drops what does not pass the filters any more', () => {
    const filters = readFilters(new URLSearchParams('status=working'));
    const listed = [signal('5', { status: SignalStatus.WORKING })];
    expect(upToDate(listed, [signal('5', { status: SignalStatus.FILLED })], filters, true)).toEqual([]);
  });
});

describe('the way of a signal', () => {
  it('has each step of the order where the records do, each once', () => {
    const kinds = [
      'decided',
      'committed',
      'sent',
      'acknowledged',
      'filled',
      'stop_working',
      'exit_sent',
      'stop_working',
    ];
    const events = kinds.map((kind, place) => create(SignalEventSchema, { kind, time: at(place * place) }));
    const filled = signal('1', { status: SignalStatus.FILLED });
    const told = stepsOf(filled, events)?.map(({ name, latency: length }) => [
      name,
      length && latency(length),
    ]);
    expect(told).toEqual([
      ['signal', undefined],
      ['recorded', '1.0 ms'],
      ['sent', '3.0 ms'],
      ['accepted', '5.0 ms'],
      ['fill', '7.0 ms'],
      ['stop works', '9.0 ms'],
    ]);
    expect(stepsOf(filled, events.slice(0, 1))).toBeUndefined();
    expect(stepsOf(signal('1', { status: SignalStatus.REJECTED }), events)).toBeUndefined();
  });

  const way = (row: Signal) =>
    chainOf(row).map(({ name, kind, latency: length }) => [name, kind, length && latency(length)]);

  it('goes over the order to the fill with its latencies', () => {
    const filled = signal('0', {
      status: SignalStatus.FILLED,
      submittedTime: at(5),
      acknowledgedTime: at(38),
      filledTime: at(250),
    });
    expect(way(filled)).toEqual([
      ['signal', 'passed', undefined],
      ['order', 'passed', '38 ms'],
      ['fill', 'passed', '212 ms'],
    ]);
  });

  it('ends with the code of a rejection', () => {
    const rejected = signal('0', { status: SignalStatus.REJECTED, reason: 'no_slot' });
    expect(way(rejected)).toEqual([
      ['signal', 'passed', undefined],
      ['no_slot', 'ended', undefined],
    ]);
  });

  it('waits where it is', () => {
    const working = signal('0', { status: SignalStatus.WORKING, submittedTime: at(20) });
    expect(way(working).at(-1)).toEqual(['working', 'awaited', undefined]);
  });
});

describe('words', () => {
  it('has a sentence for every reason that orb knows', () => {
    const source = readFileSync('../orb-core/src/reason.rs', 'utf8');
    const codes = [...source.matchAll(/^ {4}\w+ = "(\w+)",$/gm)].map(([, code]) => code ?? '');
    expect(codes.length).toBeGreaterThan(30);
    for (const code of codes) expect(reasonSentence(code), code).toMatch(/^[A-Z].* .*\.$/);
    for (const code of codes) expect(reasonSentence(code), code).not.toBe(reasonSentence(`${code}_x`));
  });

  it('has words for every exit that orb knows, and shows others as they came', () => {
    const source = readFileSync('../orb-core/src/fact.rs', 'utf8');
    const body = /impl ExitReason[\s\S]*?fn code[\s\S]*?\n {4}\}/.exec(source)?.[0] ?? '';
    const codes = [...body.matchAll(/=> "(\w+)"/g)].map(([, code]) => code ?? '');
    expect(codes).toHaveLength(8);
    expect(new Set(codes.map(exitWords)).size).toBe(8);
    expect(exitWords(undefined)).toBe('open');
    expect(exitWords('new_way')).toBe('New way');
    expect(reasonSentence('new_rule')).toBe('New rule.');
  });

  it('has a name in the address for every status, and says which are on their way', () => {
    for (const status of STATUSES) expect(statusOf(statusKey(status))).toBe(status);
    expect(STATUSES.filter(isActive).map(statusWord)).toEqual([
      'pending',
      'submitted',
      'working',
      'partly filled',
      'unanswered',
    ]);
    // A newer daemon may know more of them.
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
    expect(statusWord(42 as SignalStatus)).toBe('unknown status 42');
  });
});
