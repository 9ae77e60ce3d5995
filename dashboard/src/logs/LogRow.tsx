import { clockMs, dateOf } from '../format';
import { classes, Octagon, Time, Triangle } from '../ui';
import { Severity, type LogEntry } from '../wire/proto';
import { Fields } from './Fields';
import { componentName, severityName } from './filter';
import { Marked } from './Marked';

export interface LogRowProps {
  readonly entry: LogEntry;
  /** The line above; absent for the first. */
  readonly above: LogEntry | undefined;
  readonly words: readonly string[];
  /** Whether the market has a clock of its own, as in a simulation. */
  readonly hasMarketClock: boolean;
  readonly isActive: boolean;
  readonly isOpen: boolean;
}

/** A line of the log: when, how grave, who, what; all its values below when it is open. */
export function LogRow({ entry, above, words, hasMarketClock, isActive, isOpen }: LogRowProps) {
  const day = dateOf(entry.time);
  const isNewDay = above !== undefined && dateOf(above.time) !== day;
  return (
    <>
      {isNewDay && <div className="border-t border-line px-3 pt-1 text-label text-text-2">{day}</div>}
      <div
        className={classes(
          'flex flex-wrap items-baseline gap-x-3 border-l-2 px-3 font-mono leading-[22px] tablet:flex-nowrap',
          isActive ? 'border-focus bg-raised' : 'border-transparent hover:bg-raised',
          isOpen && 'bg-raised',
        )}
      >
        <Time at={entry.time} write={clockMs} clockName="wall" isInRow className="shrink-0 text-text-2" />
        {hasMarketClock && <Time at={entry.engineTime} isInRow className="w-[8ch] shrink-0 text-text-3" />}
        <Grade severity={entry.severity} />
        <span className="w-[11ch] shrink-0 text-text-2">{componentName(entry.component)}</span>
        <span
          className={classes(
            'w-full min-w-0 tablet:w-auto tablet:flex-1',
            isOpen ? 'break-words whitespace-pre-wrap' : 'tablet:truncate',
            entry.severity === Severity.DEBUG ? 'text-text-3' : 'text-text',
          )}
        >
          <Marked text={entry.message} words={words} />
          {!isOpen && <Values entry={entry} words={words} />}
        </span>
        <span aria-hidden className={classes('hidden text-text-3 tablet:inline', isOpen && 'rotate-90')}>
          ›
        </span>
      </div>
      {isOpen && <Fields entry={entry} words={words} />}
    </>
  );
}

/** How grave a line is: a shape, a word and a colour. */
function Grade({ severity }: { readonly severity: Severity }) {
  const name = severityName(severity);
  return (
    <span
      className={classes(
        'w-[8ch] shrink-0 whitespace-nowrap',
        severity === Severity.ERROR && 'font-semibold text-danger',
        severity === Severity.WARN && 'font-semibold text-warn',
        severity === Severity.INFO && 'text-text-2',
        severity === Severity.DEBUG && 'text-text-3',
      )}
    >
      <span className="inline-block w-4">
        {severity === Severity.ERROR && <Octagon className="size-2.5" />}
        {severity === Severity.WARN && <Triangle className="size-2.5" />}
      </span>
      {name}
    </span>
  );
}

/** The values of a line in short, behind its message. */
function Values({ entry, words }: { readonly entry: LogEntry; readonly words: readonly string[] }) {
  const values = Object.entries(entry.fields).filter(([, value]) => value !== '');
  return values.map(([name, value]) => (
    <span key={name} className="ml-2 text-text-3">
      {name}=<Marked text={value} words={words} />
    </span>
  ));
}
