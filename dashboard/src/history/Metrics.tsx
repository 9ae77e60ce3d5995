import { count, meanR, plural, money, percent, pnl, ratio, tone, toneOf, type Tone } from '../format';
import { classes } from '../ui';
import type { DayResult, Metrics as MetricsMessage } from '../wire/proto';

/** Below this many trades figures say little. */
export const FEW_TRADES = 20;

interface Figure {
  readonly name: string;
  readonly text: string;
  /** Decides the colour. Absent where the figure has no sign that means gain or loss. */
  readonly tone?: Tone;
  /** What it rests on. */
  readonly note: string;
}

/** Shows every figure of a range with the number of trades or sessions that it rests on. */
export function Metrics({ metrics }: { readonly metrics: MetricsMessage }) {
  const isFew = metrics.trades < FEW_TRADES;
  return (
    <dl className="grid flex-1 auto-rows-fr grid-cols-[repeat(auto-fill,minmax(128px,1fr))]">
      {figures(metrics).map((figure) => (
        <div key={figure.name} className="min-w-0 border-t border-l border-line -mt-px -ml-px px-3 py-2">
          <dt className="truncate text-label text-text-2">{figure.name}</dt>
          <dd
            className={classes('truncate text-figure', isFew ? 'text-text-3' : COLOUR[figure.tone ?? 'flat'])}
          >
            {figure.text}
          </dd>
          <dd className="truncate text-label font-normal text-text-3">{figure.note}</dd>
        </div>
      ))}
    </dl>
  );
}

const COLOUR: Record<Tone, string> = { gain: 'text-gain', loss: 'text-loss', flat: 'text-text' };

function figures(metrics: MetricsMessage): Figure[] {
  const { trades, wins, losses, sessions } = metrics;
  const [ofTrades, ofSessions] = [`n=${plural(trades, 'trade')}`, `n=${plural(sessions, 'session')}`];
  const result = (name: string, value: string | undefined, note: string): Figure => ({
    name,
    text: pnl(value),
    tone: tone(value),
    note,
  });
  return [
    result('Total P&L', metrics.netPnl, `after $${plain(metrics.fees)} fees`),
    {
      name: 'Win rate',
      text: percent(metrics.winRate),
      note: `${count(wins)} won, ${count(losses)} lost, n=${count(trades)}`,
    },
    { name: 'Sharpe', text: ratio(metrics.sharpe), note: ofSessions },
    { name: 'Sortino', text: ratio(metrics.sortino), note: ofSessions },
    {
      name: 'Max drawdown',
      text: money(metrics.maxDrawdown),
      note: `${percent(metrics.maxDrawdownFraction, 2)}, ${ofSessions}`,
    },
    result('Average win', metrics.averageWin, `n=${count(wins)}`),
    result('Average loss', metrics.averageLoss, `n=${count(losses)}`),
    { name: 'Profit factor', text: ratio(metrics.profitFactor), note: ofTrades },
    {
      name: 'Expectancy',
      text: meanR(metrics.expectancyR),
      tone: toneOf(metrics.expectancyR),
      note: ofTrades,
    },
    day('Best day', metrics.bestDay),
    day('Worst day', metrics.worstDay),
    result('Gross P&L', metrics.grossPnl, ofTrades),
  ];
}

function day(name: string, result: DayResult | undefined): Figure {
  return { name, text: pnl(result?.netPnl), tone: tone(result?.netPnl), note: result?.date ?? 'no session' };
}

function plain(fees: string): string {
  return money(fees).replace('$', '');
}
