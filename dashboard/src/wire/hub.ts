import { create, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';

import { apply, isWhole, NO_BOOKS, snapshots, type Books } from '../state/books';
import type { Contact, Word } from './contact';
import {
  Topic,
  WatchRequestSchema,
  WatchResponseSchema,
  type WatchRequest,
  type WatchResponse,
} from './proto';

/** Opens the stream; ends when the signal is aborted. */
export type Watch = (request: WatchRequest, signal: AbortSignal) => AsyncIterable<WatchResponse>;

/** A stream that says nothing for so long is made again; the daemon's heartbeat comes each second. */
const SILENT_MS = 4000;
/** Waits between tries; the last one is repeated. */
const WAITS_MS = [250, 500, 1000, 2000];
/** Messages of so long are passed on together, so that a page draws once for them. */
const GATHER_MS = 30;
/** Log lines of the past that the stream begins with. */
const LOG_BACKLOG = 1000;

const TOPICS = [
  Topic.STATUS,
  Topic.ACCOUNT,
  Topic.POSITIONS,
  Topic.FILLS,
  Topic.EQUITY,
  Topic.SIGNALS,
  Topic.LOGS,
];

/**
 * Keeps the one stream of a token alive, and its state, so that a page that comes later begins with snapshots.
 *
 * It makes the stream again when it ends or falls silent, and then goes on after the last message it has seen.
 */
export class Hub {
  private books: Books = NO_BOOKS;
  private contact: Contact = { kind: 'connecting', attempt: 1 };
  private lastHeard: number | undefined;
  private running: AbortController | undefined;
  private gathered: WatchResponse[] = [];
  private gathering: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly watch: Watch,
    private readonly tell: (word: Word) => void,
  ) {}

  /** Begins to keep the stream; does nothing when it is kept already. */
  start(): void {
    if (this.running !== undefined || this.contact.kind === 'refused') return;
    const running = new AbortController();
    this.running = running;
    void this.keep(running.signal);
  }

  /** Ends the stream. What is known is kept for the next start. */
  stop(): void {
    this.running?.abort();
    this.running = undefined;
    this.flush();
  }

  /** Returns everything that is known, as a page that comes needs it. */
  greeting(): Word {
    this.flush();
    const messages = snapshots(this.books).map((message) => toBinary(WatchResponseSchema, message));
    const silentMs = this.lastHeard === undefined ? undefined : Date.now() - this.lastHeard;
    return { contact: this.contact, messages, silentMs };
  }

  private async keep(stopped: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const before = this.lastHeard;
      const why = await this.listen(stopped);
      if (stopped.aborted) return;
      if (why.code === Code.Unauthenticated) {
        this.turn({ kind: 'refused', why: why.rawMessage });
        this.running = undefined;
        return;
      }
      if (this.lastHeard !== before) attempt = 1;
      this.turn({ kind: 'lost', attempt, why: why.rawMessage });
      const wait = WAITS_MS[Math.min(attempt, WAITS_MS.length) - 1] ?? 2000;
      await sleep(wait, stopped);
    }
  }

  /** Listens to one stream until it ends, and returns why. */
  private async listen(stopped: AbortSignal): Promise<ConnectError> {
    const silent = new AbortController();
    const watchdog = new Watchdog(SILENT_MS, () => silent.abort());
    try {
      const signal = AbortSignal.any([stopped, silent.signal]);
      for await (const message of this.watch(this.request(), signal)) {
        watchdog.reset();
        this.hear(message);
      }
      return new ConnectError('the stream ended', Code.Unavailable);
    } catch (error) {
      if (silent.signal.aborted) return new ConnectError('no heartbeat', Code.Unavailable);
      return ConnectError.from(error, Code.Unavailable);
    } finally {
      watchdog.end();
    }
  }

  private request(): WatchRequest {
    const { epoch, sequence } = this.books;
    const resume = isWhole(this.books) ? { resumeAfter: { streamEpoch: epoch, sequence } } : {};
    return create(WatchRequestSchema, { topics: TOPICS, logs: { backlog: LOG_BACKLOG }, ...resume });
  }

  private hear(message: WatchResponse): void {
    this.lastHeard = Date.now();
    this.books = apply(this.books, message);
    if (this.contact.kind !== 'connected') this.turn({ kind: 'connected' });
    this.gathered.push(message);
    this.gathering ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  private turn(contact: Contact): void {
    this.flush();
    this.contact = contact;
    this.tell({ contact, messages: [] });
  }

  private flush(): void {
    clearTimeout(this.gathering);
    this.gathering = undefined;
    const messages = this.gathered.map((message) => toBinary(WatchResponseSchema, message));
    this.gathered = [];
    if (messages.length > 0) this.tell({ contact: this.contact, messages, silentMs: 0 });
  }
}

/** Calls once when it was not reset for so long. */
class Watchdog {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly ms: number,
    private readonly bark: () => void,
  ) {
    this.reset();
  }

  reset(): void {
    this.end();
    this.timer = setTimeout(this.bark, this.ms);
  }

  end(): void {
    clearTimeout(this.timer);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
