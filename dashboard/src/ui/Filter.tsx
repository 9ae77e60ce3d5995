import type { InputHTMLAttributes, SelectHTMLAttributes } from 'react';

import { classes } from './classes';

const LOOK =
  'h-7 min-w-0 rounded-control border border-edge bg-surface px-2 text-body text-text placeholder:text-text-3 hover:bg-raised pointer-coarse:h-11';

interface Labelled {
  /** Names the field; it stands before it. */
  readonly label: string;
  /** Whether the name is only for those who do not see where the field stands. */
  readonly isLabelHidden?: boolean;
}

/** A field for a line of text or a date. */
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

/** What can be chosen: the value and its words. */
export type Choice = readonly [value: string, words: string];

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
