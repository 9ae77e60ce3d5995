import { clock, hover, toMs, type Instant } from '../format';
import { useEngineTime } from '../state/live';

export interface TimeProps {
  readonly at: Instant | undefined;
  /** How it is shown; New York's time of day unless given. */
  readonly write?: (at: Instant | undefined) => string;
  readonly className?: string;
}

/** A time of New York; hovering shows UTC and how long ago it was. */
export function Time({ at, write = clock, className }: TimeProps) {
  const now = useEngineTime();
  const ms = toMs(at);
  if (ms === undefined) return <span className={className}>{write(at)}</span>;
  return (
    <time dateTime={new Date(ms).toISOString()} title={hover(at, now)} className={className}>
      {write(at)}
    </time>
  );
}
