import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Page } from '@playwright/test';

import type { Daemon } from './daemon';
import { AWAY, expect, open, test } from './test';

const FOLDER = resolve(dirname(fileURLToPath(import.meta.url)), '../../docs/screenshots');

// They are made when somebody asks for them: `npm run screenshots`.
test.skip(process.env.ORB_SCREENSHOTS === undefined, 'only when they are asked for');
test.use({ allowed: AWAY, accountOptions: { environment: 'live', speed: 40 } });
test.beforeAll(() => mkdirSync(FOLDER, { recursive: true }));

const state = (page: Page) => page.locator('[role=alert][data-state]');

/** Takes a picture once the canvases are painted, of which nothing tells. */
async function picture(page: Page, name: string): Promise<void> {
  await page.waitForTimeout(1500);
  await page.screenshot({ path: `${FOLDER}/${name}.png` });
}

/** Shows the page as eyes see it that lack one kind of cones, or all. */
async function seenWith(page: Page, type: 'none' | 'deuteranopia' | 'protanopia' | 'achromatopsia') {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setEmulatedVisionDeficiency', { type });
}

/** Opens the Live page and waits until it has something to show. */
async function late(page: Page, daemon: Daemon, minute: RegExp): Promise<void> {
  await open(page, daemon);
  await expect(page.getByRole('banner').first()).toContainText(minute, { timeout: 90_000 });
}

test('real money: as usual, in other eyes, on a phone, halted, without contact', async ({
  page,
  account,
}) => {
  test.setTimeout(300_000);
  await late(page, account, / (09:4[2-9]|09:5\d|1\d:\d\d):/);
  await picture(page, 'mode-live-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await picture(page, 'mode-live-light');
  await page.emulateMedia({ colorScheme: 'dark' });
  for (const eyes of ['deuteranopia', 'protanopia', 'achromatopsia'] as const) {
    await seenWith(page, eyes);
    await picture(page, `eyes-${eyes}-live`);
  }
  await seenWith(page, 'none');
  await page.setViewportSize({ width: 390, height: 844 });
  await picture(page, 'mode-live-dark-phone');
  await page.setViewportSize({ width: 1440, height: 900 });

  await page.getByRole('banner').first().getByRole('button').click();
  await page
    .getByRole('dialog')
    .getByRole('radio', { name: /^PAPER/ })
    .check();
  await picture(page, 'environment-unmet-dark');
  await page.keyboard.press('Escape');

  await page.getByRole('group', { name: 'Kill switch' }).first().getByRole('button').first().click();
  await expect(state(page)).toHaveAttribute('data-state', 'HALTED');
  await picture(page, 'state-halted-dark');
  await page.keyboard.press('Escape');

  await account.cut();
  await expect(state(page)).toContainText(/Last word [6-9]|Last word \d\d/);
  await picture(page, 'state-no-contact-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await picture(page, 'state-no-contact-light');
});

test.describe('a paper account', () => {
  test.use({ accountOptions: { environment: 'paper', speed: 1 } });

  test('before the open, as a viewer sees it', async ({ page, account }) => {
    await open(page, account, '/', await account.newToken(`viewer-${process.pid}`, 'viewer'));
    await expect(page.getByRole('contentinfo')).toContainText('viewer');
    await picture(page, 'state-before-open-viewer-dark');
    await seenWith(page, 'achromatopsia');
    await picture(page, 'eyes-achromatopsia-paper');
  });
});

test.describe('a simulation', () => {
  test.use({ demoOptions: { speed: 120 } });

  test('without colours, and its log paused at what is searched for', async ({ page, demo }) => {
    await late(page, demo, / (09:[45]\d|1\d:\d\d):/);
    await seenWith(page, 'achromatopsia');
    await picture(page, 'eyes-achromatopsia-sim');
    await seenWith(page, 'none');
    await page.goto(`${demo.url}/logs?severity=debug&search=filled`);
    await expect(page.locator('mark').first()).toBeVisible();
    await page.getByRole('treeitem').first().click();
    await page.getByRole('tree').focus();
    await page.keyboard.press('ArrowUp');
    await picture(page, 'logs-paused-dark');
    await page.goto(`${demo.url}/signals?status=filled`);
    await page.getByRole('row').nth(2).click();
    await picture(page, 'signals-filled-dark');
  });
});

test.describe('a day that is over', () => {
  test('in the history', async ({ page, finished }) => {
    await open(page, finished, '/history');
    await expect(page.locator('.skeleton')).toHaveCount(0);
    await picture(page, 'history-day-over-dark');
  });
});
