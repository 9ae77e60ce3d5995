import { fromBinary } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';

import type { Contact, Word } from './contact';
import { Hub } from './hub';
import { LiveService, WatchResponseSchema, type WatchResponse } from './proto';
import type { FromTab, ToTab } from './shared';
import { transportFor } from './transport';

/** What a page hears. */
export interface Listener {
  /** Messages in their order, some of which came together; and how old the last one is by now. */
  heard(messages: readonly WatchResponse[], contact: Contact, silentMs: number | undefined): void;
}

/** A worker that has not answered by then does not work here, and the tab keeps a stream of its own. */
const WORKER_MS = 2000;

/** Begins to listen with a token and returns what ends it. */
export function listen(token: string, listener: Listener): () => void {
  const hear = (word: Word) => {
    const messages = word.messages.map((bytes) => fromBinary(WatchResponseSchema, bytes));
    listener.heard(messages, word.contact, word.silentMs);
  };
  if (!('SharedWorker' in globalThis) || !('locks' in navigator)) return listenAlone(token, hear);
  let end = listenTogether(token, hear, () => {
    end = listenAlone(token, hear);
  });
  return () => end();
}

function listenTogether(token: string, hear: (word: Word) => void, failed: () => void): () => void {
  const worker = new SharedWorker(new URL('./shared.ts', import.meta.url), { type: 'module', name: 'orb' });
  const tab = `orb-tab-${crypto.randomUUID()}`;
  const say = (message: FromTab) => worker.port.postMessage(message);
  const alive = new AbortController();
  const end = () => {
    clearTimeout(timer);
    alive.abort();
    say({ kind: 'leave' });
    worker.port.close();
  };
  const giveUp = () => {
    end();
    failed();
  };
  const timer = setTimeout(giveUp, WORKER_MS);
  worker.onerror = giveUp;
  worker.port.onmessage = ({ data }: MessageEvent<ToTab>) => {
    clearTimeout(timer);
    worker.onerror = null;
    hear(data.word);
  };
  // Held until the tab is gone; the worker waits for it.
  void navigator.locks.request(tab, () => {
    say({ kind: 'join', token, tab });
    return new Promise<void>((release) => alive.signal.addEventListener('abort', () => release()));
  });
  return end;
}

/** Without a shared worker a tab has a stream of its own, and only while somebody sees it: connections are few. */
function listenAlone(token: string, hear: (word: Word) => void): () => void {
  const live = createClient(LiveService, transportFor(token));
  const hub = new Hub((request, signal) => live.watch(request, { signal }), hear);
  const follow = () => (document.hidden ? hub.stop() : hub.start());
  document.addEventListener('visibilitychange', follow);
  follow();
  return () => {
    document.removeEventListener('visibilitychange', follow);
    hub.stop();
  };
}
