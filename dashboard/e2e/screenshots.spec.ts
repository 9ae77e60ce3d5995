import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, open, test } from './test';

const FOLDER = resolve(dirname(fileURLToPath(import.meta.url)), '../../docs/screenshots');
const PAGES = [
  { path: '/', name: 'live' },
  { path: '/signals', name: 'signals' },
  { path: '/history', name: 'history' },
  { path: '/logs', name: 'logs' },
];
const WIDTHS = [
  { suffix: '', width: 1440, height: 900 },
  { suffix: '-phone', width: 390, height: 844 },
];

// They are made when somebody asks for them: `npm run screenshots`.
test.skip(process.env.ORB_SCREENSHOTS === undefined, 'only when they are asked for');
test.use({ demoOptions: { speed: 120 } });

test('pictures of every page', async ({ page, demo }) => {
  test.setTimeout(240_000);
  mkdirSync(FOLDER, { recursive: true });
  await open(page, demo);
  // Late enough in the session that trades have ended and curves have a shape.
  await expect(page.getByRole('banner').first()).toContainText(/ 10:[2-5]\d:/, { timeout: 90_000 });
  for (const { suffix, width, height } of WIDTHS) {
    await page.setViewportSize({ width, height });
    for (const theme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme: theme });
      for (const { path, name } of PAGES) {
        await page.goto(demo.url + path);
        await expect(page.locator('[data-state=ACTIVE]')).toBeVisible();
        if (name === 'signals' && width > 1000) await page.getByRole('row').nth(4).click();
        // Nothing says that a canvas has been painted.
        await page.waitForTimeout(1500);
        await page.screenshot({ path: `${FOLDER}/${name}-${theme}${suffix}.png` });
      }
    }
  }
});
