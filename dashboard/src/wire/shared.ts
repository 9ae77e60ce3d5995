/**
 * The worker that all tabs of a browser share: over HTTP/1.1 a browser has six connections to a daemon in all its
 * tabs, so they share one stream per token, and Kill always finds a connection free.
 */
import { createClient } from '@connectrpc/connect';

import type { Word } from './contact';
import { Hub } from './hub';
import { LiveService } from './proto';
import { transportFor } from './transport';

/** What a tab says to the worker. `tab` names a lock that the tab holds while it lives. */
export type FromTab = { kind: 'join'; token: string; tab: string } | { kind: 'leave' };
/** What the worker says to a tab. */
export interface ToTab {
  kind: 'word';
  word: Word;
}

interface Shared {
  hub: Hub;
  ports: Set<MessagePort>;
}

const byToken = new Map<string, Shared>();

function post(port: MessagePort, word: Word): void {
  const message: ToTab = { kind: 'word', word };
  port.postMessage(message);
}

function sharedOf(token: string): Shared {
  const known = byToken.get(token);
  if (known !== undefined) return known;
  const ports = new Set<MessagePort>();
  const live = createClient(LiveService, transportFor(token));
  const hub = new Hub(
    (request, signal) => live.watch(request, { signal }),
    (word) => ports.forEach((port) => post(port, word)),
  );
  const shared = { hub, ports };
  byToken.set(token, shared);
  return shared;
}

function join(port: MessagePort, token: string, tab: string): () => void {
  const shared = sharedOf(token);
  shared.ports.add(port);
  post(port, shared.hub.greeting());
  shared.hub.start();
  const leave = () => {
    shared.ports.delete(port);
    if (shared.ports.size > 0) return;
    shared.hub.stop();
    if (byToken.get(token) === shared) byToken.delete(token);
  };
  // The tab holds this lock as long as it lives, so it comes to us when the tab is gone, however it went.
  void navigator.locks.request(tab, leave);
  return leave;
}

declare const self: { onconnect: ((event: MessageEvent) => void) | null };

self.onconnect = (event) => {
  const port = event.ports[0];
  if (port === undefined) return;
  let leave: (() => void) | undefined;
  port.onmessage = ({ data }: MessageEvent<FromTab>) => {
    leave?.();
    leave = data.kind === 'join' ? join(port, data.token, data.tab) : undefined;
  };
};
