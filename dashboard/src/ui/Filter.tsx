import { useState, type InputHTMLAttributes, type SelectHTMLAttributes } from 'react';

import { isDate } from '../format';

import { classes } from './classes';

const LOOK =
  'h-7 min-w-0 rounded-control border border-edge bg-surface px-2 text-body text-text placeholder:text-text-3 hover:bg-raised pointer-coarse:h-11';

interface Labelled {
  /** Names the field; it stands before it. */
  readonly label: string;
  /** Whether the name is only for those who do not see where the field stands. */
  readonly isLabelHidden?: boolean;
}

/** A field for a line of text. */
export function Input({
  label,
  isLabelHidden,
  className,
  ...rest
}: Labelled & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <label className="flex min-w-0 items-center gap-2 text-label text-text-2">
      <span className={isLabelHidden === true ? 'sr-only' : 'whitespace-nowrap'}>{label}</span>
      <input className={classes(LOOK, className)} autoComplete="off" spellCheck={false} {...rest} />
    </label>
  );
}

interface DateInputProps extends Labelled {
  /** The date; empty when there is none. */
  readonly value: string;
  /** Is called with a date that exists, or an empty text. */
  readonly onDate: (date: string) => void;
}

/** A field for a date, written as everywhere on the page; half a date says so and changes nothing. */
export function DateInput({ value, onDate, ...rest }: DateInputProps) {
  const [typed, setTyped] = useState<string>();
  const text = typed ?? value;
  const isHalf = text !== '' && !isDate(text);
  const take = (next: string) => {
    const isWhole = next === '' || isDate(next);
    setTyped(isWhole ? undefined : next);
    if (isWhole && next !== value) onDate(next);
  };
  return (
    <Input
      {...rest}
      value={text}
      placeholder="YYYY-MM-DD"
      inputMode="numeric"
      maxLength={10}
      aria-invalid={isHalf}
      title={isHalf ? 'A date is written YYYY-MM-DD' : undefined}
      className="w-29 aria-invalid:border-warn"
      onChange={(event) => take(event.target.value.trim())}
    />
  );
}

/** What can be chosen: the value and its words. */
export type Choice = readonly [value: string, words: string];

/** The choices of a filter for the direction. */
export const SIDES: readonly Choice[] = [
  ['', 'both sides'],
  ['long', 'long'],
  ['short', 'short'],
];

interface SelectProps extends Labelled, SelectHTMLAttributes<HTMLSelectElement> {
  readonly choices: readonly Choice[];
}

/** A field for one of a few values. */
export function Select({ label, isLabelHidden, choices, className, ...rest }: SelectProps) {
  return (
    <label className="flex min-w-0 items-center gap-2 text-label text-text-2">
      <span className={isLabelHidden === true ? 'sr-only' : 'whitespace-nowrap'}>{label}</span>
      <select className={classes(LOOK, className)} {...rest}>
        {choices.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
