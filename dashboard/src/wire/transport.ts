import type { Interceptor, Transport } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';

/** Returns a transport to the daemon that served this page; every call carries the token. */
export function transportFor(token: string, interceptors: readonly Interceptor[] = []): Transport {
  const authorise: Interceptor = (next) => (request) => {
    request.header.set('authorization', `Bearer ${token}`);
    return next(request);
  };
  return createGrpcWebTransport({
    baseUrl: globalThis.location.origin,
    interceptors: [...interceptors, authorise],
    useBinaryFormat: true,
    // A stream of another site's page carries no cookies of ours: there are none.
    fetch: (input, init) => globalThis.fetch(input, { ...init, credentials: 'omit', cache: 'no-store' }),
  });
}

/** Says whether a text can be a token at all: orb's are of visible ASCII, without spaces. */
export function isTokenLike(text: string): boolean {
  return /^[\x21-\x7e]{1,512}$/.test(text);
}
