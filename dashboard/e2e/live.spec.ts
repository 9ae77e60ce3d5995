import { expect, open, test } from './test';

test.use({ demoOptions: { speed: 60 } });

test('shows the account, the day and every position, and follows them each second', async ({
  page,
  demo,
}) => {
  await open(page, demo);
  const banner = page.getByRole('banner').first();
  await expect(banner).toContainText('SIM');
  await expect(banner).toContainText(/\d\d:\d\d:\d\d NY/);
  const day = page.getByRole('region', { name: 'The day' });
  for (const label of [
    'Day P&L',
    'To the loss limit',
    'Equity',
    'Buying power',
    'Trades today',
    'Win rate',
  ]) {
    await expect(day).toContainText(label);
  }
  await expect(page).toHaveTitle(/· SIM · orb$/);
  const rows = page.getByRole('grid', { name: 'Positions' }).locator('tbody tr[data-symbol]');
  await expect.poll(() => rows.count(), { timeout: 60_000 }).toBeGreaterThan(1);
  await expect(rows.first()).toContainText(/[▲▼]?\s*(Long|Short)/);
  await expect(rows.first()).toContainText(/[+−]?\$\d/);
  const before = await rows.first().textContent();
  await expect.poll(() => rows.first().textContent()).not.toBe(before);
  await expect(page.getByRole('region', { name: 'P&L today' }).locator('canvas').first()).toBeVisible();
  // Arrows select a row, and the chart follows.
  const second = (await rows.nth(1).getAttribute('data-symbol')) ?? '';
  await page.keyboard.press('ArrowDown');
  await expect(rows.nth(1)).toHaveAttribute('aria-selected', 'true');
  await expect(page.getByRole('region', { name: second, exact: true })).toBeVisible();
});

test('closes one position after a second click, and no other', async ({ page, demo }) => {
  await open(page, demo);
  const rows = page.getByRole('grid', { name: 'Positions' }).locator('tbody tr[data-symbol]');
  await expect.poll(() => rows.count(), { timeout: 60_000 }).toBeGreaterThan(2);
  const symbol = (await rows.first().getAttribute('data-symbol')) ?? '';
  const held = () => demo.orbctl('--output', 'json', 'positions');
  expect(held()).toContain(`"${symbol}"`);
  const close = page.getByRole('button', { name: new RegExp(`^Close (\\d[\\d,]* )?${symbol}`) });
  // A double click closes nothing.
  await close.dblclick();
  await expect(close).toHaveText(/Close [\d,]+\?/);
  expect(held()).toContain(`"${symbol}"`);
  await page.waitForTimeout(450);
  await close.click();
  await expect.poll(() => held()).not.toContain(`"${symbol}"`);
  await expect(page.getByText(/flat/).first()).toBeVisible();
  expect(held()).toMatch(/"symbol"/);
});

test('flattens everything without stopping what comes after', async ({ page, demo }) => {
  await open(page, demo);
  const rows = page.getByRole('grid', { name: 'Positions' }).locator('tbody tr[data-symbol]');
  await expect.poll(() => rows.count(), { timeout: 60_000 }).toBeGreaterThan(1);
  await page.getByRole('button', { name: 'Flatten all…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(/Flatten \d+ positions\?/);
  await expect(dialog).toContainText('SIM');
  await expect(dialog.getByRole('button', { name: 'Keep positions' })).toBeFocused();
  // The word, typed, stands for the hand that holds.
  await dialog.getByLabel(/or type/).fill('flatten');
  await dialog.getByRole('button', { name: /Hold to flatten/ }).click();
  // The day goes on: an entry may fill before anybody has read that all was flat. Then it is named.
  await expect(dialog).toContainText(/Everything is flat\.|\d positions flat\. Opened since: [A-Z]+/);
  const closed = dialog.getByRole('table', { name: 'Positions' }).getByRole('row');
  await expect(closed.filter({ hasNotText: /flat, verified/ })).toHaveCount(0);
  await expect(closed.first()).toContainText(/flat, verified \d/);
  await expect(page.locator('[data-state=ACTIVE], [data-state=FLATTENING]').first()).toBeVisible();
});

test('on a phone the positions are cards, and Kill is at the thumb', async ({ page, demo }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page, demo);
  const cards = page.getByRole('list', { name: 'Positions' }).getByRole('listitem');
  await expect.poll(() => cards.count(), { timeout: 60_000 }).toBeGreaterThan(1);
  const kill = page
    .getByRole('group', { name: 'Kill switch' })
    .getByRole('button')
    .filter({ visible: true })
    .first();
  const box = await kill.boundingBox();
  expect(box?.height).toBeGreaterThanOrEqual(52);
  expect(box?.y).toBeGreaterThan(600);
  await kill.click();
  await expect(page.locator('[data-state=HALTED]')).toBeVisible();
});
