import { ConnectError } from '@connectrpc/connect';

import { codeName, sentence } from '../ui';
import type { Sent } from '../wire/command';
import { Octagon, Triangle } from '../ui';

export interface ProgressProps {
  readonly sent: Sent<unknown> | undefined;
  /** Milliseconds until the daemon's books showed it done. Absent before, and where nothing is to be shown by them. */
  readonly verifiedMs?: number | undefined;
  /** What to type into a shell when the daemon does not answer. */
  readonly shell?: string;
}

/** How far a command has come: asked, accepted and verified are three displays. */
export function Progress({ sent, verifiedMs, shell = 'orbctl kill --flatten' }: ProgressProps) {
  if (sent === undefined) return null;
  if (sent.phase === 'failed') return <Failure error={sent.error} shell={shell} />;
  return (
    <p role="status" className="text-text-2">
      {sent.phase === 'sending' && 'sending…'}
      {sent.phase === 'repeating' && 'No answer yet. Repeating the same command…'}
      {sent.phase === 'unanswered' && <Shell shell={shell} />}
      {sent.phase === 'accepted' && `accepted ${sent.answeredMs ?? 0} ms`}
      {sent.phase === 'accepted' &&
        verifiedMs !== undefined &&
        ` → verified by the broker, ${tenths(verifiedMs)}`}
    </p>
  );
}

function Shell({ shell }: { readonly shell: string }) {
  return (
    <span className="text-warn">
      <Triangle /> The daemon does not answer. Still repeating. From a shell:{' '}
      <code className="font-mono">{shell}</code>
    </span>
  );
}

function Failure({ error, shell }: { readonly error: ConnectError | undefined; readonly shell: string }) {
  const why = error ?? new ConnectError('');
  return (
    <p role="alert" className="text-danger">
      <Octagon /> {sentence(why)} <span className="text-text-2">{codeName(why)}</span>
      <br />
      <span className="text-text-2">
        From a shell: <code className="font-mono">{shell}</code>
      </span>
    </p>
  );
}

/** Writes a time to the tenth of a second. */
export function tenths(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
