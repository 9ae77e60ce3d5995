import { ABSENT, count, decimal, figure, price } from '../format';
import { Chip, Square } from '../ui';
import type { Explanation, Features, NamedFigure, OpeningRange, Verdict } from '../wire/proto';
import { capital, reasonSentence, words } from './reasons';
import { Rows, Section, type Row } from './Rows';

/** Shows a whole reckoning: what it came to, the rules one by one, the inputs, the score and the size. */
export function Explained({ explanation }: { readonly explanation: Explanation }) {
  const { summary, reason, detail, verdicts, features, range, score, size } = explanation;
  return (
    <>
      <Section title="Decision">
        <p>
          {summary !== '' ? summary : reason !== undefined && reasonSentence(reason)}{' '}
          {reason !== undefined && <Chip>{reason}</Chip>} <span className="text-text-2">{detail}</span>
        </p>
      </Section>
      {verdicts.length > 0 && <Verdicts verdicts={verdicts} />}
      <Section title="Inputs">
        <Rows rows={[...rangeRows(range), ...featureRows(features)]} />
      </Section>
      {score.length > 0 && (
        <Section title="Score" note="a description of the setup, not a probability">
          <Rows rows={score.map(figureRow)} />
        </Section>
      )}
      {size.length > 0 && (
        <Section title="Size">
          <Rows rows={size.map(figureRow)} />
        </Section>
      )}
    </>
  );
}

function Verdicts({ verdicts }: { readonly verdicts: readonly Verdict[] }) {
  return (
    <Section title="Rules">
      <table className="w-full">
        <thead className="text-label text-text-3">
          <tr>
            <th scope="col" className="text-left font-normal">
              Rule
            </th>
            <th scope="col" className="text-right font-normal">
              Found
            </th>
            <th scope="col" className="text-right font-normal">
              Asked
            </th>
            <th scope="col" className="w-20 text-right font-normal">
              Verdict
            </th>
          </tr>
        </thead>
        <tbody>
          {verdicts.map((verdict) => (
            <tr key={verdict.rule} className={verdict.passed ? 'text-text-2' : 'font-medium'}>
              <td className="py-0.5">{capital(words(verdict.rule))}</td>
              <td className="text-right">{figure(verdict.value)}</td>
              <td className="text-right">{figure(verdict.bound)}</td>
              <td className="text-right">
                {verdict.passed ? (
                  'passed'
                ) : (
                  <span className="inline-flex items-center gap-1">
                    <Square className="size-2" />
                    failed
                  </span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function rangeRows(range: OpeningRange | undefined): Row[] {
  if (range === undefined) return [['Opening range', 'none']];
  return [
    ['Range high', price(range.high)],
    ['Range low', price(range.low)],
    ['Range open', price(range.open)],
    ['Range close', price(range.close)],
    ['Range volume', count(range.volume)],
    ['Range VWAP', price(range.vwap)],
  ];
}

function featureRows(features: Features | undefined): Row[] {
  if (features === undefined) return [];
  const { shortSalesRestricted: isRestricted } = features;
  return [
    ['Previous close', price(features.previousClose)],
    ['ATR 14', decimal(features.atr14, 2)],
    ['ATR 14, Wilder', decimal(features.atr14Wilder, 2)],
    ['Mean range volume', count(features.averageVolume14)],
    ['Relative volume', decimal(features.relativeVolume, 2)],
    ['Rank by it', features.rank === undefined ? ABSENT : count(features.rank)],
    ['Short sales', isRestricted === undefined ? ABSENT : isRestricted ? 'restricted' : 'allowed'],
  ];
}

function figureRow({ name, value }: NamedFigure): Row {
  return [capital(words(name)), figure(value)];
}
