import { existsSync } from 'node:fs';

import { defineConfig } from '@playwright/test';

/** The browser of the system: nothing is downloaded. */
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const executablePath = process.env.ORB_CHROMIUM ?? CHROMIUM.find((path) => existsSync(path));
if (executablePath === undefined) throw new Error('no Chromium: install it, or name it by ORB_CHROMIUM');

/** Each test has real daemons of its own, which it starts and ends. */
export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  // A day of the demo takes its time, and the machine may be busy.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  forbidOnly: true,
  // Each test has daemons in real time on the disk of a machine that others may use; by hand there is one attempt alone.
  retries: Number(process.env.ORB_BROWSER_RETRIES ?? 0),
  workers: 2,
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    launchOptions: { executablePath, args: FLAGS },
    viewport: { width: 1440, height: 900 },
    colorScheme: 'dark',
    // Neither of them is New York's: what is shown must not depend on where the browser stands.
    timezoneId: 'Asia/Tokyo',
    locale: 'de-DE',
    screenshot: 'only-on-failure',
  },
});
