import { useEffect, useId, useRef, type ReactNode } from 'react';

import { Button } from './Button';
import { classes } from './classes';

export interface DrawerProps {
  readonly title: string;
  /** Stands beside the title. */
  readonly aside?: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly className?: string;
}

/**
 * A panel over the right side of the page, over all of it where that is narrow. The frame stays as it is, with the
 * kill switch in reach. Focus goes to Close and returns to where it was; Esc leaves. Stands in a `relative` place.
 */
export function Drawer({ title, aside, onClose, children, className }: DrawerProps) {
  const close = useRef<HTMLButtonElement>(null);
  const heading = useId();
  useEffect(() => {
    const before = document.activeElement;
    close.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    // Esc is heard wherever in it the focus is.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      role="dialog"
      aria-labelledby={heading}
      className={classes(
        'absolute inset-y-0 right-0 z-20 flex w-full flex-col border-l border-edge bg-surface',
        'shadow-[0_8px_32px_rgb(0_0_0/0.35)]',
        className,
      )}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onClose();
      }}
    >
      <header className="flex min-h-11 shrink-0 flex-wrap items-center gap-x-3 border-b border-line px-3">
        <h2 id={heading} className="font-semibold">
          {title}
        </h2>
        <div className="flex flex-wrap items-center gap-x-3 text-text-2">{aside}</div>
        <Button ref={close} size="row" className="ml-auto" onClick={onClose}>
          Close
        </Button>
      </header>
      {/* A part that scrolls takes the focus, so that its end can be reached by keys. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div tabIndex={0} role="group" aria-labelledby={heading} className="min-h-0 flex-1 overflow-y-auto">
        {children}
      </div>
    </div>
  );
}
