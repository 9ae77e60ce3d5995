import { create } from '@bufbuild/protobuf';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { session } from '../session/session';
import { apply, NO_BOOKS } from '../state/books';
import { live } from '../state/live';
import type { Api } from '../wire/api';
import {
  GetCallerResponseSchema,
  HoldKind,
  KillSwitchAction,
  Role,
  TradingState,
  WatchResponseSchema,
} from '../wire/proto';
import { KillSwitch } from './KillSwitch';

const setKillSwitch = vi.fn<(request: unknown) => Promise<unknown>>();

function signIn(role: Role): void {
  const api = { control: { setKillSwitch } } as unknown as Api;
  session.set({ kind: 'in', token: 't', api, caller: create(GetCallerResponseSchema, { role }) });
}

function status(state: TradingState, holds: { kind: HoldKind }[] = []): void {
  const event = { case: 'statusSnapshot' as const, value: { status: { state, holds } } };
  const books = apply(NO_BOOKS, create(WatchResponseSchema, { streamEpoch: 'run', event }));
  act(() => live.set({ books, contact: { kind: 'connected' }, heardAt: Date.now() }));
}

beforeEach(() => {
  setKillSwitch.mockReset();
  setKillSwitch.mockResolvedValue({});
  signIn(Role.OPERATOR);
  status(TradingState.ACTIVE);
});
afterEach(cleanup);

const button = (name: RegExp) => screen.getByRole('button', { name });

test('one click kills, without a question, and the button is inert then', async () => {
  render(<KillSwitch />);
  const kill = button(/^Kill K$|^Kill$/);
  await act(() => fireEvent.click(kill));
  expect(setKillSwitch).toHaveBeenCalledTimes(1);
  expect(setKillSwitch.mock.calls[0]?.[0]).toMatchObject({ action: KillSwitchAction.ENGAGE });
  status(TradingState.HALTED, [{ kind: HoldKind.KILL }]);
  expect(kill.textContent).toMatch(/^Killed/);
  fireEvent.click(kill);
  expect(setKillSwitch).toHaveBeenCalledTimes(1);
});

test('its place is never taken by another act: after a kill the same two buttons stand there', async () => {
  render(<KillSwitch />);
  const before = screen.getAllByRole('button');
  await act(() => fireEvent.click(button(/flatten/)));
  status(TradingState.HALTED, [{ kind: HoldKind.KILL }]);
  const after = screen.getAllByRole('button');
  expect(after).toEqual(before);
  expect(after.map((each) => each.textContent)).toEqual([expect.stringMatching(/^Killed/), 'Flatten…']);
});

test('without contact it can still be pressed', () => {
  act(() => live.set({ ...live.get(), contact: { kind: 'lost', attempt: 3, why: 'gone' }, heardAt: 0 }));
  render(<KillSwitch />);
  fireEvent.click(button(/^Kill K$|^Kill$/));
  expect(setKillSwitch).toHaveBeenCalledTimes(1);
});

test('who may only look sees no button, who is not known yet sees it', () => {
  signIn(Role.VIEWER);
  const { unmount } = render(<KillSwitch />);
  expect(screen.queryAllByRole('button')).toEqual([]);
  unmount();
  session.set({
    kind: 'in',
    token: 't',
    api: { control: { setKillSwitch } } as unknown as Api,
    caller: undefined,
  });
  render(<KillSwitch />);
  expect(screen.getAllByRole('button')).toHaveLength(2);
});
