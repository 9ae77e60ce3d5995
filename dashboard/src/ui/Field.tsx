import { useId, type InputHTMLAttributes } from 'react';

import { classes } from './classes';

export interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly label: string;
}

/** A line to type into, with its name above. */
export function Field({ label, className, ...rest }: FieldProps) {
  const id = useId();
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1 block text-label text-text-2">
        {label}
      </label>
      <input id={id} autoComplete="off" spellCheck={false} {...rest} className={classes(FIELD)} />
    </div>
  );
}

/** The look of what one types into. */
export const FIELD =
  'h-9 w-full rounded-control border border-edge bg-bg px-3 text-text placeholder:text-text-3 pointer-coarse:h-11';
