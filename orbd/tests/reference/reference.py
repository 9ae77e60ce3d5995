#!/usr/bin/env python3
"""A second implementation of the strategy, written from its rules alone, to compare `orbd backtest` with.

Simple rather than fast; standard library only; all prices and money are int micro-dollars
(1e-6 USD), all fractions are fractions.Fraction.  No floats anywhere.
Times are int seconds since the epoch, UTC, and always the START of a bar.
"""
import argparse
import csv
import datetime
import gzip
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

PRESETS = {
    'orb-classic': dict(direction='both', entry='stop', entry_ticks=1, stop='opposite', target_r='2', universe=False,
                        slot_policy='first_trigger', max_positions='5', fee_per_share='0.0035', entry_cutoff='30'),
    'orb-etf': dict(direction='candle', entry='market', entry_ticks=0, stop='opposite', target_r='10', universe=False,
                    slot_policy='ranked', max_positions='1', fee_per_share='0.0005', entry_cutoff='off'),
    'orb-sip': dict(direction='candle', entry='stop', entry_ticks=0, stop='atr', target_r='none', universe=True,
                    slot_policy='first_trigger', max_positions='5', fee_per_share='0.0035', entry_cutoff='off'),
}
PRESETS['orb-sip-paper'] = dict(PRESETS['orb-sip'], max_positions='20', flatten_before_close='0')

COMMON = dict(risk_fraction='0.01', leverage='4', range_minutes='5', flatten_before_close='5', initial_equity='100000',
              slippage='0', daily_loss_limit='0.05', min_stop_distance='0', atr_method='sma', symbols='',
              min_price='5', min_avg_volume='1000000', min_atr='0.5', min_rvol='1', top='20')
KEYS = set(COMMON) | {'slot_policy', 'max_positions', 'fee_per_share', 'entry_cutoff', 'target_r'}


def off(text):
    return text.strip().lower() in ('off', 'none', '')


class Config:
    def __init__(self, preset, pairs):
        v = dict(COMMON)
        v.update(PRESETS[preset])
        for pair in pairs:
            key, eq, val = pair.partition('=')
            if not eq or key not in KEYS:
                raise Fail('unknown setting %r; keys: %s' % (pair, ' '.join(sorted(KEYS))))
            v[key] = val
        self.name = preset
        self.direction, self.entry, self.entry_ticks = v['direction'], v['entry'], v['entry_ticks']
        self.stop, self.universe = v['stop'], v['universe']
        self.target_r = None if off(v['target_r']) else Fraction(v['target_r'])
        self.slot_policy = v['slot_policy']
        if self.slot_policy not in ('first_trigger', 'ranked'):
            raise Fail('slot_policy is first_trigger or ranked')
        self.n = int(v['max_positions'])
        self.fee = micro(v['fee_per_share'])
        self.slippage = micro(v['slippage'])
        self.cutoff = None if off(v['entry_cutoff']) else int(v['entry_cutoff'])
        self.flatten = int(v['flatten_before_close'])
        self.risk = Fraction(v['risk_fraction'])
        self.leverage = Fraction(v['leverage'])
        self.range_minutes = int(v['range_minutes'])
        self.equity = micro(v['initial_equity'])
        self.loss_limit = None if off(v['daily_loss_limit']) else Fraction(v['daily_loss_limit'])
        self.min_stop = micro(v['min_stop_distance'])
        self.atr_method = v['atr_method']
        self.symbols = [s for s in v['symbols'].replace(' ', ',').split(',') if s]
        self.min_price = micro(v['min_price'])
        self.min_avg_volume = Fraction(v['min_avg_volume'])
        self.min_atr = micro(v['min_atr'])
        self.min_rvol = Fraction(v['min_rvol'])
        self.top = int(v['top'])


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

    def rvol(self, date):
        k = self.by_name[date].index
        if k < 14 or date not in self.range_volume:
            return None
        past = [self.range_volume.get(s.date) for s in self.sessions[k - 14:k]]
        if None in past:
            return None
        return Fraction(self.range_volume[date] * 14, sum(past))


