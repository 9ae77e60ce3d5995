import type { Page } from '@playwright/test';

import { Crowd, type CrowdOptions } from './crowd';
import { expect, test } from './test';

test.use({ demoOptions: { speed: 60 } });

/** What a stretch of time has cost the page's one thread. */
interface Cost {
  /** Milliseconds of script and of layout with style, each second on the average. */
  readonly scriptPerSecond: number;
  readonly layoutPerSecond: number;
  /** The 95th percentile and the longest time between two frames, in milliseconds. */
  readonly p95: number;
  readonly longest: number;
  /** Megabytes of the heap at the end, after a collection. */
  readonly heap: number;
}

/** Measures while something happens. */
async function cost(page: Page, happening: () => Promise<void>): Promise<Cost> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const metrics = async () => {
    const { metrics: all } = await session.send('Performance.getMetrics');
    return Object.fromEntries(all.map(({ name, value }) => [name, value]));
  };
  const frames = page.evaluate(
    () =>
      new Promise<number[]>((done) => {
        const times: number[] = [];
        let last = performance.now();
        const step = (now: number) => {
          times.push(now - last);
          last = now;
          if (document.documentElement.dataset.measured === 'over') done(times);
          else requestAnimationFrame(step);
        };
        delete document.documentElement.dataset.measured;
        requestAnimationFrame(step);
      }),
  );
  const before = await metrics();
  const from = Date.now();
  await happening();
  const seconds = (Date.now() - from) / 1000;
  const after = await metrics();
  await page.evaluate(() => (document.documentElement.dataset.measured = 'over'));
  const times = (await frames).sort((one, other) => one - other);
  await session.send('HeapProfiler.collectGarbage');
  const { JSHeapUsedSize = 0 } = await metrics();
  const spent = (name: string) => (((after[name] ?? 0) - (before[name] ?? 0)) * 1000) / seconds;
  return {
    scriptPerSecond: spent('ScriptDuration'),
    layoutPerSecond: spent('LayoutDuration') + spent('RecalcStyleDuration'),
    p95: times[Math.floor(times.length * 0.95)] ?? NaN,
    longest: times.at(-1) ?? NaN,
    heap: JSHeapUsedSize / 1e6,
  };
}

function note(name: string, { scriptPerSecond, layoutPerSecond, p95, longest, heap }: Cost): void {
  const description =
    `script ${scriptPerSecond.toFixed(0)} ms/s, layout ${layoutPerSecond.toFixed(0)} ms/s, ` +
    `frames p95 ${p95.toFixed(0)} ms, longest ${longest.toFixed(0)} ms, heap ${heap.toFixed(0)} MB`;
  test.info().annotations.push({ type: name, description });
  process.stdout.write(`${name}: ${description}\n`);
}

/** Opens a page of a busy day, and closes it. */
async function onBusyDay(
  page: Page,
  daemon: Parameters<typeof Crowd.before>[0],
  options: CrowdOptions,
  path: string,
  look: () => Promise<void>,
): Promise<void> {
  const crowd = await Crowd.before(daemon, options);
  try {
    await page.goto(crowd.link(path));
    await expect(page.getByRole('link', { name: 'Logs' }).first()).toBeVisible();
    await look();
  } finally {
    await page.goto('about:blank');
    await crowd.stop();
  }
}

test('of ten thousand log lines only those in view are drawn while they are scrolled and others come', async ({
  page,
  demo,
}) => {
  const options = { lines: 10_000, linesPerSecond: 20 };
  await onBusyDay(page, demo, options, '/logs?severity=debug', async () => {
    const tree = page.getByRole('tree', { name: 'Log lines' });
    await expect(page.getByText(/of (5,?\d{3}|1\d,?\d{3})/).first()).toBeVisible();
    await expect(tree.getByRole('treeitem').first()).toBeVisible();
    // Only those in view are in the page.
    expect(await tree.getByRole('treeitem').count()).toBeLessThan(120);
    note('following 20 lines a second', await cost(page, () => page.waitForTimeout(5000)));
    const box = await tree.boundingBox();
    await page.mouse.move((box?.x ?? 0) + 200, (box?.y ?? 0) + 200);
    const scrolling = await cost(page, async () => {
      for (let step = 0; step < 60; step += 1) {
        await page.mouse.wheel(0, step < 45 ? -600 : 500);
        await page.waitForTimeout(50);
      }
    });
    note('scrolling ten thousand lines', scrolling);
    await expect(page.getByRole('button', { name: /new lines?/ })).toBeVisible();
    expect(await tree.getByRole('treeitem').count()).toBeLessThan(120);
  });
});

test('of five hundred trades beside a busy log only those in view are drawn', async ({ page, demo }) => {
  const options = { lines: 5000, linesPerSecond: 20, trades: 500 };
  await onBusyDay(page, demo, options, '/', async () => {
    await expect(page.getByRole('region', { name: 'Positions' })).toBeVisible();
    const live = await cost(page, () => page.waitForTimeout(5000));
    note('Live with 500 trades', live);
    await page.getByRole('link', { name: 'History' }).first().click();
    const log = page.getByRole('region', { name: 'Trade log' });
    await expect(log).toContainText('500', { timeout: 60_000 });
    const sorting = await cost(page, async () => {
      for (const head of ['P&L', 'R', 'Held', 'Symbol']) {
        await log.getByRole('button', { name: head, exact: true }).click();
        await page.waitForTimeout(250);
      }
    });
    note('sorting 500 trades', sorting);
    // Only the rows in view are in the page, whatever they are sorted by.
    expect(await log.locator('tbody tr').count()).toBeLessThan(120);
  });
});

test('of five hundred positions that change each second only those in view are drawn', async ({
  page,
  demo,
}) => {
  const rows = page.getByRole('grid', { name: 'Positions' }).locator('tbody tr[data-symbol]');
  await onBusyDay(page, demo, {}, '/', async () => {
    await expect.poll(() => rows.count(), { timeout: 60_000 }).toBeGreaterThan(0);
  });
  await onBusyDay(page, demo, { positions: 500 }, '/', async () => {
    await expect(page.getByRole('region', { name: 'Positions' })).toContainText(
      /(500|499|50\d) open|open P&L/,
    );
    await expect(rows.first()).toBeVisible();
    const many = await rows.count();
    const ticking = await cost(page, () => page.waitForTimeout(6000));
    note(`500 positions, ${many} rows drawn`, ticking);
    expect(many).toBeLessThan(60);
  });
});
