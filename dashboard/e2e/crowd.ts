import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';

import type { Daemon } from './daemon';
import { Component } from '../src/wire/generated/orb/v1/common_pb';
import { PositionSchema, type Position } from '../src/wire/generated/orb/v1/portfolio_pb';
import { LogEntrySchema, Severity, type LogEntry } from '../src/wire/generated/orb/v1/log_pb';
import { WatchResponseSchema, type WatchResponse } from '../src/wire/generated/orb/v1/live_pb';
import { ListTradesResponseSchema, type Trade } from '../src/wire/generated/orb/v1/history_pb';

/** How much more there is than a daemon's quiet day has. */
export interface CrowdOptions {
  /** Log lines that are there at first. */
  readonly lines?: number;
  /** Lines, by the first and the last id, that the stream passes over, as after a long silence. */
  readonly passedOver?: readonly [first: bigint, last: bigint];
  /** Log lines that come each second. */
  readonly linesPerSecond?: number;
  /** Open positions; the price of each moves every second. */
  readonly positions?: number;
  /** Trades that have ended. */
  readonly trades?: number;
}

const WATCH = '/orb.v1.LiveService/Watch';
const TRADES = '/orb.v1.HistoryService/ListTrades';
const HEAD = 5;

/**
 * Stands between the browser and a daemon and makes its day a busy one: what it repeats are the daemon's own messages,
 * so everything else is as real as without it.
 */
export class Crowd {
  private lastLine = 0n;
  private tick = 0;
  private readonly server: Server;

  private constructor(
    private readonly daemon: Daemon,
    private readonly options: CrowdOptions,
  ) {
    this.server = createServer((asked, reply) => this.pass(asked, reply));
  }

  /** Begins to listen on a port of its own. */
  static async before(daemon: Daemon, options: CrowdOptions): Promise<Crowd> {
    const crowd = new Crowd(daemon, options);
    await new Promise<void>((done) => crowd.server.listen(0, '127.0.0.1', done));
    return crowd;
  }

  /** The link that signs a browser in. */
  link(page = '/'): string {
    const { port } = this.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${page}#token=${this.daemon.token}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private pass(asked: IncomingMessage, reply: ServerResponse): void {
    const { hostname, port, origin, host } = new URL(this.daemon.url);
    const headers = { ...asked.headers, host };
    if (headers.origin !== undefined) headers.origin = origin;
    // What is looked into must not be packed.
    delete headers['accept-encoding'];
    const path = asked.url ?? '/';
    const upstream = request({ hostname, port, path, method: asked.method, headers }, (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      if (path === WATCH) this.crowded(answer, reply, (body) => this.watched(body));
      else if (path === TRADES) this.crowded(answer, reply, (body) => [this.traded(body)]);
      else answer.pipe(reply);
    });
    upstream.on('error', () => reply.destroy());
    reply.on('close', () => upstream.destroy());
    asked.pipe(upstream);
  }

  /** Changes each message of an answer; its end, the trailers, passes as it is. */
  private crowded(
    answer: IncomingMessage,
    reply: ServerResponse,
    change: (body: Buffer) => Uint8Array[],
  ): void {
    let rest = Buffer.alloc(0);
    answer.on('data', (piece: Buffer) => {
      rest = Buffer.concat([rest, piece]);
      while (rest.length >= HEAD && rest.length >= HEAD + rest.readUInt32BE(1)) {
        const size = HEAD + rest.readUInt32BE(1);
        const frame = rest.subarray(0, size);
        rest = rest.subarray(size);
        const isMessage = frame.readUInt8(0) === 0;
        if (!isMessage) reply.write(frame);
        else for (const body of change(frame.subarray(HEAD))) reply.write(framed(body));
      }
    });
    answer.on('end', () => reply.end());
    answer.on('error', () => reply.destroy());
  }

