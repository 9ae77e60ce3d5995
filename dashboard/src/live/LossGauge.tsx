import { money, percent } from '../format';
import { useFigureAge, useStatus } from '../state/live';
import { classes, Skeleton } from '../ui';
import { usedShare } from './figures';

/** From here on the gauge is red. */
const RED_FROM = 0.8;

/** How much more may be lost today before entries stop. */
export function LossGauge() {
  const status = useStatus();
  const { isOld } = useFigureAge();
  const limit = status?.lossLimit;
  return (
    <div className="flex min-w-0 flex-col justify-center border-line px-4 py-2 max-tablet:pt-0 tablet:border-l">
      <span className="flex justify-between gap-3 text-label text-text-2">
        <span>To the loss limit</span>
        {limit !== undefined && (
          <span className="max-tablet:hidden">
            {percent(usedShare(limit))} of {money(limit.limit)} used
          </span>
        )}
        {limit !== undefined && (
          <span className="tablet:hidden">
            <b className="font-semibold text-text">{money(limit.distance)}</b> · {percent(usedShare(limit))}{' '}
            used
          </span>
        )}
      </span>
      {status === undefined && <Skeleton className="h-4 w-24" />}
      {status !== undefined && (
        <span className={classes('text-figure max-tablet:hidden', isOld && 'text-text-3')}>
          {limit === undefined ? 'no limit' : money(limit.distance)}
        </span>
      )}
      {limit !== undefined && <Gauge used={usedShare(limit)} isStale={isOld} />}
    </div>
  );
}

function Gauge({ used, isStale }: { readonly used: number; readonly isStale: boolean }) {
  const colour = isStale
    ? 'bg-text-3'
    : used >= RED_FROM
      ? 'bg-danger-fill'
      : used > 0
        ? 'bg-loss'
        : 'bg-text';
  return (
    <div
      role="meter"
      aria-label="Part of the loss limit that is used"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(used * 100)}
      className="relative mt-1 h-2 overflow-hidden rounded bg-track"
    >
      <span
        className={classes('absolute inset-y-0 left-0 min-w-0.5', colour)}
        style={{ width: `${used * 100}%` }}
      />
      {[50, 80].map((mark) => (
        <span key={mark} className="absolute inset-y-0 w-px bg-text-3" style={{ left: `${mark}%` }} />
      ))}
    </div>
  );
}
