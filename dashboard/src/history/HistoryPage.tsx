import { Suspense, useEffect, useMemo } from 'react';

import { setQuery, useQuery } from '../app/route';
import { Calendar, EquityChart, RHistogram } from '../charts';
import { count, plural, dateOf, isDate, type DateText } from '../format';
import { useApi } from '../session/session';
import { useCall, type Called } from '../state/call';
import { useEngineTime, useHearing, useLedger, useStatus } from '../state/live';
import { Chip, ErrorNote, Note, Panel, Skeleton } from '../ui';
import {
  SessionPhase,
  type GetEquityCurveResponse,
  type GetMetricsResponse,
  type Ledger,
} from '../wire/proto';
import { multiplesOf } from './log';
import { FEW_TRADES, Metrics } from './Metrics';
import { Parity } from './Parity';
import { RangeBar } from './RangeBar';
import { rangeWords, readRange, type HistoryRange } from './range';
import { TradeDrawer } from './TradeDrawer';
import { TradeLog } from './TradeLog';
import { loadTrades, type TradeList, type TradeQuestion } from './trades';

/** The results of past sessions. */
export function HistoryPage() {
  const ledger = useLedger();
  const session = useStatus()?.session?.date;
  const engineDate = dateOf(useEngineTime());
  const today = session ?? engineDate;
  if (ledger !== undefined && today !== undefined) {
    return <History key={ledger.id} ledger={ledger} today={today} />;
  }
  return (
    <main aria-label="History" className="h-full p-3">
      <Skeleton className="h-full w-full" />
    </main>
  );
}

/** What is asked of the daemon for a range. */
interface Answers {
  readonly metrics: Called<GetMetricsResponse>;
  readonly curve: Called<GetEquityCurveResponse>;
  readonly trades: Called<TradeList>;
}

function History({ ledger, today }: { readonly ledger: Ledger; readonly today: DateText }) {
  const query = useQuery();
  const range = useMemo(() => readRange(query, today), [query, today]);
  const strategy = query.get('strategy') ?? '';
  const question = useMemo<TradeQuestion>(
    () => ({ dateFrom: range.from, dateTo: range.to, strategies: strategy === '' ? [] : [strategy] }),
    [range.from, range.to, strategy],
  );
  const answers = useAnswers(ledger, question);
  const day = dayOf(query);
  const list = answers.trades.data;
  const opened = list?.trades.find((trade) => trade.id === query.get('trade'));
  const running = useRunning();
  const few = answers.metrics.data?.metrics?.trades;
  return (
    <div className="relative h-full">
      <main
        aria-label="History"
        className="relative flex h-full flex-col gap-3 overflow-y-auto p-3 *:shrink-0"
      >
        <RangeBar range={range} ledger={ledger} question={question} />
        <div className="grid gap-3 desktop:grid-cols-[minmax(0,1fr)_470px]">
          <Curve answer={answers.curve} range={range} running={running} />
          <Panel
            title="Figures"
            aside={few !== undefined && few < FEW_TRADES && <Chip>{`few trades: ${count(few)}`}</Chip>}
          >
            <Figures answer={answers.metrics} />
          </Panel>
        </div>
        <div className="grid gap-3 tablet:grid-cols-2 desktop:grid-cols-3">
          <Days answer={answers.curve} day={day} running={running} />
          <Panel
            title="Distribution of R"
            aside={list && <span>{`n=${plural(multiplesOf(list.trades).length, 'trade')}`}</span>}
          >
            <Multiples answer={answers.trades} />
          </Panel>
          <Parity date={day} />
        </div>
        {answers.trades.error === undefined ? (
          <TradeLog list={list} onOpen={(trade) => setQuery({ trade: trade.id })} />
        ) : (
          <Panel title="Trade log">
            <ErrorNote error={answers.trades.error} onRetry={answers.trades.reload} />
          </Panel>
        )}
      </main>
      {opened !== undefined && (
        <TradeDrawer key={opened.id} trade={opened} onClose={() => setQuery({ trade: null })} />
      )}
    </div>
  );
}

