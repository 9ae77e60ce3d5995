import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';

import { LogEntrySchema } from '../wire/proto';
import { hasWords, pieces, wordsOf } from './search';

function has(message: string, search: string): boolean {
  const entry = create(LogEntrySchema, { message, fields: { symbol: 'BRK.B' } });
  return hasWords(entry, wordsOf(search));
}

describe('a search', () => {
  // The same lines as in the daemon's own test of its search.
  it.each([
    ['Order rejected by the broker', 'order broker', true],
    ['Order rejected by the broker', 'ORDER rej', true],
    ['Order rejected by the broker', 'ord rejected', false],
    ['Order rejected by the broker', 'order filled', false],
    ['Order rejected by the broker', 'brk.b', true],
    ['Order rejected by the broker', '', true],
    ['Order rejected by the broker', ' -- ', true],
    ['up 100% today', '100% today', true],
    ['up 1005 today', '100% today', false],
    ['a_b', 'a_b', true],
    ['axb', 'a_b', false],
    ["it's", "it's", true],
    ['NOT now', 'not', true],
    ['Straße ΛΌΓΟΣ', 'straße λόγ', true],
  ])('in "%s" for "%s" finds: %s', (message, search, expected) => {
    expect(has(message, search)).toBe(expected);
  });

  it('does not find the name of a field, and no word across two values', () => {
    expect(has('filled', 'symbol')).toBe(false);
    expect(has('filled BRK', 'filledbrk')).toBe(false);
  });
});

describe('the marks', () => {
  const marked = (text: string, search: string) =>
    pieces(text, wordsOf(search))
      .map((piece) => (piece.isFound ? `[${piece.text}]` : piece.text))
      .join('');

  it('stand on whole words, and on the beginning of words for the last one', () => {
    expect(marked('NVDA order rejected, Order 7', 'order rej')).toBe('NVDA [order] [rej]ected, [Order] 7');
    expect(marked('orders', 'order x')).toBe('orders');
    expect(marked('orders', 'order')).toBe('[order]s');
  });

  it('leave the text as it is', () => {
    expect(marked('', 'a')).toBe('');
    expect(marked('a <b> & c', '')).toBe('a <b> & c');
    expect(marked('a.a', 'a')).toBe('[a].[a]');
  });
});