# ---------------------------------------------------------------- one session

class Candidate:
    """One symbol on one day, past all filters before the order."""

    def __init__(self, symbol, history, session, cfg):
        day = history.days[history.index[session.date]]
        bars, _ = history.range_bars(session, day)
        self.symbol = symbol
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
        self.order = None                            # working order: (side, price, stop, d, quantity)
        self.active = True                           # still watching or waiting

    def see_low(self, bar):
        if self.prev_close is not None and 10 * bar.low <= 9 * self.prev_close:
            self.rule_201 = True

    def level(self, side, cfg):
        """Submitted price: the rounded stop level, or the range's close for a market entry."""
        if cfg.entry == 'market':
            return self.rc
        extreme = self.orh if side > 0 else self.orl
        price = extreme + side * cfg.entry_ticks * tick_of(extreme)
        return up(price) if side > 0 else down(price)

    def stop_for(self, side, price, cfg):
        """Initial stop for an entry at `price` (submitted or executed)."""
        if cfg.stop == 'atr':
            raw = price - side * Fraction(self.atr, 10)
        else:
            raw = self.orl if side > 0 else self.orh
        return down(raw) if side > 0 else up(raw)


class Position:
    def __init__(self, cand, side, quantity, entry_bar, entry, at_open, cfg):
        self.cand, self.symbol, self.side, self.quantity = cand, cand.symbol, side, quantity
        self.entry, self.entry_ts, self.at_open = entry, entry_bar.ts, at_open
        self.stop = cand.stop_for(side, entry, cfg)
        self.r = side * (entry - self.stop)
        assert self.r > 0
        self.target = None
        if cfg.target_r is not None:
            raw = entry + side * cfg.target_r * self.r
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


