import { test as base, expect, type BrowserContext, type Page, type TestInfo } from '@playwright/test';

import { Account, type AccountOptions } from './account';
import type { Daemon } from './daemon';
import { Demo, type DemoOptions } from './demo';

export { expect } from '@playwright/test';
export type { Daemon } from './daemon';

interface Fixtures {
  /** How the test's own daemon is started; `test.use` changes it. */
  demoOptions: DemoOptions;
  /** A daemon of the test's own, in the middle of a session. */
  demo: Demo;
  /** How the test's account is opened; `test.use` changes it. */
  accountOptions: AccountOptions;
  /** A daemon at a local broker, for the modes that a demo does not have. */
  account: Account;
  /** What the consoles of all pages may say; anything else that is an error fails the test. */
  allowed: RegExp | null;
  /** Fails the test for what the pages complain of. */
  complaints: string[];
}

interface Shared {
  /** A daemon whose session is over; tests only read there. */
  finished: Demo;
}

export const test = base.extend<Fixtures, Shared>({
  demoOptions: [{ speed: 60 }, { option: true }],
  allowed: [null, { option: true }],

  demo: async ({ demoOptions, context }, provide, info) => {
    const demo = await Demo.start(demoOptions);
    await provide(demo);
    await end(demo, context, info);
  },

  accountOptions: [{ environment: 'paper', speed: 1 }, { option: true }],

  account: [
    async ({ accountOptions, context }, provide, info) => {
      const account = await Account.start(accountOptions);
      await provide(account);
      await end(account, context, info);
    },
    { timeout: 300_000 },
  ],

  finished: [
    // Playwright asks for a pattern even where nothing is needed.
    // eslint-disable-next-line no-empty-pattern
    async ({}, provide) => {
      const demo = await Demo.start({ speed: 'max' });
      await demo.sessionOver();
      await provide(demo);
      await demo.stop();
    },
    { scope: 'worker', timeout: 180_000 },
  ],

  complaints: [
    async ({ context, allowed }, provide) => {
      const complaints: string[] = [];
      watch(context, complaints);
      await provide(complaints);
      const unexpected = complaints.filter((complaint) => allowed?.test(complaint) !== true);
      expect(unexpected, 'what the pages complain of').toEqual([]);
    },
    { auto: true },
  ],
});

/** Collects errors and warnings of the console, which broken rules of the page's policy are among, and what was thrown. */
function watch(context: BrowserContext, complaints: string[]): void {
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()))
      complaints.push(`${message.type()}: ${message.text()}`);
  });
  context.on('weberror', (error) => complaints.push(`thrown: ${error.error().message}`));
  context.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    const isOwn = hostname === '127.0.0.1' || protocol === 'data:' || protocol === 'blob:';
    if (!isOwn) complaints.push(`asked elsewhere: ${request.url()}`);
  });
}

/** How many lines of its log are told when a test has failed. */
const LINES_TOLD = 100;

/**
 * Ends a test's own daemon. What is open is closed before: what a page says of a daemon that ends is nobody's fault. Of a
 * test that has failed, the daemon's log tells more than a picture.
 */
async function end(daemon: Daemon, context: BrowserContext, info: TestInfo): Promise<void> {
  await Promise.all(context.pages().map((page) => page.close()));
  try {
    await daemon.stop();
  } finally {
    if (info.status !== info.expectedStatus) {
      const lines = daemon.said.trim().split('\n').slice(-LINES_TOLD);
      process.stdout.write(`what the daemon of "${info.title}" said:\n${lines.join('\n')}\n`);
    }
  }
}

/** What a browser itself says of a daemon that is away. */
export const AWAY = /net::ERR_|Failed to load resource/;

/** Opens a page, signed in. */
export async function open(page: Page, daemon: Daemon, path = '/', token = daemon.token): Promise<void> {
  await page.goto(daemon.link(path, token));
  await expect(page.getByRole('link', { name: 'Logs' }).first()).toBeVisible();
}
