import { pieces } from './search';

/** A text in which the words of a search are marked, by a fill and a line below. */
export function Marked({ text, words }: { readonly text: string; readonly words: readonly string[] }) {
  if (words.length === 0) return text;
  return pieces(text, words).map((piece, place) =>
    piece.isFound ? (
      // The pieces of a text never change their places.
      <mark key={place} className="bg-match-fill text-text underline decoration-warn decoration-2">
        {piece.text}
      </mark>
    ) : (
      piece.text
    ),
  );
}