class SessionRun:
    def __init__(self, cfg, session, optimistic, equity, histories, symbols):
        self.cfg, self.session, self.optimistic, self.equity = cfg, session, optimistic, equity
        self.range_end = session.open + cfg.range_minutes * 60
        self.flatten_at = session.close - cfg.flatten * 60
        self.window_end = self.flatten_at
        if cfg.cutoff is not None:
            self.window_end = min(self.window_end, session.close - cfg.cutoff * 60)
        self.histories, self.symbols = histories, symbols
        self.decisions = {}                          # symbol -> (reason, detail)
        self.trades = []
        self.open = []                               # positions
        self.realised = 0                            # net, closed trades of the session
        self.fees = 0
        self.tripped = False

    # -- before the order ------------------------------------------------------

    def refuse(self, symbol, reason, detail=''):
        assert symbol not in self.decisions
        self.decisions[symbol] = (reason, detail)

    def filter(self):
        """All filters up to doji; returns the candidates by rank."""
        cfg, date = self.cfg, self.session.date
        passed = []
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
            if pc is not None and 10 * abs(price - pc) > 3 * pc:
                self.refuse(symbol, 'gap_over_30pct', 'open %s previous close %s' % (fmt(price), fmt(pc)))
                continue
            if cfg.universe:
                reason = self.universe_reason(h, price, date)
                if reason:
                    self.refuse(symbol, reason)
                    continue
            passed.append(Candidate(symbol, h, self.session, cfg))
        passed.sort(key=lambda c: c.rank)
        if cfg.universe:
            for c in passed[cfg.top:]:
                self.refuse(c.symbol, 'not_in_top')
            passed = passed[:cfg.top]
        if cfg.direction == 'candle':
            for c in passed:
                if c.colour == 0:
                    self.refuse(c.symbol, 'doji')
            passed = [c for c in passed if c.colour != 0]
        return passed

    def universe_reason(self, h, price, date):
        cfg = self.cfg
        if not price > cfg.min_price:
            return 'price'
        volume = h.volume14(date)
        if volume is None:
            return 'avg_volume_missing'
        if Fraction(volume, 14) < cfg.min_avg_volume:
            return 'avg_volume'
        atr = h.atr14(date, cfg.atr_method)
        if atr is None:
            return 'atr_missing'
        if not atr > cfg.min_atr:
            return 'atr'
        rvol = h.rvol(date)
        if rvol is None:
            return 'rvol_missing'
        if rvol < cfg.min_rvol:
            return 'rvol'
        return None

    # -- the order -------------------------------------------------------------

    def working(self):
        return [c for c in self.candidates if c.order is not None]

    def check_order(self, c, side):
        """The order-level checks up to daily_risk.  -> (reason, order)"""
        cfg, e = self.cfg, self.equity
        if side < 0 and c.rule_201:
            return 'rule_201', None
        price = c.level(side, cfg)
        stop = c.stop_for(side, price, cfg)
        d = side * (price - stop)
        if d <= 0 or d < cfg.min_stop:
            return 'stop_too_close', None
        share = Fraction(e, cfg.n)
        quantity = min(cfg.risk * share // d, cfg.leverage * share // price)
        if quantity <= 0:
            return 'size_zero', None
        taken = sum(p.notional for p in self.open) + sum(w.order.price * w.order.quantity for w in self.working())
        quantity = int(min(quantity, (cfg.leverage * e - taken) // price))
        if quantity <= 0:
            return 'no_buying_power', None
        risk = sum(p.risk for p in self.open) + sum(w.order.d * w.order.quantity for w in self.working())
        if cfg.loss_limit is not None and max(0, -self.realised) + risk + quantity * d > cfg.loss_limit * e:
            return 'daily_risk', None
        return None, Order(side, price, d, quantity)

    def at_range_end(self):
        """Market entries and ranked directional stop entries are submitted here, by rank."""
        cfg = self.cfg
        two_sided = cfg.direction == 'both'
        if cfg.slot_policy == 'ranked' and two_sided and cfg.entry == 'stop':
            for c in self.candidates[cfg.n:]:
                c.active = False
                self.refuse(c.symbol, 'max_positions')
        elif cfg.entry == 'market' or cfg.slot_policy == 'ranked':
            for c in self.candidates:
                reason, order = self.check_order(c, c.colour)
                if reason is None and len(self.working()) >= cfg.n:
                    reason = 'max_positions' if cfg.slot_policy == 'ranked' else 'no_slot'
                if reason is None:
                    c.order = order
                else:
                    c.active = False
                    self.refuse(c.symbol, reason)

    # -- bars ------------------------------------------------------------------

    def close(self, p, bar, price, reason):
        cfg = self.cfg
        gross = p.side * (price - p.entry) * p.quantity
        fees = 2 * p.entry_fee
        self.realised += gross - fees
        self.fees += fees
        self.trades.append(dict(
            strategy=cfg.name, symbol=p.symbol, date=self.session.date, side='long' if p.side > 0 else 'short',
            quantity=p.quantity, entry_time=utc(p.entry_ts), entry_price=fmt(p.entry), exit_time=utc(bar.ts),
            exit_price=fmt(price), exit_reason=reason, gross_pnl=fmt(gross), fees=fmt(fees), net_pnl=fmt(gross - fees),
            r_multiple=r_text(p.side * (price - p.entry), p.r)))

    def try_exit(self, p, bar):
        """A position that was open before this bar.  True if it closed."""
        s, slip = p.side, p.side * self.cfg.slippage
        p.last = bar
        if p.forced:
            self.close(p, bar, bar.open - slip, 'loss_limit')
        elif self.cfg.flatten > 0 and bar.ts >= self.flatten_at:
            self.close(p, bar, bar.open - slip, 'time_exit')
        elif p.touches_stop(bar):
            worse = min(p.stop, bar.open) if s > 0 else max(p.stop, bar.open)
            self.close(p, bar, worse - slip, 'stop')
        elif p.touches_target(bar):
            better = max(p.target, bar.open) if s > 0 else min(p.target, bar.open)
            self.close(p, bar, better, 'target')
        else:
            return False
        return True

    def try_exit_in_entry_bar(self, p, bar):
        s = p.side
        stopped = p.touches_stop(bar)
        if stopped and self.optimistic:
            closes_beyond = bar.close <= p.stop if s > 0 else bar.close >= p.stop
            stopped = p.at_open or closes_beyond
        if stopped:
            self.close(p, bar, p.stop - s * self.cfg.slippage, 'stop')
        elif p.touches_target(bar):
            better = max(p.target, bar.open) if s > 0 else min(p.target, bar.open)
            self.close(p, bar, better, 'target')
        else:
            return False
        return True

    def try_enter(self, c, bar, slots_used):
        """-> a new Position, or None."""
        cfg = self.cfg

        if cfg.entry == 'market':                    # checked and submitted at the range's end
            order, side = c.order, c.order.side
            stop = c.stop_for(side, bar.open, cfg)
            if side * (bar.open - stop) <= 0:
                return self.finish(c, 'entry_beyond_stop', bar)
            if self.tripped:
                return self.finish(c, 'loss_limit', bar)
            c.order, c.active = None, False
            return Position(c, side, order.quantity, bar, bar.open + side * cfg.slippage, True, cfg)

        sides = (1, -1) if cfg.direction == 'both' else (c.colour,)
        touched = [s for s in sides if (bar.high >= c.level(1, cfg) if s > 0 else bar.low <= c.level(-1, cfg))]
        if not touched:
            return None
        if len(touched) == 2:
            return self.finish(c, 'both_sides_in_one_bar', bar)
        side = touched[0]
        order = c.order
        if order is None and not c.checked:          # not submitted before: check now
            reason, order = self.check_order(c, side)
            if reason is None and cfg.slot_policy == 'first_trigger' and slots_used >= cfg.n:
                reason = 'no_slot'
            if reason is not None:
                return self.finish(c, reason, bar)
        if self.tripped:
            return self.finish(c, 'loss_limit', bar)
        c.order, c.active = None, False
        level = order.price
        fill = max(level, bar.open) if side > 0 else min(level, bar.open)
        at_open = side * (bar.open - level) >= 0
        return Position(c, side, order.quantity, bar, fill + side * cfg.slippage, at_open, cfg)

    def finish(self, c, reason, bar):
        c.order, c.active = None, False
        self.refuse(c.symbol, reason, utc(bar.ts))
        return None

    def instant(self, ts):
        batch = {c.symbol: c.bars[ts] for c in self.candidates if ts in c.bars}
        # a slot freed in this bar is free only from the next one
        slots_used = len(self.open)

        # 1. exits of positions that were open before
        self.open = [p for p in self.open
                     if p.symbol not in batch or not self.try_exit(p, batch[p.symbol])]

        # 2. entries by rank (self.candidates is in rank order)
        new = []
        if self.range_end <= ts < self.window_end:
            for c in self.candidates:
                if c.active and c.symbol in batch:
                    p = self.try_enter(c, batch[c.symbol], slots_used)
                    if p is not None:
                        self.open.append(p)          # seen as open by the entries behind it
                        new.append(p)
                        slots_used += 1
        for p in new:
            if self.try_exit_in_entry_bar(p, batch[p.symbol]):
                self.open.remove(p)

        # 3. marks
        for c in self.candidates:
            if c.symbol in batch:
                c.see_low(batch[c.symbol])           # Rule 201 from the next bar on
        if self.cfg.loss_limit is not None and not self.tripped:
            day = self.realised + sum(p.mark() for p in self.open)
            if day <= -self.cfg.loss_limit * self.equity:
                self.tripped = True
                for p in self.open:
                    p.forced = True
                if self.cfg.entry == 'stop':
                    for c in self.working():         # cancelled; it still watches
                        c.order, c.checked = None, True

    def run(self):
        cfg = self.cfg
        self.candidates = self.filter()
        for c in self.candidates:
            c.checked = False
        self.at_range_end()
        for ts in sorted({ts for c in self.candidates for ts in c.bars}):
            self.instant(ts)
        for p in self.open:                          # nothing is held overnight
            reason = 'time_exit' if cfg.flatten == 0 else 'data_end'
            self.close(p, p.last, p.last.close - p.side * cfg.slippage, reason)
        for c in self.candidates:
            if c.active:
                self.refuse(c.symbol, 'no_entry_bar' if cfg.entry == 'market' else 'no_trigger')


Order = namedtuple('Order', 'side price d quantity')


# ---------------------------------------------------------------- the run

class Market:
    """Bars, calendar and per-symbol histories, for one bar set."""

    def __init__(self, bars, warmup, calendar, range_minutes):
        self.calendar = calendar
        self.by_name = {s.date: s for s in calendar}
        main = BarSet(bars, self.by_name)
        warm = BarSet(warmup, self.by_name) if warmup else None
        if main.first_ts is None:
            raise Fail('no bars')
        self.symbols = sorted(main.days)
        self.first_date, self.last_date = ny_date(main.first_ts), ny_date(main.last_ts)
        self.bar_sec = bar_seconds(main.days, warm.days if warm else {})
        if (range_minutes * 60) % self.bar_sec:
            raise Fail('range_minutes %d is not a multiple of the bar length %d s' % (range_minutes, self.bar_sec))
        self.histories = {}
        for symbol in self.symbols:
            by_date = dict(warm.days.get(symbol, {})) if warm else {}
            by_date.update(main.days[symbol])        # --bars wins on a date in both
            self.histories[symbol] = History(by_date, calendar, self.by_name, range_minutes, self.bar_sec)
            # a session of the run is traded on --bars only
            self.histories[symbol].tradable = set(main.days[symbol])


def run(cfg, market, from_date=None, to_date=None, optimistic=False):
    first = max(from_date or '', market.first_date)
    last = min(to_date or '9999', market.last_date)
    symbols = [s for s in market.symbols if not cfg.symbols or s in cfg.symbols]
    trades, decisions, curve = [], [], []
    equity = peak = cfg.equity
    for session in market.calendar:
        if not first <= session.date <= last:
            continue
        tradable = [s for s in symbols if session.date in market.histories[s].tradable]
        day = SessionRun(cfg, session, optimistic, equity, market.histories, tradable)
        day.run()
        for s in symbols:
            if session.date not in market.histories[s].tradable:
                day.refuse(s, 'no_bars')
        traded = {t['symbol'] for t in day.trades}
        assert len(traded) == len(day.trades) and not traded & set(day.decisions)
        assert traded | set(day.decisions) == set(symbols)
        equity += day.realised
        peak = max(peak, equity)
        trades += sorted(day.trades, key=lambda t: (t['entry_time'], t['symbol']))
        for s in sorted(day.decisions):
            decisions.append(dict(strategy=cfg.name, symbol=s, date=session.date,
                                  reason=day.decisions[s][0], detail=day.decisions[s][1]))
        curve.append(dict(date=session.date, equity=fmt(equity), realized=fmt(day.realised), fees=fmt(day.fees),
                          drawdown=fmt(peak - equity)))
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
    ap.add_argument('--preset', choices=sorted(PRESETS), default='orb-classic')
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
        cfg = Config(a.preset, a.set)
        market = Market(a.bars, a.warmup, load_calendar(a.calendar), cfg.range_minutes)
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
        cfg.name, a.fill_model, market.bar_sec, len(curve), len(trades), exits, curve[-1]['equity'] if curve else '-'))
    print('decisions:', dict(sorted(reasons.items())))


if __name__ == '__main__':
    main()
