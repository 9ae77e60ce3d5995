#!/usr/bin/env python3
"""A second implementation of the strategy, written from its rules alone, to compare `orbd backtest` with.

Simple rather than fast; standard library only; all prices and money are int micro-dollars
(1e-6 USD), all fractions are fractions.Fraction.  No floats but in the setup score.
Times are int seconds since the epoch, UTC, and always the START of a bar.
"""
import argparse
import csv
import datetime
import gzip
import math
import os
import sys
from collections import namedtuple
from fractions import Fraction
from functools import lru_cache

MICRO = 1_000_000
Bar = namedtuple('Bar', 'ts open high low close volume')
Session = namedtuple('Session', 'index date open close')


class Fail(Exception):
    pass


# ---------------------------------------------------------------- numbers

@lru_cache(maxsize=1 << 20)
def micro(text):
    """'174.44' -> 174440000; at most 6 decimals."""
    s = text.strip()
    neg = s.startswith('-')
    whole, _, frac = s.lstrip('+-').partition('.')
    frac = frac.rstrip('0')
    if len(frac) > 6 or not (whole + frac).isdigit() and (whole + frac) != '':
        raise Fail('bad price %r' % text)
    v = int(whole or '0') * MICRO + int(frac.ljust(6, '0') or '0')
    return -v if neg else v


def fmt(v):
    """Micro-dollars -> unpadded decimal."""
    if isinstance(v, Fraction):
        assert v.denominator == 1
        v = v.numerator
    sign = '-' if v < 0 else ''
    whole, frac = divmod(abs(v), MICRO)
    f = ('%06d' % frac).rstrip('0')
    return sign + str(whole) + ('.' + f if f else '')


def tick_of(price):
    return 10_000 if price >= MICRO else 100          # $0.01 at or above $1, $0.0001 below


