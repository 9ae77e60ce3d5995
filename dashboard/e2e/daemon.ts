import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILT = resolve(dirname(fileURLToPath(import.meta.url)), '../../target/debug');
const ORBD = process.env.ORB_ORBD ?? join(BUILT, 'orbd');
const ORBCTL = process.env.ORB_ORBCTL ?? join(BUILT, 'orbctl');
/** The local broker. */
export const ORB_SIM = process.env.ORB_SIM ?? join(BUILT, 'orb-sim');
/** No daemon takes nearly so long to start, to end or to trade a day at full speed. */
export const PATIENCE_MS = 90_000;

export type Role = 'viewer' | 'operator' | 'admin';

/** A real daemon, in a process and a folder of its own. */
export abstract class Daemon {
  private process: Spoken | undefined;
  private log = '';
  private address = '127.0.0.1:0';
  /** Where it keeps everything. */
  readonly folder = mkdtempSync(join(tmpdir(), 'orb-e2e-'));

  /** The command and its flags, but those that say where it listens and keeps its records. */
  protected abstract command(): { readonly args: readonly string[]; readonly env: NodeJS.ProcessEnv };

  /** What it has said on its standard error, in all its lives that are over. */
  get said(): string {
    return this.log;
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

  /** Starts it, also again where it stood and on the same port, and waits until it can be called. */
  async begin(): Promise<void> {
    const { args, env } = this.command();
    const where = ['--listen', this.address, '--data-dir', join(this.folder, 'data')];
    const started = new Spoken(ORBD, [...args, ...where], { ...environment(), ...env });
    this.process = started;
    const said = await started.says(/orbctl +orbctl|orb\.v1\.ControlService\/GetStatus/);
    this.address = /http:\/\/([^,\s]+),/.exec(said)?.[1] ?? this.address;
  }

  /** Waits until it says something on its standard output. */
  protected async says(text: RegExp): Promise<void> {
    await this.process?.says(text);
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

  private async end(signal: NodeJS.Signals): Promise<void> {
    await this.process?.end(signal);
    this.log += this.process?.log ?? '';
    this.process = undefined;
  }

  private orbd(...args: string[]): string {
    const folder = ['--data-dir', join(this.folder, 'data')];
    return execFileSync(ORBD, [...args, ...folder], {
      encoding: 'utf8',
      env: environment(),
      timeout: PATIENCE_MS,
    });
  }
}

/** A process whose words are heard. */
export class Spoken {
  private readonly process: ChildProcess;
  private out = '';
  /** What it has said on its standard error. */
  log = '';

  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv = environment()) {
    const started = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    started.stdout.setEncoding('utf8').on('data', (text: string) => (this.out += text));
    started.stderr.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    this.process = started;
  }

  /** Waits until it says something on its standard output, and returns all that it has said. */
  async says(text: RegExp): Promise<string> {
    for (const deadline = Date.now() + PATIENCE_MS; !text.test(this.out);) {
      const code = this.process.exitCode;
      if (code !== null || Date.now() > deadline) {
        throw new Error(`"${text.source}" is not said (exit code ${code}):\n${this.out}\n${this.log}`);
      }
      await new Promise((done) => setTimeout(done, 20));
    }
    return this.out;
  }

  /** Ends it, and waits until it is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const running = this.process;
    if (running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((done) => running.once('exit', done));
    running.kill(signal);
    const timer = setTimeout(() => running.kill('SIGKILL'), PATIENCE_MS);
    await ended;
    clearTimeout(timer);
  }
}

/** No setting of the machine reaches a daemon of a test. */
export function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ORB_')));
}
