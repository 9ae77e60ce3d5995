import type { ReactNode } from 'react';

import { classes } from './classes';

export interface ChipProps {
  readonly kind?: 'warn' | 'danger' | 'plain' | 'dashed';
  readonly children: ReactNode;
  readonly className?: string;
}

const LOOK = {
  warn: 'bg-warn-fill text-on-warn',
  danger: 'bg-danger-fill text-white',
  plain: 'bg-raised text-text-2',
  dashed: 'border border-dashed border-edge text-text-2',
};

/** A few words that stand out. */
export function Chip({ kind = 'plain', children, className }: ChipProps) {
  return (
    <span
      className={classes('inline-block rounded px-1 text-label whitespace-nowrap', LOOK[kind], className)}
    >
      {children}
    </span>
  );
}