  private watched(body: Buffer): Uint8Array[] {
    const message = fromBinary(WatchResponseSchema, body);
    const { event } = message;
    if (event.case === 'logsSnapshot') event.value.entries = this.fillLog(event.value.entries);
    if (event.case === 'positionsSnapshot') this.fillPositions(event.value.positions);
    const more = event.case === 'account' ? this.second(message) : [];
    return [message, ...more].map((each) => toBinary(WatchResponseSchema, each));
  }

  private fillLog(told: LogEntry[]): LogEntry[] {
    const { lines = 0, passedOver: [from, to] = [1n, 0n] } = this.options;
    const entries = told.filter(({ id }) => id < from || id > to);
    if (entries.length === 0) return entries;
    while (entries.length < lines) entries.push(lineAfter(entries, entries.at(-1)?.id ?? 0n));
    this.lastLine = entries.at(-1)?.id ?? 0n;
    return entries;
  }

  private fillPositions(positions: Position[]): void {
    const { positions: many = 0 } = this.options;
    const [first] = positions;
    for (let place = positions.length; first !== undefined && place < many; place += 1) {
      positions.push(create(PositionSchema, copy(first, place, 0)));
    }
    this.first = first;
  }

  private first: Position | undefined;

  /** What comes with the account each second: lines, and a price for every position. */
  private second({ streamEpoch, sequence, serverTime, ledgerId }: WatchResponse): WatchResponse[] {
    this.tick += 1;
    const { linesPerSecond = 0, positions = 0 } = this.options;
    const common = { streamEpoch, sequence, ledgerId, ...(serverTime === undefined ? {} : { serverTime }) };
    const messages: WatchResponse[] = [];
    if (linesPerSecond > 0) {
      const entries: LogEntry[] = [];
      while (entries.length < linesPerSecond) {
        this.lastLine += 1n;
        entries.push(lineAfter([], this.lastLine - 1n));
      }
      messages.push(
        create(WatchResponseSchema, { ...common, event: { case: 'logsUpdate', value: { entries } } }),
      );
    }
    const { first } = this;
    if (positions > 0 && first !== undefined) {
      const changed = Array.from({ length: positions - 1 }, (_, place) => copy(first, place + 1, this.tick));
      const value = { changed, removed: [] };
      messages.push(create(WatchResponseSchema, { ...common, event: { case: 'positionsUpdate', value } }));
    }
    return messages;
  }

  private traded(body: Buffer): Uint8Array {
    const page = fromBinary(ListTradesResponseSchema, body);
    const { trades: many = 0 } = this.options;
    const [first] = page.trades;
    for (let place = page.trades.length; first !== undefined && place < many; place += 1) {
      const id = `${first.id}-${place}`;
      page.trades.push({ ...first, id, symbol: `T${place}` } satisfies Trade);
    }
    return toBinary(ListTradesResponseSchema, page);
  }
}

function framed(body: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

function lineAfter(entries: readonly LogEntry[], id: bigint): LogEntry {
  const like = entries.at(-1);
  const number = id + 1n;
  const now = { seconds: BigInt(Math.floor(Date.now() / 1000)), nanos: 0 };
  return create(LogEntrySchema, {
    id: number,
    time: like?.time ?? now,
    severity: number % 40n === 0n ? Severity.WARN : Severity.INFO,
    component: like?.component ?? Component.EXECUTOR,
    message: `SYM${number % 500n} breakout: long ${number % 900n} at 97.36, stop 96.6`,
    fields: { rank: (number % 20n).toString(), reason: 'no_slot' },
  });
}

function copy(first: Position, place: number, tick: number): Position {
  const cents = ((place * 37 + tick * 11) % 400) - 200;
  const unrealizedPnl = (cents * 2.5).toFixed(2);
  return {
    ...first,
    symbol: `P${String(place).padStart(3, '0')}`,
    tradeId: `${first.tradeId}-${place}`,
    unrealizedPnl,
    unrealizedR: (cents / 100).toFixed(4),
  };
}
