import { Fragment } from 'react';

import { dateClock, utc } from '../format';
import type { LogEntry } from '../wire/proto';
import { Marked } from './Marked';

/** Everything that a line holds besides its message. */
export function Fields({ entry, words }: { readonly entry: LogEntry; readonly words: readonly string[] }) {
  const rows: [string, string][] = [['written', `${dateClock(entry.time)} New York · ${utc(entry.time)}`]];
  if (entry.engineTime !== undefined) {
    rows.push(['engine time', `${dateClock(entry.engineTime)} New York · ${utc(entry.engineTime)}`]);
  }
  if (entry.strategy !== undefined) rows.push(['strategy', entry.strategy]);
  if (entry.ledgerId !== undefined) rows.push(['ledger', entry.ledgerId]);
  rows.push(['line', entry.id.toString()]);
  const values = Object.entries(entry.fields).sort(([one], [other]) => (one < other ? -1 : 1));
  return (
    <dl className="grid grid-cols-[max-content_1fr] gap-x-4 border-l-2 border-edge bg-raised px-3 pb-2 font-mono tablet:pl-8">
      {values.map(([name, value]) => (
        <Fragment key={`value ${name}`}>
          <dt className="text-text-2">{name}</dt>
          <dd className="min-w-0 break-words whitespace-pre-wrap">
            {value === '' ? '–' : <Marked text={value} words={words} />}
          </dd>
        </Fragment>
      ))}
      {rows.map(([name, value]) => (
        <Fragment key={name}>
          <dt className="text-text-3">{name}</dt>
          <dd className="min-w-0 break-words text-text-3">{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
