import type { ConnectError } from '@connectrpc/connect';
import { Code } from '@connectrpc/connect';
import type { ReactNode } from 'react';

import { Button } from './Button';
import { classes } from './classes';

/** Says why a panel is empty. */
export function Note({ children, className }: { readonly children: ReactNode; readonly className?: string }) {
  return (
    <div
      className={classes('flex flex-1 items-center justify-center p-4 text-center text-text-2', className)}
    >
      <div>{children}</div>
    </div>
  );
}

export interface ErrorNoteProps {
  readonly error: ConnectError;
  readonly onRetry?: () => void;
}

/** Says what went wrong: a sentence, the code, and a way to try again. */
export function ErrorNote({ error, onRetry }: ErrorNoteProps) {
  return (
    <Note>
      <p role="alert">{sentence(error)}</p>
      <p className="text-text-3">{codeName(error)}</p>
      {onRetry !== undefined && (
        <Button size="row" className="mt-2" onClick={onRetry}>
          Retry
        </Button>
      )}
    </Note>
  );
}

/** Returns the code of an error as gRPC writes it: NOT_FOUND. */
export function codeName(error: ConnectError): string {
  return Code[error.code].replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}

/** Returns an error as a sentence for people. */
export function sentence(error: ConnectError): string {
  if (error.code === Code.Unavailable || error.rawMessage === 'Failed to fetch') {
    return 'The daemon does not answer.';
  }
  const text = error.rawMessage.trim();
  if (text === '') return 'The daemon refused without a word.';
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
