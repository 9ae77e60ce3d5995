import { expect, open, test } from './test';

test('the token leaves the address at once and goes from tab to tab', async ({ page, context, finished }) => {
  await open(page, finished);
  expect(page.url()).not.toContain('token');
  expect(await page.evaluate(() => document.cookie)).toBe('');
  expect(await page.evaluate(() => Object.keys(localStorage).join())).not.toContain('token');
  const other = await context.newPage();
  await other.goto(`${finished.url}/history`);
  await expect(other.getByRole('link', { name: 'History' })).toHaveAttribute('aria-current', 'page');
  await expect(other.getByRole('contentinfo')).toContainText('admin');
});

test('signing in asks for a token, a wrong one leads back, and signing out reaches all tabs', async ({
  page,
  context,
  finished,
}) => {
  await page.goto(finished.url);
  const token = page.getByLabel('Token', { exact: true });
  await token.fill('two words');
  await token.press('Enter');
  await expect(page.getByRole('alert')).toContainText('one word');
  await token.fill('wrong');
  await token.press('Enter');
  await expect(page.getByText(/does not know this token/)).toBeVisible();
  await token.fill(finished.token);
  await token.press('Enter');
  await expect(page.getByRole('contentinfo')).toContainText('Sign out');

  const other = await context.newPage();
  await other.goto(finished.url);
  await other.getByRole('button', { name: 'Sign out' }).click();
  for (const tab of [page, other]) await expect(tab.getByLabel('Token', { exact: true })).toBeVisible();
});

test('a viewer watches everything and is offered nothing that acts', async ({ page, finished }) => {
  const token = await finished.newToken(`viewer-${process.pid}`, 'viewer');
  await open(page, finished, '/', token);
  await expect(page.getByRole('contentinfo')).toContainText('viewer');
  for (const name of [/^Kill/, /^Flatten/, /^Close/, /^Release/, /^Resume/]) {
    await expect(page.getByRole('button', { name })).toHaveCount(0);
  }
  await page.keyboard.press('Control+k');
  const options = page.getByRole('option');
  await expect(options.filter({ hasText: 'Logs' })).toHaveCount(1);
  for (const name of ['Kill', 'Flatten', 'Pause', 'Cancel', 'Environment']) {
    await expect(options.filter({ hasText: name })).toHaveCount(0);
  }
});

test('a token that is taken back leads to the sign-in within seconds', async ({ page, finished }) => {
  const name = `guest-${process.pid}`;
  await open(page, finished, '/', await finished.newToken(name, 'operator'));
  await expect(page.getByRole('contentinfo')).toContainText(name);
  finished.revoke(name);
  await expect(page.getByText(/does not know this token/)).toBeVisible({ timeout: 10_000 });
});

test('keys lead everywhere, and none counts while somebody types', async ({ page, finished }) => {
  await open(page, finished);
  for (const [keys, path] of [
    ['gs', '/signals'],
    ['gh', '/history'],
    ['go', '/logs'],
  ] as const) {
    for (const key of keys) await page.keyboard.press(key);
    await expect(page).toHaveURL(finished.url + path);
  }
  const search = page.getByRole('searchbox', { name: 'Search the log' });
  // The page is loaded when it is asked for.
  await expect(search).toBeVisible();
  await page.keyboard.press('/');
  await expect(search).toBeFocused();
  await page.keyboard.type('gl?');
  await expect(page).toHaveURL(/\/logs/);
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toContainText('Ctrl K');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('live pa');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(`${finished.url}/`);
});
