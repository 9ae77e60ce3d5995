import { render, screen } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';

import { Boundary } from './Boundary';

it('a page that fails leaves what is around it, and can be drawn again', async () => {
  // React tells of the fault on the console too.
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const page = { isBroken: true };
  function Page() {
    if (page.isBroken) throw new Error('no such chart');
    return <p>drawn</p>;
  }
  render(
    <>
      <button type="button">Kill</button>
      <Boundary>
        <Page />
      </Boundary>
    </>,
  );
  expect(screen.getByRole('alert').textContent).toContain('cannot be shown');
  expect(screen.getByText('no such chart')).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Kill' })).toBeTruthy();
  page.isBroken = false;
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(screen.getByText('drawn')).toBeTruthy();
});
