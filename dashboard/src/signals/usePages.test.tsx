import { act, renderHook, waitFor } from '@testing-library/react';
import { Code, ConnectError } from '@connectrpc/connect';
import { describe, expect, it, vi } from 'vitest';

import { usePages, type Page } from './usePages';

const PAGES: Record<string, Page<string>> = {
  '': { rows: ['a', 'b'], next: 'two' },
  two: { rows: ['c'], next: '' },
};

describe('a list in pages', () => {
  it('grows by the next page until it is whole', async () => {
    const load = vi.fn((token: string) => Promise.resolve(PAGES[token] ?? { rows: [], next: '' }));
    const { result } = renderHook(() => usePages('key', load));
    await waitFor(() => expect(result.current.rows).toEqual(['a', 'b']));
    expect(result.current.isWhole).toBe(false);
    act(() => result.current.more());
    await waitFor(() => expect(result.current.rows).toEqual(['a', 'b', 'c']));
    expect(result.current.isWhole).toBe(true);
    expect(load.mock.calls.map(([token]) => token)).toEqual(['', 'two']);
  });

  it('keeps its rows when a page does not come, and asks for the same again', async () => {
    let isDown = true;
    const load = (token: string) =>
      token === 'two' && isDown
        ? Promise.reject(new ConnectError('gone', Code.Unavailable))
        : Promise.resolve(PAGES[token] ?? { rows: [], next: '' });
    const { result } = renderHook(() => usePages('key', load));
    await waitFor(() => expect(result.current.rows).toHaveLength(2));
    act(() => result.current.more());
    await waitFor(() => expect(result.current.error?.code).toBe(Code.Unavailable));
    expect(result.current.rows).toEqual(['a', 'b']);
    isDown = false;
    act(() => result.current.more());
    await waitFor(() => expect(result.current.rows).toHaveLength(3));
    expect(result.current.error).toBeUndefined();
  });

  it('never shows the answer to an older question', async () => {
    const answers = new Map<string, (page: Page<string>) => void>();
    const { result, rerender } = renderHook(
      ({ key }) => usePages(key, () => new Promise<Page<string>>((resolve) => answers.set(key, resolve))),
      { initialProps: { key: 'old' } },
    );
    rerender({ key: 'new' });
    await act(async () => {
      answers.get('new')?.({ rows: ['new'], next: '' });
      answers.get('old')?.({ rows: ['old'], next: '' });
      await Promise.resolve();
    });
    await waitFor(() => expect(result.current.rows).toEqual(['new']));
  });

  it('asks nothing without a key', () => {
    const load = vi.fn();
    const { result } = renderHook(() => usePages(null, load));
    expect(result.current).toMatchObject({ rows: undefined, isLoading: false });
    expect(load).not.toHaveBeenCalled();
  });
});
