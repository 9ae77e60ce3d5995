import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILT = resolve(dirname(fileURLToPath(import.meta.url)), '../../target/debug');
const ORBD = process.env.ORB_ORBD ?? join(BUILT, 'orbd');
const ORBCTL = process.env.ORB_ORBCTL ?? join(BUILT, 'orbctl');
/** No daemon takes nearly so long to start, to end or to trade a day at full speed. */
const PATIENCE_MS = 90_000;

export type Role = 'viewer' | 'operator' | 'admin';

export interface DemoOptions {
  /** Simulated seconds a second. */
  readonly speed: number | 'max';
  /** Further flags. */
  readonly flags?: readonly string[];
}

/** A real daemon with a simulated session, in a process and a folder of its own. */
export class Demo {
  private process: ChildProcess | undefined;
  private out = '';
  private log = '';
  private address = '127.0.0.1:0';

  private constructor(
    private readonly options: DemoOptions,
    /** Where it keeps its records. */
    readonly folder: string,
  ) {}

  /** Starts one and waits until it can be called. */
  static async start(options: DemoOptions): Promise<Demo> {
    const demo = new Demo(options, mkdtempSync(join(tmpdir(), 'orb-e2e-')));
    await demo.begin();
    return demo;
  }

  /** Where its pages are. */
  get url(): string {
    return `http://${this.address}`;
  }

  /** The daemon's own token, which allows everything. */
  get token(): string {
    return readFileSync(join(this.folder, 'data', 'token'), 'utf8').trim();
  }

  /** The link that signs a browser in. */
  link(page = '/', token = this.token): string {
    return `${this.url}${page}#token=${token}`;
  }

  /** Gives out a token, and waits until the running daemon knows it. */
  async newToken(name: string, role: Role): Promise<string> {
    const token = this.orbd('token', 'create', name, '--role', role).trim();
    const env = { ...environment(), ORB_ENDPOINT: this.url, ORB_TOKEN: token };
    for (const deadline = Date.now() + PATIENCE_MS; ;) {
      const { status, stderr } = spawnSync(ORBCTL, ['status'], {
        env,
        encoding: 'utf8',
        timeout: PATIENCE_MS,
      });
      if (status === 0) return token;
      if (Date.now() > deadline) throw new Error(`the token of ${name} is not taken: ${stderr}`);
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  /** Takes a token back. */
  revoke(name: string): void {
    this.orbd('token', 'revoke', name);
  }

  /** Runs a command of the shell on it, and returns what it prints. */
  orbctl(...args: string[]): string {
    const config = join(this.folder, 'data', 'orbctl.toml');
    return execFileSync(ORBCTL, ['--config', config, ...args], { encoding: 'utf8', timeout: PATIENCE_MS });
  }

  /** Starts it again where it stood, on the same port. */
  async begin(): Promise<void> {
    this.out = '';
    const flags = ['--speed', String(this.options.speed), ...(this.options.flags ?? [])];
    const where = ['--listen', this.address, '--data-dir', join(this.folder, 'data')];
    const started = spawn(ORBD, ['demo', ...flags, ...where], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment(),
    });
    this.process = started;
    started.stdout.setEncoding('utf8').on('data', (text: string) => (this.out += text));
    started.stderr.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    await this.says('orb.v1.ControlService/GetStatus');
    this.address = /http:\/\/([^,]+),/.exec(this.out)?.[1] ?? this.address;
  }

  /** Waits until the session is over; the daemon stays up. */
  async sessionOver(): Promise<void> {
    await this.says('The session is over.');
  }

  /** Ends it as a power cut does. */
  async cut(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Ends it in good order, and checks that it has never met what it never expects. */
  async stop(): Promise<void> {
    await this.end('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
    const bad = this.log.split('\n').filter((line) => / ERROR |panicked/.test(line));
    if (bad.length > 0) throw new Error(`the daemon wrote errors:\n${bad.join('\n')}`);
  }

  private orbd(...args: string[]): string {
    const folder = ['--data-dir', join(this.folder, 'data')];
    return execFileSync(ORBD, [...args, ...folder], {
      encoding: 'utf8',
      env: environment(),
      timeout: PATIENCE_MS,
    });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const running = this.process;
    if (running?.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((done) => running.once('exit', done));
    running.kill(signal);
    const timer = setTimeout(() => running.kill('SIGKILL'), PATIENCE_MS);
    await ended;
    clearTimeout(timer);
  }

  private async says(text: string): Promise<void> {
    for (const deadline = Date.now() + PATIENCE_MS; !this.out.includes(text);) {
      const code = this.process?.exitCode ?? null;
      if (code !== null || Date.now() > deadline) {
        throw new Error(`the daemon does not say "${text}" (exit code ${code}):\n${this.out}\n${this.log}`);
      }
      await new Promise((done) => setTimeout(done, 20));
    }
  }
}

/** No setting of the machine reaches a daemon of a test. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ORB_')));
}
