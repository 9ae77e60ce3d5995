import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { HoldButton } from './HoldButton';

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

function held(disabled = false) {
  const onHeld = vi.fn();
  render(
    <HoldButton ms={1000} disabled={disabled} onHeld={onHeld}>
      Hold to flatten 4
    </HoldButton>,
  );
  return { onHeld, button: screen.getByRole('button') };
}

function wait(ms: number): void {
  act(() => {
    vi.advanceTimersByTime(ms);
  });
}

/** The test's browser has no pointer events of its own. */
function press(button: HTMLElement): void {
  fireEvent(button, new MouseEvent('pointerdown', { button: 0, bubbles: true }));
}

test('a click does nothing, holding for the whole time acts once', () => {
  const { onHeld, button } = held();
  press(button);
  wait(900);
  fireEvent.pointerUp(button);
  wait(5000);
  expect(onHeld).not.toHaveBeenCalled();
  press(button);
  wait(5000);
  expect(onHeld).toHaveBeenCalledTimes(1);
});

test.each([' ', 'Enter'])('the key "%s" holds too, and leaving ends it', (key) => {
  const { onHeld, button } = held();
  fireEvent.keyDown(button, { key });
  wait(500);
  fireEvent.blur(button);
  wait(5000);
  expect(onHeld).not.toHaveBeenCalled();
  fireEvent.keyDown(button, { key });
  wait(1000);
  expect(onHeld).toHaveBeenCalledTimes(1);
});

test('a disabled one cannot be held', () => {
  const { onHeld, button } = held(true);
  press(button);
  wait(5000);
  expect(onHeld).not.toHaveBeenCalled();
});
