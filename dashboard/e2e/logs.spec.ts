import { Crowd } from './crowd';
import { AWAY, expect, open, test } from './test';

const lines = 'tree';

test.describe('the log of a day that is over', () => {
  test('shows who said what, and everything about a line when it is opened', async ({ page, finished }) => {
    await open(page, finished, '/logs');
    const tree = page.getByRole(lines, { name: 'Log lines' });
    const filled = tree.getByRole('treeitem').filter({ hasText: 'filled: ' }).last();
    await page.getByRole('searchbox', { name: 'Search the log' }).fill('filled');
    await expect(filled).toContainText('Executor');
    await filled.click();
    await expect(filled).toHaveAttribute('aria-expanded', 'true');
    await expect(filled).toContainText('UTC');
    await expect(filled).toContainText('engine time');
    await filled.press('Enter');
    await expect(filled).toHaveAttribute('aria-expanded', 'false');
  });

  test('is filtered by severity, component and words, in the address', async ({ page, finished }) => {
    await open(page, finished, '/logs');
    const items = page.getByRole('treeitem');
    await expect(items.first()).toBeVisible();
    await expect(page.getByRole('tree')).not.toContainText('DEBUG');

    await page.getByText('DEBUG', { exact: true }).click();
    await page.getByRole('button', { name: 'Strategy' }).click();
    await expect(page.getByRole('tree')).toContainText('DEBUG');
    await expect(items.filter({ hasText: 'RiskManager' })).toHaveCount(0);
    await page.getByRole('searchbox').fill('traded no_sl');
    await expect(page).toHaveURL(/severity=debug&component=Strategy&search=traded\+no_sl/);
    const marks = page.locator('mark');
    await expect(marks.first()).toHaveText('traded');
    await expect(marks.nth(1)).toHaveText(/^no$|^sl$/);
    await expect(page.getByRole('status').filter({ hasText: /^\d+ of \d+/ })).toBeVisible();
    for (const text of await items.allTextContents()) expect(text).toMatch(/traded.*no_slot/);

    // A link that somebody sends shows the same.
    const other = await page.context().newPage();
    await other.goto(page.url());
    await expect(other.locator('mark').first()).toHaveText('traded');
    await expect(other.getByRole('searchbox')).toHaveValue('traded no_sl');
    await other.getByRole('searchbox').fill('nosuchword');
    await expect(other.getByText(/No line of these components with “nosuchword”/)).toBeVisible();
  });

  test('goes back to the first line', async ({ page, finished }) => {
    await open(page, finished, '/logs?severity=debug');
    const tree = page.getByRole(lines);
    await expect(tree.getByRole('treeitem').first()).toBeVisible();
    await tree.focus();
    await expect(async () => {
      await tree.press('Home');
      await expect(page.getByText('The first line that passes.')).toBeInViewport({ timeout: 500 });
    }).toPass();
    const id = await tree.getByRole('treeitem').first().getAttribute('id');
    expect(id).toBe('log-1');
  });
});

test.describe('the log of a session that goes on', () => {
  test.use({ demoOptions: { speed: 300 } });

  test('follows, stands still when one scrolls up, counts, and goes on at the end', async ({
    page,
    demo,
  }) => {
    await page.setViewportSize({ width: 1440, height: 400 });
    await open(page, demo, '/logs?severity=debug');
    const tree = page.getByRole(lines);
    const atEnd = () =>
      tree.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
    const last = async () => Number(await tree.getByRole('treeitem').last().getAttribute('aria-posinset'));
    await expect.poll(last).toBeGreaterThan(30);
    await expect.poll(atEnd).toBeLessThan(5);

    await tree.hover();
    await page.mouse.wheel(0, -200);
    const button = page.getByRole('button', { name: /new line/ });
    await expect(button).toBeVisible();
    const top = await tree.evaluate((element) => element.scrollTop);
    await expect(button).toHaveText(/[1-9]\d* new lines?/);
    expect(await tree.evaluate((element) => element.scrollTop)).toBe(top);

    await button.click();
    await expect(button).toBeHidden();
    await expect.poll(atEnd).toBeLessThan(5);

    // A text that somebody marks must not run away.
    await tree.getByRole('treeitem').nth(5).selectText();
    await expect(button).toBeVisible();
    await page.keyboard.press('End');
    await expect(button).toBeHidden();
    await expect.poll(atEnd).toBeLessThan(5);
  });

  test.describe('through a restart of the daemon', () => {
    test.use({ allowed: AWAY });

    test('says that nothing new comes, and goes on without a hole', async ({ page, demo }) => {
      await open(page, demo, '/logs?severity=debug');
      const items = page.getByRole('treeitem');
      await expect(items.first()).toBeVisible();
      await demo.cut();
      const region = page.getByRole('region', { name: 'Logs' });
      await expect(region.getByText(/No contact|\d+ s old/)).toBeVisible();
      await demo.begin();
      await expect(region.getByText(/Live$/)).toBeVisible();
      await expect(items.filter({ hasText: 'crashed' }).first()).toBeVisible();
      const ids = await items.evaluateAll((all) => all.map((item) => Number(item.id.replace('log-', ''))));
      expect(new Set(ids).size).toBe(ids.length);
      expect(Math.max(...ids) - Math.min(...ids) + 1).toBe(ids.length);
    });
  });
});

test('lines that a silence has swallowed are shown as missing, and come when they are asked for', async ({
  page,
  finished,
}) => {
  const crowd = await Crowd.before(finished, { passedOver: [4n, 9n] });
  try {
    await page.goto(crowd.link('/logs?severity=debug'));
    const tree = page.getByRole('tree', { name: 'Log lines' });
    await tree.focus();
    await expect(page.getByText('6 lines missing', { exact: true })).toBeVisible();
    await expect(async () => {
      await tree.press('Home');
      await expect(page.getByText('6 lines are missing here')).toBeInViewport({ timeout: 500 });
    }).toPass();
    await page.getByRole('button', { name: 'Load them' }).click();
    await expect(page.getByText('6 lines missing', { exact: true })).toHaveCount(0);
    for (let line = 3; line <= 10; line += 1) await expect(page.locator(`#log-${line}`)).toBeAttached();
  } finally {
    await page.goto('about:blank');
    await crowd.stop();
  }
});
