import { Code, ConnectError, type CallOptions } from '@connectrpc/connect';

/** How far a command has come on its way to the daemon. */
export type Phase =
  | 'sending'
  /** No answer yet; it is sent again under the same id, so it happens once at most. */
  | 'repeating'
  /** Still none: somebody should stop orb from the shell instead. */
  | 'unanswered'
  /** The daemon has accepted it. */
  | 'accepted'
  /** The daemon has refused it, or did not answer to the last try: it may have happened. */
  | 'failed';

/** A command under way. */
export interface Sent<R> {
  readonly phase: Phase;
  readonly requestId: string;
  /** When it was asked for, on this tab's clock in milliseconds. */
  readonly askedAt: number;
  /** Milliseconds until the answer. Absent before it. */
  readonly answeredMs?: number;
  /** Absent unless accepted. */
  readonly reply?: R;
  /** Absent unless failed. */
  readonly error?: ConnectError;
}

/** Makes the call; must use the id that it is given. */
export type Call<R> = (requestId: string, options: CallOptions) => Promise<R>;

/** When a command is sent, in milliseconds after it was asked for, and how long each try may take. */
const TRIES: readonly { at: number; timeoutMs: number }[] = [
  // The daemon follows what a command does until shortly before the deadline: a short one brings its word soon.
  { at: 0, timeoutMs: 900 },
  { at: 1000, timeoutMs: 2000 },
  { at: 3000, timeoutMs: 4000 },
  { at: 6000, timeoutMs: 4000 },
  { at: 10_000, timeoutMs: 4000 },
  { at: 15_000, timeoutMs: 10_000 },
];
const REPEATING_MS = 1000;
const UNANSWERED_MS = 3000;

/** Refusals that another try would meet again. */
const FINAL: ReadonlySet<Code> = new Set([
  Code.InvalidArgument,
  Code.NotFound,
  Code.AlreadyExists,
  Code.PermissionDenied,
  Code.FailedPrecondition,
  Code.OutOfRange,
  Code.Unimplemented,
  Code.Unauthenticated,
  Code.ResourceExhausted,
]);

/**
 * Sends a command until the daemon answers, always with the same id, and reports each step; the last report is
 * `accepted` or `failed`, and is returned.
 */
export function send<R>(call: Call<R>, report: (sent: Sent<R>) => void): Promise<Sent<R>> {
  return new Promise((resolve) => {
    const askedAt = Date.now();
    const requestId = crypto.randomUUID();
    const timers: ReturnType<typeof setTimeout>[] = [];
    let isOver = false;
    let pending = TRIES.length;

    const turn = (phase: Phase, more: Partial<Sent<R>> = {}) => {
      if (isOver) return;
      const sent: Sent<R> = { phase, requestId, askedAt, ...more };
      isOver = phase === 'accepted' || phase === 'failed';
      report(sent);
      if (!isOver) return;
      timers.forEach(clearTimeout);
      resolve(sent);
    };
    const answeredMs = () => Date.now() - askedAt;
    const attempt = async (timeoutMs: number) => {
      try {
        const reply = await call(requestId, { timeoutMs });
        turn('accepted', { reply, answeredMs: answeredMs() });
      } catch (thrown) {
        const error = ConnectError.from(thrown);
        pending -= 1;
        if (FINAL.has(error.code) || pending === 0) turn('failed', { error, answeredMs: answeredMs() });
      }
    };
    turn('sending');
    timers.push(setTimeout(() => turn('repeating'), REPEATING_MS));
    timers.push(setTimeout(() => turn('unanswered'), UNANSWERED_MS));
    for (const { at, timeoutMs } of TRIES) {
      if (at === 0) void attempt(timeoutMs);
      else timers.push(setTimeout(() => void attempt(timeoutMs), at));
    }
  });
}

/** Says whether a command is on its way and not answered. */
export function isUnderWay(sent: Sent<unknown> | undefined): boolean {
  return sent?.phase === 'sending' || sent?.phase === 'repeating' || sent?.phase === 'unanswered';
}
