import { gzipSync } from 'node:zlib';

import AxeBuilder from '@axe-core/playwright';

import { expect, open, test } from './test';

const PAGES = ['/', '/signals', '/history', '/logs'] as const;
const WIDTHS = [
  { name: 'desktop', width: 1440, height: 900 },
  { name: 'phone', width: 390, height: 844 },
];

for (const path of PAGES) {
  for (const theme of ['dark', 'light'] as const) {
    test(`${path} has no serious fault of accessibility, ${theme}`, async ({ page, finished }) => {
      await page.emulateMedia({ colorScheme: theme });
      for (const { width, height } of WIDTHS) {
        await page.setViewportSize({ width, height });
        await open(page, finished, path);
        await expect(page.locator('.skeleton')).toHaveCount(0);
        const { violations } = await new AxeBuilder({ page })
          .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
          .analyze();
        const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        const told = bad.map(
          ({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`,
        );
        expect(told, `${path} ${theme} at ${width}`).toEqual([]);
      }
    });
  }

  test(`${path} is never wider than the window`, async ({ page, finished }) => {
    for (const width of [320, 390, 720, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      await open(page, finished, path);
      const overhang = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(await overhang(), `at ${width}`).toBeLessThanOrEqual(0);
    }
  });
}

test('the policy of the page lets nothing in that is not the daemon’s', async ({
  page,
  finished,
  complaints,
}) => {
  const response = await page.goto(finished.link());
  const policy = response?.headers()['content-security-policy'] ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  // The rule works in this very browser: a script within the page does not run, and the console says so.
  const ran = await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.ranInline = true';
    document.body.append(script);
    return 'ranInline' in window;
  });
  expect(ran).toBe(false);
  expect(complaints.join()).toContain('Content Security Policy');
  complaints.length = 0;
});

test('what is loaded before the first page is small', async ({ page, finished }) => {
  const file = async (path: string) => (await page.request.get(finished.url + path)).body();
  const kilobytes = async (paths: readonly string[]) => {
    const sizes = await Promise.all(paths.map(async (path) => gzipSync(await file(path)).length));
    return Math.round(sizes.reduce((sum, size) => sum + size, 0) / 1000);
  };
  const named = async (path: string, name: RegExp) => {
    const text = (await file(path)).toString();
    return [...new Set([...text.matchAll(name)].map(([, found = '']) => found))];
  };
  const first = await named('/', /src="(\/assets\/[^"]+\.js)"/g);
  expect(first).toHaveLength(1);
  // The worker that all tabs share is the script's own `new SharedWorker`.
  const worker = await named(first[0] ?? '', /(\/assets\/shared-[\w-]+\.js)/g);
  expect(worker).toHaveLength(1);
  const scripts = await kilobytes([...first, ...worker]);
  const styles = await named('/', /href="(\/assets\/[^"]+\.css)"/g);
  expect(styles).toHaveLength(1);
  const fonts = await named(styles[0] ?? '', /(\/assets\/[\w-]+\.woff2)/g);
  expect(fonts).toHaveLength(1);
  await open(page, finished);
  const paint = await page.evaluate(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN,
  );
  process.stdout.write(`first contentful paint: ${paint.toFixed(0)} ms, scripts ${scripts} kB\n`);
  expect(scripts).toBeLessThanOrEqual(220);
  // A font is compressed as it is.
  expect((await file(fonts[0] ?? '')).length).toBeLessThanOrEqual(49_000);
});

test('a time shows UTC and its age to the pointer and to the focus, and Escape hides it', async ({
  page,
  finished,
}) => {
  await open(page, finished, '/history');
  const tip = page.getByRole('tooltip');
  const utc = /^2026-03-02 1[4-9]:\d\d:\d\d\.\d{3} UTC · .+ ago$/;
  const row = page.getByRole('table', { name: 'Trades' }).getByRole('row').nth(1);
  await row.getByRole('time').hover();
  await expect(tip).toHaveText(utc);
  await page.keyboard.press('Escape');
  await expect(tip).toBeHidden();
  // The button of the row stands for its time.
  await row.getByRole('button').focus();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Tab');
  await expect(row.getByRole('button')).toBeFocused();
  await expect(tip).toHaveText(utc);
  await expect(row.getByRole('time')).toHaveAttribute('aria-describedby', /.+/);
});
