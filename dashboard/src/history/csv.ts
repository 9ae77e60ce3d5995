import type { Api } from '../wire/api';
import type { TradeQuestion } from './trades';

/** Returns the closed trades of a range as one CSV file, whose pieces the daemon streams. */
export async function loadCsv(
  api: Pick<Api, 'history'>,
  question: TradeQuestion,
  signal?: AbortSignal,
): Promise<Blob> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let expected = 1n;
  for await (const { sequence, data } of api.history.exportTrades(
    question,
    signal === undefined ? {} : { signal },
  )) {
    if (sequence !== expected) throw new Error(`piece ${expected} of the file is missing`);
    expected += 1n;
    pieces.push(new Uint8Array(data));
  }
  return new Blob(pieces, { type: 'text/csv;charset=utf-8' });
}

/** Names the file: `orb-trades-SIM-DEMO-1-2026-02-01-to-2026-03-02.csv`. */
export function csvName(ledger: string, range: string): string {
  const part = (text: string) => text.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '');
  return `orb-trades-${part(ledger)}-${part(range)}.csv`;
}

/** Hands a file to the browser as a download. */
export function download(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
