import { clock, toMs, type Instant } from '../format';

export interface TimeProps {
  readonly at: Instant | undefined;
  /** How it is shown; New York's time of day unless given. */
  readonly write?: (at: Instant | undefined) => string;
  /** Which clock it was read from, so that its age is reckoned by the same; the engine's unless given. */
  readonly clockName?: 'engine' | 'wall';
  /** Whether it stands in a row that takes the focus itself: the row shows what the time shows, and is one stop less. */
  readonly isInRow?: boolean;
  readonly className?: string | undefined;
}

/** A time of New York; hovering and focus show UTC and how long ago it was, by `TipLayer`. */
export function Time({ at, write = clock, clockName = 'engine', isInRow = false, className }: TimeProps) {
  const ms = toMs(at);
  if (ms === undefined) return <span className={className}>{write(at)}</span>;
  return (
    <time
      dateTime={new Date(ms).toISOString()}
      data-tip={clockName}
      // Those who have no pointer read its UTC with the focus.
      tabIndex={isInRow ? undefined : 0}
      className={className}
    >
      {write(at)}
    </time>
  );
}
