import type { ButtonHTMLAttributes, Ref } from 'react';

import { classes } from './classes';

export type ButtonKind = 'plain' | 'danger' | 'warn' | 'quiet' | 'outline';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly kind?: ButtonKind;
  /** `row` is 28 px high, `normal` 36 px; both are 44 px where a finger points. */
  readonly size?: 'row' | 'normal';
  readonly ref?: Ref<HTMLButtonElement>;
}

const LOOK: Record<ButtonKind, string> = {
  plain: 'border border-edge bg-surface text-text hover:bg-raised',
  danger: 'border border-danger-fill bg-danger-fill text-white hover:brightness-110',
  warn: 'border border-warn-fill bg-warn-fill text-on-warn hover:brightness-105',
  quiet: 'border border-transparent text-text-2 hover:bg-raised hover:text-text',
  outline: 'border border-current text-current hover:bg-white/15',
};

/** The look of a button, also for what is pressed in another way. */
export function buttonClasses(kind: ButtonKind, size: 'row' | 'normal', className?: string): string {
  return classes(
    'inline-flex items-center justify-center gap-2 rounded-control px-3 font-medium whitespace-nowrap',
    'transition-colors duration-150 select-none',
    'disabled:border-edge disabled:bg-raised disabled:text-text-3',
    'aria-disabled:border-edge aria-disabled:bg-raised aria-disabled:text-text-3 aria-disabled:cursor-default',
    size === 'row' ? 'h-7 pointer-coarse:h-11' : 'h-9 pointer-coarse:h-11',
    LOOK[kind],
    className,
  );
}

/** A button. */
export function Button({ kind = 'plain', size = 'normal', className, ...rest }: ButtonProps) {
  return <button type="button" className={buttonClasses(kind, size, className)} {...rest} />;
}
