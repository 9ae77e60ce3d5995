import { tone, rMultiple } from '../format';
import { classes } from '../ui';
import type { Position, Signal } from '../wire/proto';
import { railOf } from './figures';

const COLOUR = { gain: 'text-gain', loss: 'text-loss', flat: 'text-text-3' };

interface RRailProps {
  readonly position: Position;
  readonly signal: Signal | undefined;
}

/** Where a position stands between its stop and three times its risk; all rails have one scale. */
export function RRail({ position, signal }: RRailProps) {
  const { entry, now, stop, target, clipped } = railOf(position, signal);
  const at = (part: number) => `${part * 100}%`;
  const [from, to] = now === undefined ? [entry, entry] : [Math.min(entry, now), Math.max(entry, now)];
  return (
    <svg
      role="img"
      aria-label={`${rMultiple(position.unrealizedR)} on a scale from −1R to +3R`}
      className="block h-5 w-full overflow-visible px-1"
    >
      <line x1="0" x2="100%" y1="10" y2="10" className="stroke-track" strokeWidth="2" />
      {stop !== undefined && <rect x={at(stop)} y="4" width="2" height="12" className="fill-text-2" />}
      <g className={COLOUR[tone(position.unrealizedR)]} fill="currentColor">
        <rect x={at(from)} y="7" width={at(to - from)} height="6" />
        {now !== undefined && clipped === undefined && <rect x={at(now)} y="4" width="3" height="12" />}
        {clipped !== undefined && (
          <svg x={at(now ?? 0)} y="4" overflow="visible">
            <path d={clipped === 'high' ? 'M1 0l6 6-6 6z' : 'M-1 0l-6 6 6 6z'} />
          </svg>
        )}
      </g>
      <rect x={at(entry)} y="4" width="1" height="12" className="fill-text" />
      {target !== undefined && (
        <svg x={at(target)} y="5" overflow="visible">
          <path d="M0 0l5 5-5 5-5-5z" className="fill-surface stroke-text-2" strokeWidth="1.5" />
        </svg>
      )}
    </svg>
  );
}

/** The scale above the rails. */
export function RailHead({ className }: { readonly className?: string }) {
  return (
    <span className={classes('flex justify-between px-1', className)}>
      <span>−1R stop</span>
      <span>+3R</span>
    </span>
  );
}