/** Asks for everything of a range, and again whenever a trade of the running session has ended. */
function useAnswers(ledger: Ledger, question: TradeQuestion): Answers {
  const api = useApi();
  const closed = useStatus()?.dayTrades;
  const key = JSON.stringify([ledger.id, question]);
  const metrics = useCall(key, (signal) => api.history.getMetrics(question, { signal }));
  const curve = useCall(key, (signal) => api.history.getEquityCurve(question, { signal }));
  const trades = useCall(key, (signal) => loadTrades(api, question, signal));
  const reloads = [metrics.reload, curve.reload, trades.reload];
  useEffect(() => {
    if (closed !== undefined) for (const reload of reloads) reload();
    // The functions are the same for the life of the page.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [closed]);
  return { metrics, curve, trades };
}

/** Follows the session that goes on: what it has brought is not the last word. Absent when none does. */
function useRunning(): DateText | undefined {
  const session = useStatus()?.session;
  switch (session?.phase) {
    case SessionPhase.OPENING_RANGE:
    case SessionPhase.ENTRIES:
    case SessionPhase.MANAGING:
    case SessionPhase.FLATTENING:
      return session.date;
    case SessionPhase.PRE_OPEN:
    case SessionPhase.CLOSED:
    case SessionPhase.AFTER_CLOSE:
    case SessionPhase.UNSPECIFIED:
    case undefined:
      return undefined;
  }
}

/** The day whose parity is looked at; empty for the latest one. */
function dayOf(query: URLSearchParams): DateText {
  const day = query.get('day') ?? '';
  return isDate(day) ? day : '';
}

interface CurveProps {
  readonly answer: Called<GetEquityCurveResponse>;
  readonly range: HistoryRange;
  readonly running: DateText | undefined;
}

function Curve({ answer, range, running }: CurveProps) {
  const { isStale } = useHearing();
  const { data, error, reload } = answer;
  return (
    <Panel
      title="Equity, daily returns and drawdown"
      aside={<span>{rangeWords(range)}</span>}
      className="h-96"
    >
      {error !== undefined && <ErrorNote error={error} onRetry={reload} />}
      {error === undefined && data === undefined && <Skeleton className="m-3 h-full" />}
      {data?.points.length === 0 && <Note>No session in this range has ended.</Note>}
      {data !== undefined && data.points.length > 0 && (
        <div className="min-h-0 flex-1">
          <Suspense fallback={<Skeleton className="h-full w-full" />}>
            <EquityChart points={data.points} running={running} isStale={isStale} />
          </Suspense>
        </div>
      )}
    </Panel>
  );
}

function Figures({ answer: { data, error, reload } }: { readonly answer: Called<GetMetricsResponse> }) {
  if (error !== undefined) return <ErrorNote error={error} onRetry={reload} />;
  if (data?.metrics === undefined) return <Skeleton className="m-3 h-72" />;
  if (data.metrics.sessions === 0) return <Note>No session in this range has ended.</Note>;
  return <Metrics metrics={data.metrics} />;
}

interface DaysProps {
  readonly answer: Called<GetEquityCurveResponse>;
  readonly day: DateText;
  readonly running: DateText | undefined;
}

function Days({ answer: { data, error, reload }, day, running }: DaysProps) {
  const { isStale } = useHearing();
  return (
    <Panel title="Calendar" aside={data && <span>{`n=${plural(data.points.length, 'session')}`}</span>}>
      {error !== undefined && <ErrorNote error={error} onRetry={reload} />}
      {error === undefined && data === undefined && <Skeleton className="m-3 h-60" />}
      {data?.points.length === 0 && <Note>No session in this range has ended.</Note>}
      {data !== undefined && data.points.length > 0 && (
        <div className="max-h-96 overflow-y-auto">
          <Calendar
            days={data.points}
            selected={day === '' ? undefined : day}
            onSelect={(date) => setQuery({ day: date === day ? null : date })}
            running={running}
            isStale={isStale}
          />
        </div>
      )}
    </Panel>
  );
}

function Multiples({ answer: { data, error, reload } }: { readonly answer: Called<TradeList> }) {
  const { isStale } = useHearing();
  const multiples = useMemo(() => data && multiplesOf(data.trades), [data]);
  if (error !== undefined) return <ErrorNote error={error} onRetry={reload} />;
  if (multiples === undefined) return <Skeleton className="m-3 h-50" />;
  if (multiples.every((multiple) => multiple === undefined)) {
    return <Note className="min-h-50">No closed trade of this range has an R multiple.</Note>;
  }
  return (
    <div className="relative min-h-52 flex-1">
      <div className="absolute inset-0">
        <RHistogram multiples={multiples} isStale={isStale} />
      </div>
    </div>
  );
}
