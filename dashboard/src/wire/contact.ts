/** How the shared stream to the daemon stands. */
export type Contact =
  /** Its first answer is awaited. */
  | { readonly kind: 'connecting'; readonly attempt: number }
  | { readonly kind: 'connected' }
  /** It ended or fell silent, and is being made again. */
  | { readonly kind: 'lost'; readonly attempt: number; readonly why: string }
  /** The daemon knows the token no more; nothing is tried again. */
  | { readonly kind: 'refused'; readonly why: string };

/** What the keeper of the stream tells the pages. */
export interface Word {
  readonly contact: Contact;
  /** Messages of the stream in their order, each a `WatchResponse` in its binary form. */
  readonly messages: readonly Uint8Array[];
  /** Milliseconds since the daemon's last message; absent before the first. */
  readonly silentMs?: number | undefined;
}

/** After so long without a message figures are old. */
export const STALE_MS = 3000;
