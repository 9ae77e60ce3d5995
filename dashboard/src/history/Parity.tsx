import { Code } from '@connectrpc/connect';

import { count, dateClock, decimal, pnl, price, rMultiple, type DateText } from '../format';
import { useApi } from '../session/session';
import { Rows, Section } from '../signals/Rows';
import { useCall } from '../state/call';
import { useLedger } from '../state/live';
import { Chip, ErrorNote, Note, Panel, Ring, Skeleton, Triangle } from '../ui';
import type { ParityFigures, ParityNote, ParityReport, ParityTrade, UnmatchedTrade } from '../wire/proto';

/** Compares a day with the backtest of its own bars. `date`: empty for the latest day that has a report. */
export function Parity({ date }: { readonly date: DateText }) {
  const api = useApi();
  const ledger = useLedger();
  const key = ledger === undefined ? null : JSON.stringify([ledger.id, date, 'parity']);
  const { data, error, reload } = useCall(key, (signal) => api.history.getParityReport({ date }, { signal }));
  const report = data?.report;
  return (
    <Panel
      title="Parity of the day"
      aside={<span>{report?.date ?? (date === '' ? 'the latest' : date)}</span>}
      className="max-h-96 min-h-60"
    >
      {error?.code === Code.NotFound && (
        <Note>
          {date === ''
            ? 'No day has a report yet. It is made after the session.'
            : `There is no report of ${date}. It is made after the session.`}
        </Note>
      )}
      {error !== undefined && error.code !== Code.NotFound && <ErrorNote error={error} onRetry={reload} />}
      {error === undefined && report === undefined && <Skeleton className="m-3 h-40" />}
      {report !== undefined && <Report report={report} />}
    </Panel>
  );
}

function Report({ report }: { readonly report: ParityReport }) {
  const { figures, trades, missed, extra, signals, decisions } = report;
  const differing = trades.filter((trade) => trade.differences.length > 0);
  return (
    // A part that scrolls takes the focus, so that its end can be reached by keys.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div tabIndex={0} role="group" aria-label="Report" className="min-h-0 overflow-y-auto -outline-offset-2">
      {figures !== undefined && <Figures figures={figures} />}
      {missed.length > 0 && <Unmatched title="Not made, though the bars say so" trades={missed} />}
      {extra.length > 0 && <Unmatched title="Made, though the bars do not say so" trades={extra} />}
      {differing.length > 0 && <Differing trades={differing} />}
      <Notes title="Signals that differ" notes={signals} />
      <Notes title="Decisions that differ" notes={decisions} />
      <p className="border-t border-line px-3 py-2 text-text-3">
        {`Build ${report.build}, made ${dateClock(report.madeTime)}. Slippage is against you when positive.`}
      </p>
    </div>
  );
}

function Figures({ figures }: { readonly figures: ParityFigures }) {
  const { differences, unexplained } = figures;
  return (
    <>
      <p className="flex items-center gap-2 px-3 py-2 font-medium">
        {unexplained > 0 ? (
          <Triangle className="size-3 text-warn" />
        ) : (
          <Ring className="size-3 text-text-3" />
        )}
        {differences === 0
          ? 'The day is what the backtest of its bars says.'
          : `${count(differences)} differences, ${count(unexplained)} without a reason.`}
      </p>
      <div className="px-3 pb-2">
        <Rows
          rows={[
            ['Signals, as expected', `${figures.signalsIdentical} of ${figures.signalsExpected}`],
            ['Signals found', count(figures.signalsFound)],
            ['Trades, equal', `${figures.tradesEqual} of ${figures.tradesExpected}`],
            ['Trades found', count(figures.tradesFound)],
            ['Missed', count(figures.missed)],
            ['Extra', count(figures.extra)],
            ['P&L', pnl(figures.netPnl)],
            ['Backtest, pessimistic', pnl(figures.netPnlPessimistic)],
            ['Backtest, optimistic', pnl(figures.netPnlOptimistic)],
            ['Slippage', pnl(figures.slippage)],
            ['Slippage in R', rMultiple(figures.slippageR)],
            ['Fees', `$${decimal(figures.fees, 2)} of $${decimal(figures.feesExpected, 2)}`],
          ]}
        />
      </div>
    </>
  );
}

function Unmatched({
  title,
  trades,
}: {
  readonly title: string;
  readonly trades: readonly UnmatchedTrade[];
}) {
  return (
    <Section title={title}>
      {trades.map((trade) => (
        <p key={`${trade.strategy} ${trade.symbol}`} className="flex flex-wrap items-center gap-x-3">
          <b className="font-medium">{trade.symbol}</b>
          <span className="text-text-2">{`${trade.side} ${trade.quantity}`}</span>
          <span>{pnl(trade.netPnl)}</span>
          <Why why={trade.why} />
          <span className="text-text-2">{trade.reason}</span>
        </p>
      ))}
    </Section>
  );
}

function Differing({ trades }: { readonly trades: readonly ParityTrade[] }) {
  return (
    <Section title="Trades that differ">
      {trades.map((trade) => (
        <div key={`${trade.strategy} ${trade.symbol} ${trade.entryPrice}`} className="py-1">
          <p className="flex flex-wrap gap-x-3">
            <b className="font-medium">{trade.symbol}</b>
            <span className="text-text-2">{`${trade.side} ${trade.quantity}`}</span>
            <span>{`in ${price(trade.entryPrice)} for ${price(trade.entryExpected)}`}</span>
            <span>{`out ${price(trade.exitPrice)} for ${price(trade.exitExpected)}`}</span>
            <span>{`${pnl(trade.netPnl)} for ${pnl(trade.netPnlPessimistic)}`}</span>
          </p>
          {trade.differences.map((note) => (
            <NoteLine key={note.what} note={note} />
          ))}
        </div>
      ))}
    </Section>
  );
}

function Notes({ title, notes }: { readonly title: string; readonly notes: readonly ParityNote[] }) {
  if (notes.length === 0) return null;
  return (
    <Section title={title}>
      {notes.map((note) => (
        <NoteLine key={`${note.strategy} ${note.symbol} ${note.what}`} note={note} />
      ))}
    </Section>
  );
}

function NoteLine({ note }: { readonly note: ParityNote }) {
  return (
    <p className="flex flex-wrap items-center gap-x-2 text-text-2">
      <span className="text-text">{note.symbol}</span>
      <span>{note.what}</span>
      <Why why={note.why} />
    </p>
  );
}

function Why({ why }: { readonly why: string }) {
  return <Chip kind={why === 'unexplained' ? 'warn' : 'plain'}>{why}</Chip>;
}
