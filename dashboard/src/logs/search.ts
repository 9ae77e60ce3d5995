/**
 * The words of a search, with the meaning that they have in the daemon's records: all of them must be there, whole and
 * in any case, the last one as a prefix. A word is a run of letters and digits; everything else only separates words.
 */
import type { LogEntry } from '../wire/proto';

const WORD = /[\p{Alphabetic}\p{N}]+/gu;

/** Returns the words of a text in lower case. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(WORD) ?? [];
}

/** Searching goes over thousands of lines at each letter that is typed, so the words of a line are found once. */
const indexes = new WeakMap<LogEntry, string>();

function indexOf(entry: LogEntry): string {
  const known = indexes.get(entry);
  if (known !== undefined) return known;
  const words = [entry.message, ...Object.values(entry.fields)].flatMap(wordsOf);
  const index = ` ${words.join(' ')} `;
  indexes.set(entry, index);
  return index;
}

/** Says whether a line has the words, in its message or in the values of its fields. */
export function hasWords(entry: LogEntry, words: readonly string[]): boolean {
  const last = words.length - 1;
  const index = words.length === 0 ? '' : indexOf(entry);
  return words.every((word, place) => index.includes(place === last ? ` ${word}` : ` ${word} `));
}

/** A piece of a text, found or not. */
export interface Piece {
  readonly text: string;
  readonly isFound: boolean;
}

/** Cuts a text where the words are in it. */
export function pieces(text: string, words: readonly string[]): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(WORD)) {
    const length = foundLength(match[0], words);
    if (length === 0) continue;
    if (match.index > from) found.push({ text: text.slice(from, match.index), isFound: false });
    from = match.index + length;
    found.push({ text: text.slice(match.index, from), isFound: true });
  }
  if (from < text.length) found.push({ text: text.slice(from), isFound: false });
  return found;
}

/** Returns how many letters of a word were looked for; zero when it was not. */
function foundLength(word: string, words: readonly string[]): number {
  const lower = word.toLowerCase();
  if (words.includes(lower)) return word.length;
  const prefix = words.at(-1);
  return prefix !== undefined && lower.startsWith(prefix) ? prefix.length : 0;
}
