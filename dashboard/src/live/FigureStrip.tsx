import type { ReactNode } from 'react';

import { money, percent, pnl, rMultiple, signedPercent, span, toMs, tone } from '../format';
import { useAccount, useDayPnl, useFigureAge, usePositions, useStatus } from '../state/live';
import { Chip, classes, Signed, Skeleton } from '../ui';
import type { Trade } from '../wire/proto';
import { averageR, dayR, dayReturn, losses, openRisk } from './figures';
import { LossGauge } from './LossGauge';

/** How the day goes, in one line. */
export function FigureStrip({ trades }: { readonly trades: readonly Trade[] | undefined }) {
  return (
    <section
      aria-label="The day"
      className="grid shrink-0 grid-cols-3 overflow-hidden rounded-card border border-line bg-surface max-tablet:grid-cols-1 max-tablet:rounded-none max-tablet:border-x-0 tablet:max-desktop:[&>*:nth-child(n+4)]:border-t desktop:grid-cols-[380fr_270fr_185fr_185fr_175fr_215fr]"
    >
      <DayResult trades={trades} />
      <LossGauge />
      <Equity />
      <BuyingPower />
      <Trades />
      <WinRate trades={trades} />
      <PhoneLine />
    </section>
  );
}

/** One figure with its name above and what explains it below. */
function Figure({ label, value, sub }: { label: string; value: ReactNode; sub: ReactNode }) {
  const { isOld } = useFigureAge();
  return (
    <div className="flex min-w-0 flex-col justify-center border-l border-line px-4 py-2 max-tablet:hidden">
      <span className="text-label text-text-2">{label}</span>
      <span className={classes('text-figure', isOld && 'text-text-3')}>
        {value ?? <Skeleton className="h-4 w-24" />}
      </span>
      <span className="truncate text-text-2">{sub ?? <Skeleton className="h-3 w-20" />}</span>
    </div>
  );
}

function DayResult({ trades }: { readonly trades: readonly Trade[] | undefined }) {
  const net = useDayPnl()?.net;
  const { isOld, seconds } = useFigureAge();
  const part = dayReturn(net, useAccount()?.sessionOpenEquity);
  const positions = usePositions();
  const r = trades === undefined || positions === undefined ? undefined : dayR(trades, positions);
  const colour = isOld ? 'text-text-3' : { gain: 'text-gain', loss: 'text-loss', flat: '' }[tone(net)];
  return (
    <div className="flex min-w-0 flex-col justify-center px-4 py-2">
      <span className="flex h-4 items-center gap-2 text-label text-text-2">
        Day P&L {isOld && <Chip kind="warn">{seconds} s old</Chip>}
      </span>
      <span className={classes('flex items-baseline gap-3 whitespace-nowrap', colour)}>
        {net === undefined ? (
          <Skeleton className="h-8 w-48" />
        ) : (
          <>
            <span className="text-hero">{pnl(net)}</span>
            {part !== undefined && <span className="text-[15px]">{signedPercent(part)}</span>}
            {r !== undefined && <Signed className="text-[15px]" value={r} write={rMultiple} />}
          </>
        )}
      </span>
    </div>
  );
}

function Equity() {
  const account = useAccount();
  const atOpen = account?.sessionOpenEquity;
  return (
    <Figure
      label="Equity"
      value={account && money(account.equity)}
      sub={account && (atOpen === undefined ? 'before the first session' : `at open ${money(atOpen)}`)}
    />
  );
}

function BuyingPower() {
  const account = useAccount();
  const positions = usePositions();
  const risk = positions && openRisk(positions);
  return (
    <Figure
      label="Buying power"
      value={account && money(account.buyingPower)}
      sub={positions && `open risk ${money(risk)}`}
    />
  );
}

function Trades() {
  const status = useStatus();
  return (
    <Figure
      label="Trades today"
      value={status && status.dayTrades + status.openPositions}
      sub={status && `${status.dayTrades} closed · ${status.openPositions} open`}
    />
  );
}

function WinRate({ trades }: { readonly trades: readonly Trade[] | undefined }) {
  const status = useStatus();
  if (status === undefined) return <Figure label="Win rate" value={undefined} sub={undefined} />;
  const { dayTrades, dayWins } = status;
  const lost = trades === undefined ? '' : ` · ${losses(trades)} lost`;
  const mean = trades === undefined || trades.length === 0 ? '' : ` · avg ${rMultiple(averageR(trades))}`;
  return (
    <Figure
      label="Win rate"
      value={percent(dayTrades === 0 ? undefined : dayWins / dayTrades)}
      sub={dayTrades === 0 ? 'no trade has ended' : `${dayWins} won${lost}${mean}`}
    />
  );
}

/** On a phone the rest is one line. */
function PhoneLine() {
  const account = useAccount();
  const status = useStatus();
  if (status === undefined) return null;
  const { dayTrades, dayWins, openPositions } = status;
  const age = toMs(status.feed?.age);
  return (
    <div className="flex flex-wrap justify-between gap-x-3 px-4 pb-3 text-text-2 tablet:hidden">
      <span>
        Equity <span className="text-text">{money(account?.equity)}</span>
      </span>
      <span>
        {dayTrades + openPositions} trades{dayTrades > 0 && `, ${percent(dayWins / dayTrades)} won`}
      </span>
      <span>Feed {age === undefined ? '–' : span(age)}</span>
    </div>
  );
}
