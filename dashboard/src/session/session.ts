import { createStore, useStore } from '../state/store';
import { apiFor, type Api } from '../wire/api';
import { Role, type GetCallerResponse } from '../wire/proto';
import { isTokenLike } from '../wire/transport';

/** Why nobody is signed in. */
export type Out = 'new' | 'ended' | 'signed-out';

/** Who is signed in. */
export type Session =
  /** Another tab is asked for the token. */
  | { readonly kind: 'looking' }
  | { readonly kind: 'out'; readonly why: Out }
  | {
      readonly kind: 'in';
      readonly token: string;
      readonly api: Api;
      readonly caller: GetCallerResponse | undefined;
    };

const KEY = 'orb.token';
const CHANNEL = 'orb.session';
/** How long another tab may take to say the token. */
const ASK_MS = 250;
/** How often the caller is asked for while the daemon does not answer. */
const CALLER_MS = 2000;

/** The token goes from tab to tab of this origin, never to another site: channels are kept apart by origin. */
type Said = { kind: 'ask' } | { kind: 'token'; token: string } | { kind: 'signed-out' };

export const session = createStore<Session>({ kind: 'looking' });
let channel: BroadcastChannel | undefined;

/** Follows who is signed in. */
export function useSession(): Session {
  return useStore(session);
}

/** Returns the services, as the signed-in person; only below the sign-in. */
export function useApi(): Api {
  const now = useSession();
  if (now.kind !== 'in') throw new Error('nobody is signed in here');
  return now.api;
}

/** Returns who is signed in; absent until the daemon has said so. */
export function useCaller(): GetCallerResponse | undefined {
  const now = useSession();
  return now.kind === 'in' ? now.caller : undefined;
}

/**
 * Says whether to offer what acts on trading. Until the role is known it is offered, because stopping must not wait:
 * the daemon refuses what a token does not allow.
 */
export function useMayAct(): boolean {
  const role = useCaller()?.role;
  return role !== Role.VIEWER;
}

/** Says whether to offer what changes limits or the environment. */
export function useMayAdmin(): boolean {
  return useCaller()?.role === Role.ADMIN;
}

/** Finds the token: in the address, in this tab, in another tab. Call it once, before anything is drawn. */
export function begin(): void {
  channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(CHANNEL) : undefined;
  if (channel !== undefined) channel.onmessage = ({ data }: MessageEvent<Said>) => hear(data);
  const token = fromAddress() ?? sessionStorage.getItem(KEY);
  if (token !== null) {
    signIn(token);
    return;
  }
  say({ kind: 'ask' });
  setTimeout(() => {
    if (session.get().kind === 'looking') session.set({ kind: 'out', why: 'new' });
  }, ASK_MS);
}

/** Signs in with a token; whether it is a good one the daemon says. */
export function signIn(token: string): void {
  if (!isTokenLike(token)) {
    session.set({ kind: 'out', why: 'ended' });
    return;
  }
  sessionStorage.setItem(KEY, token);
  session.set({ kind: 'in', token, api: apiFor(token, () => end(token, 'ended')), caller: undefined });
  void learnCaller(token);
}

/** Signs out, in all tabs. */
export function signOut(): void {
  say({ kind: 'signed-out' });
  const now = session.get();
  if (now.kind === 'in') end(now.token, 'signed-out');
}

/** Ends the session of a token; does nothing when another one has begun since. */
export function end(token: string, why: Out): void {
  const now = session.get();
  if (now.kind !== 'in' || now.token !== token) return;
  sessionStorage.removeItem(KEY);
  session.set({ kind: 'out', why });
}

function say(said: Said): void {
  channel?.postMessage(said);
}

function hear(said: Said): void {
  const now = session.get();
  switch (said.kind) {
    case 'ask':
      if (now.kind === 'in') say({ kind: 'token', token: now.token });
      return;
    case 'token':
      if (now.kind === 'looking' || (now.kind === 'out' && now.why === 'new')) signIn(said.token);
      return;
    case 'signed-out':
      if (now.kind === 'in') end(now.token, 'signed-out');
      return;
  }
}

/** Takes the token out of the address, `#token=...`, and removes it there at once. */
function fromAddress(): string | null {
  const token = new URLSearchParams(window.location.hash.slice(1)).get('token');
  if (token === null) return null;
  window.history.replaceState(null, '', window.location.pathname + window.location.search);
  return token;
}

async function learnCaller(token: string): Promise<void> {
  for (;;) {
    const now = session.get();
    if (now.kind !== 'in' || now.token !== token) return;
    try {
      const caller = await now.api.control.getCaller({}, { timeoutMs: CALLER_MS });
      const later = session.get();
      if (later.kind === 'in' && later.token === token) session.set({ ...later, caller });
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, CALLER_MS));
    }
  }
}
