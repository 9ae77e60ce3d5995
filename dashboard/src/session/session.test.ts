import { afterEach, beforeEach, expect, test, vi } from 'vitest';

/** Other tabs of the browser, as far as a channel shows them. */
class Channel {
  static all = new Set<Channel>();
  onmessage: ((event: { data: unknown }) => void) | null = null;
  constructor() {
    Channel.all.add(this);
  }
  postMessage(data: unknown): void {
    for (const other of Channel.all) if (other !== this) other.onmessage?.({ data });
  }
}

beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers();
  vi.stubGlobal('BroadcastChannel', Channel);
  vi.stubGlobal('fetch', () => new Promise(() => undefined));
});
afterEach(() => {
  Channel.all.clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  sessionStorage.clear();
  window.history.replaceState(null, '', '/');
});

const load = () => import('./session');

test('a token in the address signs in and is gone from the address at once', async () => {
  window.history.replaceState(null, '', '/logs?search=kill#token=abc123');
  const { begin, session } = await load();
  begin();
  expect(session.get()).toMatchObject({ kind: 'in', token: 'abc123' });
  expect(window.location.href).toMatch(/\/logs\?search=kill$/);
  expect(sessionStorage.getItem('orb.token')).toBe('abc123');
});

test('a new tab gets the token from an open one', async () => {
  const other = new Channel();
  other.onmessage = ({ data }) => {
    if ((data as { kind: string }).kind === 'ask') other.postMessage({ kind: 'token', token: 'shared' });
  };
  const { begin, session } = await load();
  begin();
  expect(session.get()).toMatchObject({ kind: 'in', token: 'shared' });
});

test('without a token anywhere the sign-in is shown', async () => {
  const { begin, session } = await load();
  begin();
  expect(session.get().kind).toBe('looking');
  vi.advanceTimersByTime(300);
  expect(session.get()).toEqual({ kind: 'out', why: 'new' });
});

test('an open tab tells its token when it is asked, and not after signing out', async () => {
  const { begin, signIn, signOut } = await load();
  const other = new Channel();
  const heard: unknown[] = [];
  other.onmessage = ({ data }) => heard.push(data);
  begin();
  signIn('mine');
  other.postMessage({ kind: 'ask' });
  expect(heard).toContainEqual({ kind: 'token', token: 'mine' });
  signOut();
  heard.length = 0;
  other.postMessage({ kind: 'ask' });
  expect(heard).toEqual([]);
  expect(sessionStorage.getItem('orb.token')).toBeNull();
});

test('signing out in another tab signs out here', async () => {
  const { begin, signIn, session } = await load();
  begin();
  signIn('mine');
  new Channel().postMessage({ kind: 'signed-out' });
  expect(session.get()).toEqual({ kind: 'out', why: 'signed-out' });
});

test('the end of an older token does not end a newer session', async () => {
  const { end, signIn, session } = await load();
  signIn('old');
  signIn('new');
  end('old', 'ended');
  expect(session.get()).toMatchObject({ kind: 'in', token: 'new' });
  end('new', 'ended');
  expect(session.get()).toEqual({ kind: 'out', why: 'ended' });
});
