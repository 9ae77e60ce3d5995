import type { Page } from '@playwright/test';

import { AWAY, expect, open, test, type Daemon } from './test';

const state = (page: Page) => page.locator('[role=alert][data-state]');
const killSwitch = (page: Page) => page.getByRole('group', { name: 'Kill switch' }).first();
const kill = (page: Page) => killSwitch(page).getByRole('button').first();

/** Waits until something is open, and returns how much. */
async function positions(page: Page, demo: Daemon): Promise<number> {
  await expect(state(page)).toHaveAttribute('data-state', 'ACTIVE');
  await expect.poll(() => openPositions(demo), { timeout: 60_000 }).toBeGreaterThan(1);
  return openPositions(demo);
}

function openPositions(demo: Daemon): number {
  const told = JSON.parse(demo.orbctl('--output', 'json', 'status')) as { open_positions: number };
  return told.open_positions;
}

/** Holds a button as long as a person must. */
async function hold(page: Page, name: RegExp): Promise<void> {
  const button = page.getByRole('dialog').getByRole('button', { name });
  await button.hover();
  await page.mouse.down();
  await page.waitForTimeout(1300);
  await page.mouse.up();
}

test.describe('stopping', () => {
  // Slow enough that what is open stays open for minutes of the wall clock.
  test.use({ demoOptions: { speed: 60 } });

  test('one click stops entries; positions stay, and a release needs a reason and a hand that holds', async ({
    page,
    demo,
  }) => {
    await open(page, demo);
    await positions(page, demo);
    await kill(page).click();
    await expect(state(page)).toHaveAttribute('data-state', 'HALTED');
    const before = openPositions(demo);
    expect(demo.orbctl('status')).toContain('HALTED');
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('Entries are stopped.');
    await expect(dialog.getByRole('button', { name: 'Keep positions' })).toBeFocused();
    // The button does nothing more, and what stands beside it stays where it was.
    await expect(kill(page)).toHaveAttribute('aria-disabled', 'true');
    await expect(kill(page)).toContainText(/Killed \d\d:\d\d:\d\d/);
    await dialog.getByRole('button', { name: 'Keep positions' }).click();
    expect(openPositions(demo)).toBeGreaterThan(0);
    expect(openPositions(demo)).toBeLessThanOrEqual(before);

    await page.getByRole('button', { name: 'Release…' }).click();
    const release = page.getByRole('dialog').getByRole('button', { name: 'Hold to release' });
    await expect(release).toBeDisabled();
    await page
      .getByRole('dialog')
      .getByLabel(/^Reason/)
      .fill('looked into it');
    // A click is not enough.
    await release.click();
    await expect(state(page)).toHaveAttribute('data-state', 'HALTED');
    await hold(page, /Hold to release/);
    await expect(state(page)).toHaveAttribute('data-state', 'ACTIVE');
    expect(demo.orbctl('audit')).toContain('looked into it');
  });

  test('the key K leads to the button and Enter presses it', async ({ page, demo }) => {
    await open(page, demo);
    await expect(state(page)).toHaveAttribute('data-state', 'ACTIVE');
    await page.keyboard.press('k');
    await expect(kill(page)).toBeFocused();
    await expect(state(page)).toHaveAttribute('data-state', 'ACTIVE');
    await page.keyboard.press('Enter');
    await expect(state(page)).toHaveAttribute('data-state', 'HALTED');
  });

  test('kill and flatten closes everything, and the broker says so', async ({ page, demo }) => {
    await open(page, demo);
    await positions(page, demo);
    await killSwitch(page).getByRole('button').nth(1).click();
    await expect(state(page)).toHaveAttribute('data-state', 'HALTED');
    await hold(page, /Hold to flatten/);
    await expect(page.getByRole('dialog')).toContainText('Everything is flat.');
    expect(openPositions(demo)).toBe(0);
  });

  test('kill gets through with eight tabs open, and all of them show it', async ({ page, context, demo }) => {
    await open(page, demo);
    await expect(state(page)).toHaveAttribute('data-state', 'ACTIVE');
    const tabs = [page];
    while (tabs.length < 8) {
      const tab = await context.newPage();
      // Without a token in the address: an open tab gives it.
      await tab.goto(demo.url);
      await expect(state(tab)).toHaveAttribute('data-state', 'ACTIVE');
      tabs.push(tab);
    }
    const last = tabs.at(-1) ?? page;
    const from = Date.now();
    await kill(last).click();
    await expect(state(last)).toHaveAttribute('data-state', 'HALTED', { timeout: 5000 });
    test
      .info()
      .annotations.push({ type: 'kill to HALTED with eight tabs', description: `${Date.now() - from} ms` });
    for (const tab of tabs) await expect(state(tab)).toHaveAttribute('data-state', 'HALTED');
    expect(demo.orbctl('status')).toContain('HALTED');
  });
});

test.describe('a daemon that goes away', () => {
  test.use({ allowed: AWAY });

  test('is said to be away, figures grow old, and it is found again by itself', async ({ page, demo }) => {
    await open(page, demo);
    await expect(state(page)).toHaveAttribute('data-state', 'ACTIVE');
    await demo.cut();
    await expect(state(page)).toHaveAttribute('data-state', 'NO CONTACT');
    await expect(state(page)).toContainText(/Last word [3-9]|Last word \d\d/);
    // Nothing that is old looks like a gain or a loss.
    await expect(page.locator('[class*=text-gain], [class*=text-loss]')).toHaveCount(0);
    // Stopping is offered all the same, and says how to do it from the shell.
    await expect(kill(page)).toBeEnabled();
    await kill(page).click();
    await expect(page.getByText('orbctl kill').first()).toBeVisible();
    await page.keyboard.press('Escape');
    await demo.begin();
    await expect(state(page)).not.toHaveAttribute('data-state', 'NO CONTACT');
    // The hold of an abnormal end, or the kill that was repeated until it got through.
    await expect(state(page)).toHaveAttribute('data-state', /REDUCING|HALTED/);
  });
});
