import { Daemon } from './daemon';

export interface DemoOptions {
  /** Simulated seconds a second. */
  readonly speed: number | 'max';
  /** Further flags. */
  readonly flags?: readonly string[];
}

/** A daemon with a simulated session. */
export class Demo extends Daemon {
  private constructor(private readonly options: DemoOptions) {
    super();
  }

  /** Starts one and waits until it can be called. */
  static async start(options: DemoOptions): Promise<Demo> {
    const demo = new Demo(options);
    await demo.begin();
    return demo;
  }

  /** Waits until the session is over; the daemon stays up. */
  async sessionOver(): Promise<void> {
    await this.says(/The session is over\./);
  }

  protected override command() {
    const { speed, flags = [] } = this.options;
    return { args: ['demo', '--speed', String(speed), ...flags], env: {} };
  }
}
