import type { Page } from '@playwright/test';

import { expect, open, test } from './test';

const band = (page: Page) => page.getByRole('banner').first();
const state = (page: Page) => page.locator('[role=alert][data-state]');

test.describe('real money', () => {
  test.use({ accountOptions: { environment: 'live', speed: 40, isHolding: true } });

  test('is unmistakable on every page, in every dialogue, and takes a longer hand', async ({
    page,
    account,
  }) => {
    await open(page, account);
    await expect(band(page)).toHaveAttribute('data-mode', 'live');
    await expect(band(page)).toContainText('LIVE');
    await expect(band(page)).toContainText('Real money');
    await expect(page).toHaveTitle(/LIVE · orb$/);
    await expect(page.locator('#favicon')).toHaveAttribute('href', /icon-live\.svg$/);
    // The whole id of an account with money is never shown.
    await expect(band(page)).toContainText(`····${account.ids.live.slice(-4)}`);
    await expect(page.locator('body')).not.toContainText(account.ids.live);
    const frame = page.locator('[class*=border-mode-live]');
    await expect(frame).toHaveCSS('border-left-width', '3px');
    await page.getByRole('link', { name: 'History' }).first().click();
    await expect(frame).toHaveCSS('border-left-width', '3px');
    await page.getByRole('link', { name: 'Live', exact: true }).first().click();

    const rows = page.getByRole('grid', { name: 'Positions' }).locator('tbody tr[data-symbol]');
    await expect.poll(() => rows.count(), { timeout: 60_000 }).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Flatten all…' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('LIVE');
    await expect(dialog).toContainText('Real money');
    const hold = dialog.getByRole('button', { name: /Hold to flatten/ });
    await expect(hold).toHaveAccessibleDescription('Hold for 2 seconds.');
    // A second is enough in a simulation, and not here.
    await hold.hover();
    await page.mouse.down();
    await page.waitForTimeout(1300);
    await page.mouse.up();
    await expect(dialog.getByRole('button', { name: 'Keep positions' })).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(dialog).toHaveCount(0);
  });
});

test.describe('the environment', () => {
  test('is switched with the account typed, and entries are paused then', async ({ page, account }) => {
    await open(page, account);
    await expect(band(page)).toHaveAttribute('data-mode', 'paper');
    await band(page).getByRole('button').click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByRole('button', { name: 'Stay as it is' })).toBeFocused();
    await dialog.getByRole('radio', { name: /^LIVE/ }).check();
    const conditions = dialog.getByRole('list', { name: 'Conditions' });
    for (const met of ['No position is open', 'No order works', 'Allowed by the configuration']) {
      await expect(conditions).toContainText(met);
    }
    const go = dialog.getByRole('button', { name: 'Hold to switch' });
    await expect(go).toBeDisabled();
    // Another account's id is refused, and nothing has changed.
    const id = dialog.getByLabel(/^Account id of LIVE/);
    await dialog.getByLabel(/or type/).fill('switch');
    await id.fill(account.ids.paper);
    await go.click();
    await expect(dialog.getByRole('alert')).toContainText('another account');
    await expect(band(page)).toHaveAttribute('data-mode', 'paper');
    await id.fill(account.ids.live);
    await go.click();
    await expect(band(page)).toHaveAttribute('data-mode', 'live', { timeout: 30_000 });
    await expect(dialog).toContainText(/accepted/);
    await dialog.getByRole('button', { name: 'Done' }).click();
    await expect(state(page)).toHaveAttribute('data-state', 'PAUSED');
    await expect(state(page)).toContainText('Environment switched');
    expect(account.orbctl('status')).toContain('LIVE');
  });

  test.describe('that is not allowed', () => {
    test.use({ accountOptions: { environment: 'paper', speed: 1, isLiveEnabled: false } });

    test('says what is missing, and cannot be chosen', async ({ page, account }) => {
      await open(page, account);
      await band(page).getByRole('button').click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('radio', { name: /^LIVE/ }).check();
      await expect(dialog.getByRole('list', { name: 'Conditions' })).toContainText('live_enabled = true');
      await dialog.getByLabel(/^Account id of LIVE/).fill(account.ids.live);
      await expect(dialog.getByRole('button', { name: 'Hold to switch' })).toBeDisabled();
      expect(account.orbctl('status')).toContain('PAPER');
    });
  });
});

test.describe('before the open', () => {
  test('each panel says why it is empty, and a viewer is offered nothing that acts', async ({
    page,
    account,
  }) => {
    await open(page, account, '/', await account.newToken(`viewer-${process.pid}`, 'viewer'));
    await expect(page.getByRole('contentinfo')).toContainText('viewer');
    await expect(band(page)).toContainText('Before the open');
    for (const name of ['Positions', 'Chart', 'P&L today', 'Activity']) {
      const panel = page.getByRole('region', { name, exact: true });
      await expect(panel).toContainText('The market opens 09:30:00.');
    }
    await expect(page.getByRole('button', { name: /Kill|Flatten|Close|Release|Resume/ })).toHaveCount(0);
    await page.getByRole('link', { name: 'Signals' }).first().click();
    await expect(page.getByText('No signals yet.')).toBeVisible();
    await page.getByRole('link', { name: 'History' }).first().click();
    await expect(page.getByText('No session in this range has ended.').first()).toBeVisible();
    // Nor when the environment is looked at: a viewer may see where the orders go.
    await band(page).getByRole('button').click();
    await page.getByRole('dialog').getByRole('radio', { name: /^LIVE/ }).check();
    await expect(page.getByRole('dialog').getByRole('button', { name: /Hold/ })).toHaveCount(0);
  });
});
