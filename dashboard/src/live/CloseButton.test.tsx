import { create } from '@bufbuild/protobuf';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { session } from '../session/session';
import { forgetClosings } from '../state/closing';
import type { Api } from '../wire/api';
import { PositionSchema } from '../wire/proto';
import { CloseButton } from './CloseButton';

const position = create(PositionSchema, { strategy: 'orb', symbol: 'NVDA', tradeId: 't', quantity: 240n });
const closePosition = vi.fn(() => Promise.resolve({}));

beforeEach(() => {
  vi.useFakeTimers();
  const api = { control: { closePosition } } as unknown as Api;
  session.set({ kind: 'in', token: 't', api, caller: undefined });
  render(<CloseButton position={position} />);
});
afterEach(() => {
  cleanup();
  forgetClosings();
  closePosition.mockClear();
  vi.useRealTimers();
});

const click = () => fireEvent.click(screen.getByRole('button'));

function wait(ms: number): void {
  act(() => {
    vi.advanceTimersByTime(ms);
  });
}

test('a double click closes nothing, a second click after it does', () => {
  click();
  expect(screen.getByRole('button').textContent).toBe('Close 240?');
  wait(300);
  click();
  expect(closePosition).not.toHaveBeenCalled();
  wait(200);
  click();
  expect(closePosition).toHaveBeenCalledTimes(1);
  expect(closePosition).toHaveBeenCalledWith(expect.objectContaining({ symbol: 'NVDA' }), expect.anything());
  expect(screen.getByRole('button').textContent).toBe('Closing');
});

test('the question stands for four seconds', () => {
  click();
  wait(4100);
  expect(screen.getByRole('button').textContent).toBe('Close');
  click();
  expect(closePosition).not.toHaveBeenCalled();
});
