import { readFile } from 'node:fs/promises';

import { expect, open, test } from './test';

test.describe('signals', () => {
  test('are listed with their ways, filtered in the address, and explained whole', async ({
    page,
    finished,
  }) => {
    await open(page, finished, '/signals');
    const rows = page.getByRole('region', { name: 'Signals', exact: true }).locator('tbody tr');
    await expect(rows.first()).toBeVisible();
    const all = await rows.count();
    await page.getByLabel('Side').selectOption('short');
    await expect(page).toHaveURL(/side=short/);
    await expect.poll(() => rows.count()).toBeLessThan(all);
    for (const text of await rows.allTextContents()) expect(text).toContain('Short');
    await page.getByLabel('Status').selectOption('rejected');
    await expect(page).toHaveURL(/status=rejected/);
    await expect(rows.first()).toContainText('no_slot');
    await page.reload();
    await expect(rows.first()).toContainText('no_slot');
    await rows.first().getByRole('button').click();
    await expect(page.getByText('Decision', { exact: true }).first()).toBeVisible();
    await expect(page.getByText('a description of the setup, not a probability').first()).toBeVisible();

    await page.goto(`${finished.url}/signals?status=filled`);
    const filled = rows.filter({ hasText: 'filled' }).first();
    await expect(filled).toContainText(/\d (ms|s)/);
    await filled.getByRole('button').click();
    await expect(page.getByText(/^Orders \(\d+\)$/)).toBeVisible();
    await expect(page.getByText(/^Fills \(\d+\)$/)).toBeVisible();
  });

  test('come from a universe that is listed by rank with figures and reasons', async ({ page, finished }) => {
    await open(page, finished, '/signals');
    await page.getByRole('button', { name: 'Universe', exact: true }).click();
    await expect(page).toHaveURL(/list=universe/);
    const rows = page.getByRole('region', { name: 'Universe', exact: true }).locator('tbody tr');
    await expect(rows.first()).toBeVisible();
    const all = await rows.count();
    await expect(page.getByRole('columnheader', { name: 'RVOL' })).toBeVisible();
    await expect(rows.filter({ hasText: 'signalled' }).first()).toContainText(/Long|Short/);

    await page.getByLabel('State').selectOption('excluded');
    await expect(page).toHaveURL(/state=excluded/);
    await expect.poll(() => rows.count()).toBeLessThan(all);
    const leftOut = rows.filter({ hasText: 'ESTOMB' });
    await expect(leftOut).toContainText('The first bar of the session is missing.');
    await leftOut.getByRole('button').click();
    await expect(page.getByText('range_no_first_bar').first()).toBeVisible();
    await page.reload();
    await expect(page.getByRole('region', { name: 'Why not ESTOMB?' })).toBeVisible();
    await page.getByRole('button', { name: 'Signals', exact: true }).click();
    await expect(
      page.getByRole('region', { name: 'Signals', exact: true }).locator('tbody tr').first(),
    ).toBeVisible();
  });

  test('tell why a symbol was not traded', async ({ page, finished }) => {
    await open(page, finished, '/signals');
    await page.getByLabel('Why not?').fill('estomb');
    await page.getByLabel('Why not?').press('Enter');
    await expect(page).toHaveURL(/why=ESTOMB/);
    await expect(page.getByText('range_no_first_bar').first()).toBeVisible();
    await page.getByLabel('Why not?').fill('NOSUCH');
    await page.getByRole('button', { name: 'Ask' }).click();
    await expect(page.getByText(/NOSUCH/).first()).toBeVisible();
  });
});

test.describe('history', () => {
  test('shows equity, figures, calendar, distribution and parity of the range', async ({
    page,
    finished,
  }) => {
    await open(page, finished, '/history');
    for (const name of [
      /^Equity/,
      /^Figures/,
      /^Calendar/,
      /^Distribution of R/,
      /^Parity of the day/,
      /^Trade log/,
    ]) {
      await expect(page.getByRole('region', { name })).toBeVisible();
    }
    const figures = page.getByRole('region', { name: 'Figures' });
    for (const label of [
      'Total P&L',
      'Win rate',
      'Sharpe',
      'Sortino',
      'Max drawdown',
      'Average win',
      'Average loss',
    ]) {
      await expect(figures).toContainText(label);
    }
    await expect(figures).toContainText(/n=\d/);
    await expect(
      page
        .getByRole('region', { name: /^Equity/ })
        .locator('canvas')
        .first(),
    ).toBeVisible();
  });

  test('sorts and filters its trades, and opens one', async ({ page, finished }) => {
    await open(page, finished, '/history');
    const log = page.getByRole('region', { name: 'Trade log' });
    const rows = log.locator('tbody tr');
    await expect(rows.first()).toBeVisible();
    await log.getByRole('button', { name: 'P&L' }).click();
    await expect(page).toHaveURL(/sort=/);
    const told = await rows.locator('td:nth-child(8)').allTextContents();
    const figures = told.map((text) => Number(text.replace('−', '-').replace(/[$,+]/g, '')));
    const sorted = [...figures].sort((one, other) => other - one);
    expect([sorted, sorted.toReversed()]).toContainEqual(figures);
    await log.getByLabel('Side').selectOption('short');
    for (const text of await rows.allTextContents()) expect(text).toContain('Short');
    const symbol = (await rows.first().getByRole('button').textContent()) ?? '';
    await rows.first().getByRole('button').click();
    await expect(page.getByRole('dialog')).toContainText(symbol);
  });

  test('hands out its trades as CSV, the same as the shell', async ({ page, finished }) => {
    await open(page, finished, '/history');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV', exact: true }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^orb-trades-SIM-.*\.csv$/);
    const csv = await readFile(await download.path(), 'utf8');
    const [head, ...lines] = csv.trim().split('\n');
    expect(head).toContain('strategy,symbol,date,side,quantity');
    expect(lines.length).toBeGreaterThan(3);
    // The shell tells fractions of a second; the page's file is that of a backtest, which has none.
    const shell = finished.orbctl('export', 'trades', '--out', '-').replaceAll(/\.\d+Z/g, 'Z');
    expect(csv.trim()).toBe(shell.trim());
  });
});
