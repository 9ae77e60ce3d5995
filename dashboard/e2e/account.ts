import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Daemon, ORB_SIM, PATIENCE_MS, Spoken } from './daemon';

export interface AccountOptions {
  /** Where it trades at first. */
  readonly environment: 'paper' | 'live';
  /** Simulated seconds a second of the broker's market, which begins five minutes before the open. */
  readonly speed: number;
  /** Whether the configuration allows real money. */
  readonly isLiveEnabled?: boolean;
  /** Whether the test begins when something is open. */
  readonly isHolding?: boolean;
}

/** The keys of all accounts at the local broker. */
const KEYS = { 'APCA-API-KEY-ID': 'sim', 'APCA-API-SECRET-KEY': 'sim' };
const SEED = '20260302';
/** The slowest pace at which a day is tried again: its range ends after a minute. */
const SLOWEST = 10;

/** A daemon that trades as at the broker: two local ones play the paper and the live account. */
export class Account extends Daemon {
  private constructor(
    private readonly brokers: readonly [paper: Spoken, live: Spoken],
    /** The whole ids of the accounts. */
    readonly ids: { readonly paper: string; readonly live: string },
  ) {
    super();
  }

  /** Opens both accounts, and starts a daemon that trades in one of them. */
  static async start(options: AccountOptions): Promise<Account> {
    if (options.isHolding !== true) return Account.open(options);
    // At such a pace a moment in which the machine does something else is minutes of the market, and may hide the range's
    // end. Then the day is tried again at half the pace.
    for (let speed = options.speed; ; speed /= 2) {
      const account = await Account.open({ ...options, speed });
      if (await account.holdsSomething()) return account;
      await account.stop();
      if (speed <= SLOWEST)
        throw new Error(`nothing was opened, even at a pace of ${speed}:\n${account.said}`);
    }
  }

  private static async open(options: AccountOptions): Promise<Account> {
    const [paper, live] = await Promise.all([broker('1', options), broker('2', options)]);
    const ids = { paper: await accountId(paper.url), live: await accountId(live.url) };
    const account = new Account([paper.process, live.process], ids);
    const symbols = await symbolsOf(paper.url);
    account.configure(options, { paper: paper.url, live: live.url }, symbols);
    await account.begin();
    return account;
  }

  /** Waits until something is open; false when the range has ended a minute ago and nothing is. */
  private async holdsSomething(): Promise<boolean> {
    for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline;) {
      const { open_positions, engine_time, range_end } = JSON.parse(
        this.orbctl('--output', 'json', 'status'),
      ) as { open_positions: number; engine_time: string | null; range_end: string | null };
      if (open_positions > 0) return true;
      if (engine_time !== null && range_end !== null) {
        if (Date.parse(engine_time) > Date.parse(range_end) + 60_000) return false;
      }
      await new Promise((done) => setTimeout(done, 200));
    }
    return false;
  }

  override async stop(): Promise<void> {
    await super.stop();
    await Promise.all(this.brokers.map((each) => each.end('SIGTERM')));
  }

  protected override command() {
    const keys = {
      ORB_PAPER_KEY_ID: 'sim',
      ORB_PAPER_SECRET: 'sim',
      ORB_LIVE_KEY_ID: 'sim',
      ORB_LIVE_SECRET: 'sim',
    };
    return { args: ['run', '--config', this.file], env: keys };
  }

  private get file(): string {
    return join(this.folder, 'orb.toml');
  }

  private configure(
    { environment, isLiveEnabled = true }: AccountOptions,
    urls: { readonly paper: string; readonly live: string },
    symbols: readonly string[],
  ): void {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(
      this.file,
      [
        `environment = "${environment}"`,
        `symbols = ${JSON.stringify(symbols)}`,
        '[alpaca]',
        'feed = "sip"',
        `live_enabled = ${isLiveEnabled}`,
        `[alpaca.paper]\nurl = "${urls.paper}"`,
        `[alpaca.live]\nurl = "${urls.live}"`,
        '',
      ].join('\n'),
    );
  }
}

async function broker(seed: string, { speed }: AccountOptions) {
  const market = ['--synthetic', SEED, '--speed', String(speed), '--begin', 'subscription', '--seed', seed];
  const process = new Spoken(ORB_SIM, ['serve', ...market, '--rate-limit', '0', '--listen', '127.0.0.1:0']);
  const said = await process.says(/http:\/\/127\.0\.0\.1:\d+/);
  return { process, url: /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0] ?? '' };
}

async function accountId(url: string): Promise<string> {
  const account = (await ask(url, '/v2/account')) as { account_number: string };
  return account.account_number;
}

async function symbolsOf(url: string): Promise<string[]> {
  const assets = (await ask(url, '/v2/assets')) as { symbol: string }[];
  return assets.map(({ symbol }) => symbol);
}

async function ask(url: string, path: string): Promise<unknown> {
  const answer = await fetch(url + path, { headers: KEYS });
  if (!answer.ok) throw new Error(`the broker answers ${answer.status} to ${path}`);
  return answer.json();
}