def down(price):
    t = tick_of(price)
    return int(price // t * t)


def up(price):
    t = tick_of(price)
    return int(-(-price // t) * t)


def half_up(price):
    t = tick_of(price)
    return (2 * price + t) // (2 * t) * t


def r_text(num, den):
    """num/den with 4 decimals, half away from zero."""
    q, rem = divmod(abs(num) * 10_000, den)
    if 2 * rem >= den:
        q += 1
    sign = '-' if num < 0 and q else ''
    return '%s%d.%04d' % (sign, q // 10_000, q % 10_000)


# ---------------------------------------------------------------- times

@lru_cache(maxsize=1 << 16)
def midnight(date):
    """'2024-01-23' -> epoch seconds of 00:00 UTC."""
    d = datetime.date.fromisoformat(date)
    return (d - datetime.date(1970, 1, 1)).days * 86400


def parse_ts(text):
    if len(text) != 20 or text[10] != 'T' or text[19] != 'Z':
        raise Fail('bad ts %r' % text)
    return midnight(text[:10]) + int(text[11:13]) * 3600 + int(text[14:16]) * 60 + int(text[17:19])


def utc(ts):
    return datetime.datetime.fromtimestamp(ts, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')


def ny_date(ts):
    """New York date of a bar between 04:00 and 20:00 ET (five hours back is right in winter and
    in summer for those hours)."""
    return utc(ts - 5 * 3600)[:10]


# ---------------------------------------------------------------- input

def load_calendar(path):
    out = []
    with open(path, newline='') as f:
        for i, row in enumerate(csv.DictReader(f)):
            out.append(Session(i, row['date'], parse_ts(row['open_utc']), parse_ts(row['close_utc'])))
    return out


def bar_files(paths):
    for p in paths:
        if os.path.isdir(p):
            found = []
            for root, _, names in os.walk(p):
                found += [os.path.join(root, n) for n in names if n.endswith(('.csv', '.csv.gz'))]
            yield from sorted(found)
        elif os.path.exists(p):
            yield p
        else:
            raise Fail('no such path: ' + p)


class BarSet:
    """days[symbol][date] = bars of the regular session, by time, volume > 0."""

    def __init__(self, paths, sessions_by_date):
        raw = {}
        self.first_ts = self.last_ts = None
        for path in bar_files(paths):
            opener = gzip.open if path.endswith('.gz') else open
            with opener(path, 'rt', newline='') as f:
                rows = csv.reader(f)
                head = [h.strip() for h in next(rows)]
                col = [head.index(n) for n in ('symbol', 'ts', 'open', 'high', 'low', 'close', 'volume')]
                plain = col == list(range(7))
                for row in rows:
                    if not row:
                        continue
                    if not plain:
                        row = [row[c] for c in col]
                    v = int(row[6]) if row[6].isdigit() else volume_of(row[6])
                    if v == 0:
                        continue                     # a bar with volume 0 is no bar
                    ts = parse_ts(row[1])
                    if self.first_ts is None or ts < self.first_ts:
                        self.first_ts = ts
                    if self.last_ts is None or ts > self.last_ts:
                        self.last_ts = ts
                    raw.setdefault(row[0], []).append(
                        Bar(ts, micro(row[2]), micro(row[3]), micro(row[4]), micro(row[5]), v))
        self.days = {}
        for symbol, bars in raw.items():
            bars.sort(key=lambda b: b.ts)
            days = self.days[symbol] = {}
            prev = None
            for b in bars:
                if prev == b.ts:
                    raise Fail('%s: two bars at %s' % (symbol, utc(b.ts)))
                prev = b.ts
                if not (0 < b.low <= min(b.open, b.close) and max(b.open, b.close) <= b.high):
                    raise Fail('%s %s: not a bar' % (symbol, utc(b.ts)))
                s = sessions_by_date.get(utc_date(b.ts // 86400))
                if s is not None and s.open <= b.ts < s.close:
                    days.setdefault(s.date, []).append(b)


def volume_of(text):
    v = Fraction(text)
    if v.denominator != 1 or v < 0:
        raise Fail('bad volume %r' % text)
    return int(v)


@lru_cache(maxsize=1 << 16)
def utc_date(day):
    return str(datetime.date(1970, 1, 1) + datetime.timedelta(days=day))


def bar_seconds(*day_maps):
    best = None
    for days in day_maps:
        for by_date in days.values():
            for bars in by_date.values():
                for a, b in zip(bars, bars[1:]):
                    if best is None or b.ts - a.ts < best:
                        best = b.ts - a.ts
    return best or 60


# ---------------------------------------------------------------- configuration

CLASSIC = dict(direction='both', entry='stop', entry_offset_ticks='1', stop='range', atr_method='sma', target_r='2',
               target_percent='off', range_minutes='5', entry_cutoff='30', flatten_before_close='5', sizing='risk',
               risk_fraction='0.01', leverage='4', max_positions='5', slot_policy='first_trigger', symbols='',
               stop_distance_min='off', gap_limit='0.3', price_min='off', average_volume_min='off', atr_min='off',
               universe_max='off', rvol_min='off', top='off', score_min='off', slippage='0.01', fee_per_share='0.0035')
SIP = dict(CLASSIC, direction='candle', entry_offset_ticks='0', stop='atr:0.1', target_r='off', entry_cutoff='off',
           price_min='5', average_volume_min='1000000', atr_min='0.5',
           universe_max='1000', rvol_min='1', top='20')
PRESETS = {
    'orb-classic': CLASSIC,
    'orb-sip': SIP,
    'orb-sip-paper': dict(SIP, max_positions='20', flatten_before_close='0'),
    'orb-etf': dict(CLASSIC, direction='candle', entry='market', entry_offset_ticks='0', target_r='10',
                    entry_cutoff='off', max_positions='1', slot_policy='ranked', fee_per_share='0.0005'),
}
ACCOUNT = dict(initial_equity='100000', daily_loss_limit='0.05', account_max_positions='off')


def off(text):
    return text.strip().lower() in ('off', 'none', '')


def optional(text, read):
    return None if off(text) else read(text)


def choice(text, *known):
    if text not in known:
        raise Fail('%r is none of %s' % (text, ' '.join(known)))
    return text


class Strategy:
    """The settings of one strategy."""

    def __init__(self, name, v):
        self.name = name
        self.direction = choice(v['direction'], 'both', 'candle')
        self.entry = choice(v['entry'], 'stop', 'market', 'close')
        self.entry_ticks = int(v['entry_offset_ticks'])
        self.stop, _, size = v['stop'].partition(':')
        choice(self.stop, 'range', 'atr', 'percent')
        self.stop_size = Fraction(size) if size else None
        self.atr_method = choice(v['atr_method'], 'sma', 'wilder')
        self.target_r = optional(v['target_r'], Fraction)
        self.target_percent = optional(v['target_percent'], Fraction)
        self.slot_policy = choice(v['slot_policy'], 'first_trigger', 'ranked')
        self.n = int(v['max_positions'])
        self.fee = micro(v['fee_per_share'])
        self.slippage = micro(v['slippage'])
        self.cutoff = optional(v['entry_cutoff'], int)
        self.flatten = int(v['flatten_before_close'])
        self.risk = Fraction(v['risk_fraction'])
        self.leverage = Fraction(v['leverage'])
        self.range_minutes = int(v['range_minutes'])
        self.sizing, _, size = v['sizing'].partition(':')
        choice(self.sizing, 'risk', 'shares', 'notional')
        self.size = micro(size) if self.sizing == 'notional' else int(size or '0')
        self.min_stop = optional(v['stop_distance_min'], micro) or 0
        self.gap_limit = optional(v['gap_limit'], Fraction)
        self.symbols = [s for s in v['symbols'].replace(' ', ',').split(',') if s]
        self.min_price = optional(v['price_min'], micro)
        self.min_avg_volume = optional(v['average_volume_min'], Fraction)
        self.min_atr = optional(v['atr_min'], micro)
        self.universe_max = optional(v['universe_max'], int)
        self.min_rvol = optional(v['rvol_min'], Fraction)
        self.top = optional(v['top'], int)
        self.score_min = optional(v['score_min'], Fraction)

    @property
    def knows_order_at_range_end(self):
        """Side, level and size of the entry are known when the range ends."""
        return self.direction == 'candle' and self.entry != 'close'


class Config:
    """The account and its strategies, in the order of the file."""

    def __init__(self, preset, config, pairs):
        shared, tables = read_toml(config) if config else ({}, [])
        account = dict(ACCOUNT)
        preset = preset or shared.pop('preset', 'orb-classic')
        strategies = []
        for table in tables or [{}]:
            base = table.pop('preset', preset)
            if base not in PRESETS:
                raise Fail('no preset %r' % base)
            strategies.append((table.pop('name', base), dict(PRESETS[base]), table))

        def put(where, key, value):
            if key not in where:
                raise Fail('unknown setting %r; keys: %s' % (key, ' '.join(sorted({**ACCOUNT, **CLASSIC}))))
            where[key] = value
            for one, other in (('target_r', 'target_percent'), ('target_percent', 'target_r')):
                if key == one and not off(value):
                    where[other] = 'off'             # a target of one kind replaces the other's

        def put_everywhere(key, value):
            for where in [account] if key in ACCOUNT else [v for _, v, _ in strategies]:
                put(where, key, value)

        for key, value in shared.items():
            put_everywhere(key, value)
        for _, values, table in strategies:
            for key, value in table.items():
                put(values, key, value)
        for pair in pairs:
            key, eq, value = pair.partition('=')
            owner, dot, own = key.partition('.')
            if not eq:
                raise Fail('not KEY=VALUE: %r' % pair)
            if dot:
                put(next(v for name, v, _ in strategies if name == owner), own, value)
            else:
                put_everywhere(key, value)
        self.strategies = [Strategy(name, values) for name, values, _ in strategies]
        self.equity = micro(account['initial_equity'])
        self.loss_limit = Fraction(account['daily_loss_limit'])
        self.max_positions = optional(account['account_max_positions'], int) or max(s.n for s in self.strategies)


def read_toml(path):
    """-> the keys before the first table, and those of each [[strategy]].  Strings, numbers and lists of strings."""
    shared, tables = {}, []
    with open(path) as f:
        for line in f:
            line = line.strip()
            if not line or line.startswith('#'):
                continue
            if line == '[[strategy]]':
                tables.append({})
                continue
            key, eq, value = line.partition('=')
            if not eq:
                raise Fail('%s: %r' % (path, line))
            value = value.strip().strip('[]').replace('"', '').replace(' ', '')
            (tables[-1] if tables else shared)[key.strip()] = value
    return shared, tables


# ---------------------------------------------------------------- features

class Day:
    """One symbol's regular session."""

    def __init__(self, bars):
        self.bars = bars
        self.open = bars[0].open
        self.high = max(b.high for b in bars)
        self.low = min(b.low for b in bars)
        self.close = bars[-1].close
        self.volume = sum(b.volume for b in bars)


class History:
    """Everything known about one symbol: its sessions with bars, in order."""

    def __init__(self, by_date, sessions, by_name, range_minutes, bar_sec):
        self.sessions, self.by_name = sessions, by_name
        self.range_sec, self.bar_sec = range_minutes * 60, bar_sec
        self.dates = sorted(by_date)
        self.index = {d: i for i, d in enumerate(self.dates)}
        self.days = [Day(by_date[d]) for d in self.dates]
        self.range_volume = {}                       # date -> volume, complete ranges only
        for d, day in zip(self.dates, self.days):
            bars, reason = self.range_bars(by_name[d], day)
            if reason is None:
                self.range_volume[d] = sum(b.volume for b in bars)
        self.tr = [None]                             # true range of each session
        for a, b in zip(self.days, self.days[1:]):
            self.tr.append(max(b.high - b.low, abs(b.high - a.close), abs(b.low - a.close)))
        # Wilder, exact: seeded with the mean of the first 14 true ranges
        self.wilder = []
        w = None
        for i in range(len(self.tr)):
            if i == 14:
                w = Fraction(sum(self.tr[1:15]), 14)
            elif i > 14:
                w = (13 * w + self.tr[i]) / 14
                scale = 10 ** 24                     # micro-dollars at 1e-24: far finer than 1e-12 USD
                w = Fraction(int(w * scale), scale)
            self.wilder.append(w)

    def range_bars(self, session, day):
        end = session.open + self.range_sec
        bars = [b for b in day.bars if b.ts < end]
        if day.bars[0].ts != session.open:
            return bars, 'range_no_first_bar'
        if len(bars) * self.bar_sec < self.range_sec - 60:
            return bars, 'range_incomplete'
        return bars, None

    def before(self, date):
        """Number of own sessions before date."""
        i = self.index.get(date)
        if i is None:
            i = sum(1 for d in self.dates if d < date)
        return i

    def prev_close(self, date):
        i = self.before(date)
        return self.days[i - 1].close if i >= 1 else None

    def rule_201_yesterday(self, date):
        i = self.before(date)
        return i >= 2 and 10 * self.days[i - 1].low <= 9 * self.days[i - 2].close

    def atr14(self, date, method='sma'):
        i = self.before(date)                        # sessions 0..i-1; TRs 1..i-1
        if i < 15:
            return None
        value = Fraction(sum(self.tr[i - 14:i]), 14) if method == 'sma' else self.wilder[i - 1]
        return int((value * 2 + 1) // 2)             # half up to a micro-dollar

    def volume14(self, date):
        """Sum of the volumes of the 14 own sessions before date."""
        i = self.before(date)
        return sum(d.volume for d in self.days[i - 14:i]) if i >= 14 else None

    def past_ranges(self, date):
        """Volumes of the 14 ranges before, or None."""
        k = self.by_name[date].index
        past = [self.range_volume.get(s.date) for s in self.sessions[k - 14:k]] if k >= 14 else [None]
        return None if None in past else past

    def rvol(self, date):
        past = self.past_ranges(date)
        if past is None or date not in self.range_volume:
            return None
        return Fraction(self.range_volume[date] * 14, sum(past))


# ---------------------------------------------------------------- one session

class Candidate:
    """One symbol of one strategy on one day, past all filters before the order."""

    def __init__(self, symbol, history, session, cfg):
        day = history.days[history.index[session.date]]
        bars, _ = history.range_bars(session, day)
        self.symbol, self.cfg, self.range = symbol, cfg, bars
        self.bars = {b.ts: b for b in day.bars if b.ts >= session.open + history.range_sec}
        self.orh = max(b.high for b in bars)
        self.orl = min(b.low for b in bars)
        self.ro, self.rc = bars[0].open, bars[-1].close
        self.prev_close = history.prev_close(session.date)
        self.rule_201 = history.rule_201_yesterday(session.date)
        for b in bars:
            self.see_low(b)
        self.atr = history.atr14(session.date, cfg.atr_method)
        self.rvol = history.rvol(session.date)
        self.rank = (1, 0, symbol) if self.rvol is None else (0, -self.rvol, symbol)
        a, b = half_up(self.ro), half_up(self.rc)
        self.colour = (b > a) - (b < a)              # 0: doji
        self.order = None                            # the working order
        self.checked = False                         # it has had an order
        self.active = True                           # still watching or waiting

    def see_low(self, bar):
        if self.prev_close is not None and 10 * bar.low <= 9 * self.prev_close:
            self.rule_201 = True

    def level(self, side):
        """The rounded level that a breakout reaches; for a market entry the range's close."""
        if self.cfg.entry == 'market':
            return self.rc
        extreme = self.orh if side > 0 else self.orl
        price = extreme + side * self.cfg.entry_ticks * tick_of(extreme)
        return up(price) if side > 0 else down(price)

    def stop_for(self, side, price):
        """Initial stop for an entry at `price` (submitted or executed)."""
        if self.cfg.stop == 'atr':
            raw = price - side * self.cfg.stop_size * self.atr
        elif self.cfg.stop == 'percent':
            raw = price - side * price * self.cfg.stop_size / 100
        else:
            raw = self.orl if side > 0 else self.orh
        return down(raw) if side > 0 else up(raw)

    def never_scores(self):
        """An input of the score is missing that no later bar brings."""
        return None in (self.rvol, self.atr, self.prev_close) or self.atr == 0 or self.orh == self.orl

    def score(self, side, bar):
        """The setup score in millionths, or None; `bar` is the breakout bar where the entry waits for its close."""
        atr = self.atr
        high, low, close = (bar.high, bar.low, bar.close) if bar else (self.orh, self.orl, self.rc)
        price = bar.close if bar else self.level(side)
        if self.never_scores() or high == low:
            return None
        volume = 3 * sum(b.volume for b in self.range)
        turnover = sum((b.high + b.low + b.close) * b.volume for b in self.range)
        vwap = (2 * turnover + volume) // (2 * volume)               # half up to a micro-dollar
        width = math.log((self.orh - self.orl) / (0.28 * atr))
        parts = [
            (.35, math.log(self.rvol) / math.log(4)),
            (.20, 1 - abs(width) / math.log(4)),
            (.10, 0.5 + 0.5 * side * (self.ro - self.prev_close) / atr),
            (.20, (close - low if side > 0 else high - close) / (high - low)),
            (.15, 0.5 + 2 * side * (price - vwap) / atr),
        ]
        return round(1e6 * sum(weight * min(max(part, 0), 1) for weight, part in parts))


class Position:
    def __init__(self, cand, side, quantity, entry_bar, entry, at_open):
        cfg = cand.cfg
        self.cand, self.symbol, self.side, self.quantity = cand, cand.symbol, side, quantity
        self.entry, self.entry_ts, self.at_open = entry, entry_bar.ts, at_open
        self.stop = cand.stop_for(side, entry)
        self.r = side * (entry - self.stop)
        assert self.r > 0
        self.target = None
        if cfg.target_r is not None or cfg.target_percent is not None:
            distance = cfg.target_r * self.r if cfg.target_r is not None else entry * cfg.target_percent / 100
            raw = entry + side * distance
            self.target = up(raw) if side > 0 else down(raw)     # away from the market
        self.notional = entry * quantity
        self.risk = self.r * quantity
        self.entry_fee = cfg.fee * quantity
        self.last = entry_bar
        self.forced = False                          # loss limit: out at the next bar's open

    def mark(self):
        return self.side * (self.last.close - self.entry) * self.quantity - self.entry_fee

    def touches_stop(self, bar):
        return bar.low <= self.stop if self.side > 0 else bar.high >= self.stop

    def touches_target(self, bar):
        if self.target is None:
            return False
        return bar.high >= self.target if self.side > 0 else bar.low <= self.target


Order = namedtuple('Order', 'side price d quantity')


class StrategyDay:
    """One strategy in one session: which symbols it watches, and why it left the others alone."""

    def __init__(self, cfg, session, histories, symbols):
        self.cfg, self.session = cfg, session
        self.range_end = session.open + cfg.range_minutes * 60
        self.flatten_at = session.close - cfg.flatten * 60
        self.window_end = self.flatten_at
        if cfg.cutoff is not None:
            self.window_end = min(self.window_end, session.close - cfg.cutoff * 60)
        self.histories, self.symbols = histories, symbols
        self.decisions = {}                          # symbol -> (reason, detail)
        self.trades = []
        self.open = []                               # positions
        self.candidates = self.filter()
        self.range_ended = False

    def refuse(self, symbol, reason, detail=''):
        assert symbol not in self.decisions
        self.decisions[symbol] = (reason, detail)

    def finish(self, c, reason, bar=None):
        c.order, c.active = None, False
        self.refuse(c.symbol, reason, utc(bar.ts) if bar else '')

    def working(self):
        return [c for c in self.candidates if c.order is not None]

    def slots(self):
        return len(self.open) + len(self.working())

    def filter(self):
        """All filters up to doji; returns the candidates by rank."""
        cfg, date = self.cfg, self.session.date
        passed, beyond = [], self.beyond_universe()
        for symbol in self.symbols:
            h = self.histories[symbol]
            if date not in h.index:
                self.refuse(symbol, 'no_bars')
                continue
            bars, reason = h.range_bars(self.session, h.days[h.index[date]])
            if reason:
                self.refuse(symbol, reason, '%d bars' % len(bars))
                continue
            price, pc = bars[0].open, h.prev_close(date)
            if pc is not None and cfg.gap_limit is not None and abs(price - pc) > cfg.gap_limit * pc:
                self.refuse(symbol, 'gap_over_30pct', 'open %s previous close %s' % (fmt(price), fmt(pc)))
                continue
            reason = self.universe_reason(h, price, date, symbol in beyond)
            if reason:
                self.refuse(symbol, reason)
                continue
            passed.append(Candidate(symbol, h, self.session, cfg))
        passed.sort(key=lambda c: c.rank)
        if cfg.top is not None:
            for c in passed[cfg.top:]:
                self.refuse(c.symbol, 'not_in_top')
            passed = passed[:cfg.top]
        if cfg.direction == 'candle':
            for c in passed:
                if c.colour == 0:
                    self.refuse(c.symbol, 'doji')
            passed = [c for c in passed if c.colour != 0]
        return passed

    def beyond_universe(self):
        """The symbols that pass what is known of days, and have too little dollar volume among those that have ranges."""
        cfg, date = self.cfg, self.session.date
        if cfg.universe_max is None:
            return set()
        fit, lacking = [], []
        for symbol in self.symbols:
            h = self.histories[symbol]
            lacks_ranges = cfg.min_rvol is not None and h.past_ranges(date) is None
            if self.known_reason(h, date) is None:
                place = (-(h.volume14(date) or 0) * (h.prev_close(date) or 0), symbol)
                (lacking if lacks_ranges else fit).append(place)
        fit.sort()
        beyond = {symbol for _, symbol in fit[cfg.universe_max:]}
        if len(fit) >= cfg.universe_max:
            last = fit[cfg.universe_max - 1] if cfg.universe_max else (-float('inf'), '')
            beyond |= {symbol for volume, symbol in lacking if (volume, symbol) > last}
        return beyond

    def universe_reason(self, h, price, date, is_beyond):
        cfg = self.cfg
        if cfg.min_price is not None and not price > cfg.min_price:
            return 'price'
        reason = self.known_reason(h, date)
        if reason:
            return reason
        if is_beyond:
            return 'not_in_universe'
        if cfg.min_rvol is not None:
            rvol = h.rvol(date)
            if rvol is None:
                return 'rvol_missing'
            if rvol < cfg.min_rvol:
                return 'rvol'
        return None

    def known_reason(self, h, date):
        """The first filter on what is known before the open that fails."""
        cfg = self.cfg
        if cfg.min_avg_volume is not None:
            volume = h.volume14(date)
            if volume is None:
                return 'avg_volume_missing'
            if Fraction(volume, 14) < cfg.min_avg_volume:
                return 'avg_volume'
        if cfg.min_atr is not None or cfg.stop == 'atr':
            atr = h.atr14(date, cfg.atr_method)
            if atr is None:
                return 'atr_missing'
            if cfg.min_atr is not None and not atr > cfg.min_atr:
                return 'atr'
        return None

    def score_reason(self, c, side, bar):
        if self.cfg.score_min is None:
            return None
        score = c.score(side, bar)
        if score is None:
            return 'score_missing'
        return 'score' if score < self.cfg.score_min * 1_000_000 else None

    def sides(self, c):
        return (1, -1) if self.cfg.direction == 'both' else (c.colour,)


class SessionRun:
    """The account in one session, with all strategies."""

    def __init__(self, cfg, session, optimistic, equity, days, bar_sec):
        self.cfg, self.session, self.optimistic, self.equity = cfg, session, optimistic, equity
        self.days, self.bar_sec = days, bar_sec
        self.owner = {}                              # symbol -> the strategy's day that ordered first
        self.realised = 0                            # net, closed trades of the session
        self.fees = 0
        self.tripped = False

    def open_positions(self):
        return [p for day in self.days for p in day.open]

    def working(self):
        return [c for day in self.days for c in day.working()]

    # -- the order -------------------------------------------------------------

    def check_order(self, day, c, side, bar=None):
        """The order-level checks up to daily_risk.  -> (reason, order)"""
        cfg, e = day.cfg, self.equity
        reason = day.score_reason(c, side, bar)
        if reason is not None:
            return reason, None
        if self.owner.get(c.symbol, day) is not day:
            return 'symbol_owned', None
        if side < 0 and c.rule_201:
            return 'rule_201', None
        price = bar.close if bar else c.level(side)
        d = side * (price - c.stop_for(side, price))
        if d <= 0 or d < cfg.min_stop:
            return 'stop_too_close', None
        if cfg.sizing == 'shares':
            quantity = cfg.size
        elif cfg.sizing == 'notional':
            quantity = cfg.size // price
        else:
            share = Fraction(e, cfg.n)
            quantity = min(cfg.risk * share // d, cfg.leverage * share // price)
        if quantity <= 0:
            return 'size_zero', None
        taken = sum(p.notional for p in self.open_positions())
        taken += sum(w.order.price * w.order.quantity for w in self.working())
        quantity = int(min(quantity, (cfg.leverage * e - taken) // price))
        if quantity <= 0:
            return 'no_buying_power', None
        risk = sum(p.risk for p in self.open_positions()) + sum(w.order.d * w.order.quantity for w in self.working())
        if max(0, -self.realised) + risk + quantity * d > self.cfg.loss_limit * e:
            return 'daily_risk', None
        return None, Order(side, price, d, quantity)

    def submit(self, day, c, order):
        c.order, c.checked = order, True
        self.owner[c.symbol] = day

    def at_range_end(self, day):
        """Market entries and ranked directional stop entries are submitted here, by rank."""
        cfg = day.cfg
        day.range_ended = True
        for c in day.candidates:
            if cfg.knows_order_at_range_end:
                reason = day.score_reason(c, c.colour, None)
            else:
                reason = 'score_missing' if cfg.score_min is not None and c.never_scores() else None
            if reason is not None:
                day.finish(c, reason)
        waiting = [c for c in day.candidates if c.active]
        if cfg.slot_policy == 'ranked' and not cfg.knows_order_at_range_end:
            for c in waiting[cfg.n:]:
                day.finish(c, 'max_positions')
        elif cfg.entry == 'market' or (cfg.slot_policy == 'ranked' and cfg.entry == 'stop'):
            full = 'max_positions' if cfg.slot_policy == 'ranked' else 'no_slot'
            for c in waiting:
                reason, order = self.check_order(day, c, c.colour)
                all_slots = sum(d.slots() for d in self.days)
                if reason is None and (day.slots() >= cfg.n or all_slots >= self.cfg.max_positions):
                    reason = full
                if reason is None:
                    self.submit(day, c, order)
                else:
                    day.finish(c, reason)

    # -- bars ------------------------------------------------------------------

    def close(self, day, p, bar, price, reason):
        gross = p.side * (price - p.entry) * p.quantity
        fees = 2 * p.entry_fee
        self.realised += gross - fees
        self.fees += fees
        day.trades.append(dict(
            strategy=day.cfg.name, symbol=p.symbol, date=self.session.date, side='long' if p.side > 0 else 'short',
            quantity=p.quantity, entry_time=utc(p.entry_ts), entry_price=fmt(p.entry), exit_time=utc(bar.ts),
            exit_price=fmt(price), exit_reason=reason, gross_pnl=fmt(gross), fees=fmt(fees), net_pnl=fmt(gross - fees),
            r_multiple=r_text(p.side * (price - p.entry), p.r)))

    def try_exit(self, day, p, bar):
        """A position that was open before this bar.  True if it closed."""
        s, slip = p.side, p.side * day.cfg.slippage
        p.last = bar
        if p.forced:
            self.close(day, p, bar, bar.open - slip, 'loss_limit')
        elif day.cfg.flatten > 0 and bar.ts >= day.flatten_at:
            self.close(day, p, bar, bar.open - slip, 'time_exit')
        elif p.touches_stop(bar):
            worse = min(p.stop, bar.open) if s > 0 else max(p.stop, bar.open)
            self.close(day, p, bar, worse - slip, 'stop')
        elif p.touches_target(bar):
            better = max(p.target, bar.open) if s > 0 else min(p.target, bar.open)
            self.close(day, p, bar, better, 'target')
        else:
            return False
        return True

    def try_exit_in_entry_bar(self, day, p, bar):
        s = p.side
        stopped = p.touches_stop(bar)
        if stopped and self.optimistic:
            closes_beyond = bar.close <= p.stop if s > 0 else bar.close >= p.stop
            stopped = p.at_open or closes_beyond
        if stopped:
            self.close(day, p, bar, p.stop - s * day.cfg.slippage, 'stop')
        elif p.touches_target(bar):
            better = max(p.target, bar.open) if s > 0 else min(p.target, bar.open)
            self.close(day, p, bar, better, 'target')
        else:
            return False
        return True

    def fill_at_open(self, day, c, bar):
        """A market entry that waits for this bar.  -> a new Position, or None."""
        order, side = c.order, c.order.side
        if side * (bar.open - c.stop_for(side, bar.open)) <= 0:
            return day.finish(c, 'entry_beyond_stop', bar)
        if self.tripped:
            return day.finish(c, 'loss_limit', bar)
        c.order, c.active = None, False
        return Position(c, side, order.quantity, bar, bar.open + side * day.cfg.slippage, True)

    def fill_at_level(self, day, c, order, bar):
        side, level = order.side, order.price
        c.order, c.active = None, False
        fill = max(level, bar.open) if side > 0 else min(level, bar.open)
        at_open = side * (bar.open - level) >= 0
        return Position(c, side, order.quantity, bar, fill + side * day.cfg.slippage, at_open)

    def fill_resting(self, day, c, bar):
        """An order from before this bar.  -> a new Position, or None."""
        if day.cfg.entry != 'stop':
            return self.fill_at_open(day, c, bar)
        side, level = c.order.side, c.order.price
        touched = bar.high >= level if side > 0 else bar.low <= level
        return self.fill_at_level(day, c, c.order, bar) if touched else None

    def breakout(self, day, c, bar):
        """-> the sides whose level the bar reaches."""
        if day.cfg.entry == 'close':
            if bar.ts + self.bar_sec >= day.window_end:
                return []
            high = low = bar.close
        else:
            high, low = bar.high, bar.low
        return [s for s in day.sides(c) if (high >= c.level(1) if s > 0 else low <= c.level(-1))]

    def trigger(self, day, c, bar, slots):
        """A symbol that is watched.  -> a new Position, or None; `slots`: taken by strategy, and by all as None."""
        cfg = day.cfg
        touched = self.breakout(day, c, bar)
        if not touched:
            return None
        if len(touched) == 2:
            return day.finish(c, 'both_sides_in_one_bar', bar)
        order = None
        if not c.checked:                            # an order that was cancelled has passed before
            reason, order = self.check_order(day, c, touched[0], bar if cfg.entry == 'close' else None)
            own_full = cfg.slot_policy == 'first_trigger' and slots[cfg.name] >= cfg.n
            if reason is None and (own_full or slots[None] >= self.cfg.max_positions):
                reason = 'no_slot' if cfg.slot_policy == 'first_trigger' else 'max_positions'
            if reason is not None:
                return day.finish(c, reason, bar)
        if self.tripped:
            return day.finish(c, 'loss_limit', bar)
        slots[cfg.name] += 1
        slots[None] += 1
        self.submit(day, c, order)
        return self.fill_at_level(day, c, order, bar) if cfg.entry == 'stop' else None

    def instant(self, ts):
        def batch(day):
            return [(c, c.bars[ts]) for c in day.candidates if ts in c.bars]

        for day in self.days:
            if ts >= day.window_end:                 # what still works ends with the entry window
                for c in day.working():
                    day.finish(c, 'no_trigger' if day.cfg.entry == 'stop' else 'no_entry_bar')
        # a slot freed in this bar is free only from the next one
        slots = {day.cfg.name: day.slots() for day in self.days}
        slots[None] = sum(slots.values())

        # 1. exits of positions that were open before
        for day in self.days:
            day.open = [p for p in day.open if ts not in p.cand.bars or not self.try_exit(day, p, p.cand.bars[ts])]

        # 2. orders that were there before the bar
        entered = [(day, self.fill_resting(day, c, bar)) for day in self.days if day.range_ended
                   for c, bar in batch(day) if c.order is not None]
        self.enter(entered)

        # 3. triggers, by strategy and rank
        entered = []
        for day in self.days:
            if day.range_end <= ts < day.window_end:
                for c, bar in batch(day):
                    if day.cfg.entry == 'close':
                        c.see_low(bar)               # Rule 201: the entry is in the next bar
                    if c.active and c.order is None and day.cfg.entry != 'market':
                        p = self.trigger(day, c, bar, slots)
                        if p is not None:
                            day.open.append(p)       # seen as open by the entries behind it
                            entered.append((day, p))
        for day, p in entered:
            day.open.remove(p)
        self.enter(entered)

        # 4. marks
        for day in self.days:
            for c, bar in batch(day):
                c.see_low(bar)                       # Rule 201 from the next bar on
        if not self.tripped:
            result = self.realised + sum(p.mark() for p in self.open_positions())
            if result <= -self.cfg.loss_limit * self.equity:
                self.trip()

    def enter(self, entered):
        entered = [(day, p) for day, p in entered if p is not None]
        for day, p in entered:
            if not self.try_exit_in_entry_bar(day, p, p.last):
                day.open.append(p)

    def trip(self):
        self.tripped = True
        for p in self.open_positions():
            p.forced = True
        for day in self.days:
            for c in day.working():                  # cancelled
                if day.cfg.entry == 'stop':
                    c.order = None                   # it still watches; the others wait for the bar that tells

    def run(self):
        waiting = sorted(self.days, key=lambda day: day.range_end)     # of one instant: the order of the file
        for ts in sorted({ts for day in self.days for c in day.candidates for ts in c.bars}):
            while waiting and waiting[0].range_end <= ts:
                self.at_range_end(waiting.pop(0))
            self.instant(ts)
        for day in waiting:
            self.at_range_end(day)
        for day in self.days:
            for p in day.open:                       # nothing is held overnight
                reason = 'time_exit' if day.cfg.flatten == 0 else 'data_end'
                self.close(day, p, p.last, p.last.close - p.side * day.cfg.slippage, reason)
            for c in day.candidates:
                if c.active:
                    unfilled = day.cfg.entry == 'market' or c.order is not None and day.cfg.entry == 'close'
                    day.finish(c, 'no_entry_bar' if unfilled else 'no_trigger')


# ---------------------------------------------------------------- the run

class Market:
    """Bars, calendar and per-symbol histories, for one bar set."""

    def __init__(self, bars, warmup, calendar, ranges):
        self.calendar = calendar
        self.by_name = {s.date: s for s in calendar}
        main = BarSet(bars, self.by_name)
        warm = BarSet(warmup, self.by_name) if warmup else None
        if main.first_ts is None:
            raise Fail('no bars')
        self.symbols = sorted(main.days)
        self.first_date, self.last_date = ny_date(main.first_ts), ny_date(main.last_ts)
        self.bar_sec = bar_seconds(main.days, warm.days if warm else {})
        self.tradable = {symbol: set(main.days[symbol]) for symbol in self.symbols}
        self.histories = {}                          # by the length of the range, then by symbol
        for minutes in ranges:
            if (minutes * 60) % self.bar_sec:
                raise Fail('range_minutes %d is not a multiple of the bar length %d s' % (minutes, self.bar_sec))
            histories = self.histories[minutes] = {}
            for symbol in self.symbols:
                by_date = dict(warm.days.get(symbol, {})) if warm else {}
                by_date.update(main.days[symbol])    # --bars wins on a date in both
                histories[symbol] = History(by_date, calendar, self.by_name, minutes, self.bar_sec)


def run(cfg, market, from_date=None, to_date=None, optimistic=False):
    first = max(from_date or '', market.first_date)
    last = min(to_date or '9999', market.last_date)
    trades, decisions, curve = [], [], []
    equity = peak = cfg.equity
    for session in market.calendar:
        if not first <= session.date <= last:
            continue
        days = []
        for strategy in cfg.strategies:
            symbols = [s for s in market.symbols if not strategy.symbols or s in strategy.symbols]
            tradable = [s for s in symbols if session.date in market.tradable[s]]
            day = StrategyDay(strategy, session, market.histories[strategy.range_minutes], tradable)
            for s in symbols:
                if s not in tradable:
                    day.refuse(s, 'no_bars')
            days.append((day, symbols))
        account = SessionRun(cfg, session, optimistic, equity, [day for day, _ in days], market.bar_sec)
        account.run()
        equity += account.realised
        peak = max(peak, equity)
        for day, symbols in days:
            traded = {t['symbol'] for t in day.trades}
            assert len(traded) == len(day.trades) and not traded & set(day.decisions)
            assert traded | set(day.decisions) == set(symbols)
            trades += day.trades
            for s in sorted(day.decisions):
                decisions.append(dict(strategy=day.cfg.name, symbol=s, date=session.date,
                                      reason=day.decisions[s][0], detail=day.decisions[s][1]))
        curve.append(dict(date=session.date, equity=fmt(equity), realized=fmt(account.realised),
                          fees=fmt(account.fees), drawdown=fmt(peak - equity)))
    trades.sort(key=lambda t: (t['date'], t['entry_time'], t['symbol']))
    return trades, decisions, curve


TRADE_COLUMNS = ('strategy,symbol,date,side,quantity,entry_time,entry_price,exit_time,exit_price,exit_reason,'
                 'gross_pnl,fees,net_pnl,r_multiple').split(',')


def write(path, columns, rows):
    with open(path, 'w', newline='') as f:
        w = csv.DictWriter(f, columns, lineterminator='\n')
        w.writeheader()
        w.writerows(rows)


def main(argv=None):
    ap = argparse.ArgumentParser()
    ap.add_argument('--bars', nargs='+', action='extend', required=True)
    ap.add_argument('--warmup', nargs='+', action='extend', default=[])
    ap.add_argument('--preset', choices=sorted(PRESETS))
    ap.add_argument('--config')
    ap.add_argument('--set', action='append', default=[], metavar='KEY=VALUE')
    ap.add_argument('--from', dest='from_date')
    ap.add_argument('--to', dest='to_date')
    ap.add_argument('--fill-model', choices=('pessimistic', 'optimistic'), default='pessimistic')
    ap.add_argument('--calendar', required=True)
    ap.add_argument('--trades')
    ap.add_argument('--decisions')
    ap.add_argument('--equity')
    a = ap.parse_args(argv)
    try:
        cfg = Config(a.preset, a.config, a.set)
        ranges = sorted({strategy.range_minutes for strategy in cfg.strategies})
        market = Market(a.bars, a.warmup, load_calendar(a.calendar), ranges)
        trades, decisions, curve = run(cfg, market, a.from_date, a.to_date, a.fill_model == 'optimistic')
    except Fail as e:
        sys.exit('error: %s' % e)
    if a.trades:
        write(a.trades, TRADE_COLUMNS, trades)
    if a.decisions:
        write(a.decisions, ['strategy', 'symbol', 'date', 'reason', 'detail'], decisions)
    if a.equity:
        write(a.equity, ['date', 'equity', 'realized', 'fees', 'drawdown'], curve)
    reasons, exits = {}, {}
    for d in decisions:
        reasons[d['reason']] = reasons.get(d['reason'], 0) + 1
    for t in trades:
        exits[t['exit_reason']] = exits.get(t['exit_reason'], 0) + 1
    print('%s %s: bar %d s, %d sessions, %d trades %s, final equity %s' % (
        ' '.join(s.name for s in cfg.strategies), a.fill_model, market.bar_sec, len(curve), len(trades), exits, curve[-1]['equity'] if curve else '-'))
    print('decisions:', dict(sorted(reasons.items())))


if __name__ == '__main__':
    main()
