import type { ReactNode } from 'react';

import { classes } from './classes';

export interface PanelProps {
  /** Names the panel for everybody. */
  readonly title: string;
  /** Stands beside the title. */
  readonly aside?: ReactNode;
  /** Stands at the right end of the head. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
}

/** A card with a head. */
export function Panel({ title, aside, actions, children, className }: PanelProps) {
  return (
    <section
      aria-label={title}
      className={classes(
        'flex min-h-0 flex-col overflow-hidden rounded-card border border-line bg-surface',
        className,
      )}
    >
      <header className="flex min-h-9 shrink-0 flex-wrap items-center gap-x-3 border-b border-line px-3 py-1">
        <h2 className="font-semibold">{title}</h2>
        <div className="flex min-w-0 flex-wrap items-center gap-x-3 text-text-2">{aside}</div>
        <div className="ml-auto flex items-center gap-2">{actions}</div>
      </header>
      {children}
    </section>
  );
}
