#!/usr/bin/env python3
"""Makes a random market and a random configuration from a seed, to compare two implementations on.

Usage: market.py SEED OUT.csv CALENDAR.csv CONFIG.toml; prints the flags of the backtest. The market is made up: gaps,
halts, missing minutes and first bars, empty bars, prices on both sides of a dollar. Half of the runs have one strategy
by flags, half have several in CONFIG.toml.
"""
import csv
import datetime
import random
import sys

SYMBOLS = ['AAA', 'BBB', 'CCC', 'DDD', 'EEE', 'FFF', 'GGG', 'HHH']


def tick(price):
    return max(round(price, 2 if price >= 1 else 4), 0.0001)


def instant(text):
    return datetime.datetime.strptime(text, '%Y-%m-%dT%H:%M:%SZ')


def session_bars(r, symbol, price, day, minutes, volatility, missing):
    """Yields rows of one session and returns the last price."""
    start, end = instant(day['open_utc']), instant(day['close_utc'])
    if r.random() < 0.05:
        start += datetime.timedelta(minutes=minutes)
    halt = (r.randrange(10, 300), r.randrange(5, 120)) if r.random() < 0.1 else None
    count = 0
    while start < end:
        count += 1
        open_ = tick(price * (1 + r.gauss(0, 1) * volatility * .3))
        close = tick(open_ * (1 + r.gauss(0, 1) * volatility))
        high = max(open_, close, tick(max(open_, close) * (1 + abs(r.gauss(0, 1)) * volatility * .5)))
        low = min(open_, close, tick(min(open_, close) * (1 - abs(r.gauss(0, 1)) * volatility * .5)))
        if r.random() < 0.05:
            close = open_
        if r.random() < 0.02:
            high = low = close = open_
        price = close
        halted = halt and halt[0] <= count * minutes < halt[0] + halt[1]
        if halted:
            price = max(price * (1 + r.gauss(0, 1) * volatility * 3), 0.05)
        elif r.random() >= missing:
            volume = 0 if r.random() < 0.02 else r.randrange(1, 10000)
            prices = ','.join(f'{value:.4f}' for value in (open_, high, low, close))
            yield f'{symbol},{start:%Y-%m-%dT%H:%M:%SZ},{prices},{volume}'
        start += datetime.timedelta(minutes=minutes)
    return price


def market(r, symbols, days, minutes):
    volatility = r.choice([0.0005, 0.002, 0.01, 0.03])
    for symbol in symbols:
        price = r.choice([0.6, 1.02, 3, 12, 50, 300]) * r.uniform(.8, 1.2)
        missing = r.choice([0, 0, 0.02, 0.3])
        for day in days:
            if r.random() < 0.04:
                continue
            price = max(price * (1 + r.gauss(0, 1) * volatility * r.choice([1, 3, 10])), 0.05)
            price = yield from session_bars(r, symbol, price, day, minutes, volatility, missing)


SIP = ['orb-sip', 'orb-sip-paper']


def settings(r, minutes, preset):
    """Returns random settings of one strategy that go together."""
    chosen = {}

    def choose(chance, key, values):
        if r.random() < chance:
            chosen[key] = r.choice(values)

    choose(1 if minutes == 15 else .5, 'range_minutes', [n for n in (1, 5, 15, 30, 60) if n % minutes == 0])
    choose(.5, 'slot_policy', ['ranked', 'first_trigger'])
    choose(.6, 'max_positions', [1, 2, 3, 5, 8])
    choose(.6, 'risk_fraction', ['0.01', '0.05', '0.2', '0.5', '1'])
    choose(.5, 'leverage', ['0.5', '1', '2', '10'])
    choose(.5, 'slippage', ['0', '0.003', '0.05'])
    choose(.3, 'fee_per_share', ['0', '0.01'])
    choose(.4, 'target_r', ['0.5', '1', '3.3', 'off'])
    if chosen.get('target_r') in (None, 'off'):
        choose(.2, 'target_percent', ['0.2', '1.5', '4'])
    choose(.25, 'stop', ['range', 'atr:0.1', 'atr:0.5', 'percent:0.3', 'percent:2.5'])
    choose(.3, 'atr_method', ['sma', 'wilder'])
    choose(.25, 'sizing', ['shares:1', 'shares:250', 'notional:20', 'notional:30000', 'notional:150000'])
    choose(.2, 'stop_distance_min', ['0.02', '0.1', '0.5'])
    choose(.2, 'gap_limit', ['0.01', '0.05', 'off'])
    choose(.2, 'score_min', ['0.2', '0.45', '0.6'])
    choose(.5 if preset in SIP else .1, 'price_min', ['0.9', '2', '20'])
    choose(.8 if preset in SIP else .1, 'average_volume_min', ['1000', '100000', '300000', 'off'])
    choose(.7 if preset in SIP else .1, 'atr_min', ['0.01', '0.1', '1', 'off'])
    choose(.5 if preset in SIP else .1, 'universe_max', [1, 2, 3, 'off'])
    choose(.7 if preset in SIP else .1, 'rvol_min', ['0', '0.8', '0.95'])
    if preset in SIP or 'rvol_min' in chosen:
        choose(.4, 'top', [1, 2, 4, 'off'])
    flatten = r.choice([0, 5, 15, 30])
    if r.random() < .4:
        chosen['flatten_before_close'] = flatten
        chosen['entry_cutoff'] = r.choice(['off', max(flatten, 60), max(flatten, 30)])
    choose(.4, 'entry', ['stop', 'close', 'close', 'market'])
    if chosen.get('entry') == 'market':
        chosen['direction'], chosen['entry_offset_ticks'] = 'candle', 0
    elif preset != 'orb-etf' or 'entry' in chosen:
        choose(.3, 'direction', ['both', 'candle'])
        choose(.3, 'entry_offset_ticks', [0, 1, 3])
    return chosen


def account(r):
    chosen = {}
    if r.random() < .4:
        chosen['daily_loss_limit'] = r.choice(['0.005', '0.01', '0.02', '0.2', '1'])
    if r.random() < .3:
        chosen['initial_equity'] = r.choice(['500', '25000', '1000000'])
    if r.random() < .3:
        chosen['account_max_positions'] = r.choice([1, 2, 4, 9])
    return chosen


def toml(value):
    return str(value) if isinstance(value, int) else f'"{value}"'


def flags(r, symbols, minutes, config):
    """Returns the flags of a run of one strategy, or of several by a file."""
    fill = ['--fill-model', r.choice(['pessimistic', 'optimistic'])]
    presets = ['orb-classic', 'orb-classic', 'orb-etf'] + SIP
    if r.random() < .5:
        preset = r.choice(presets)
        pairs = {**settings(r, minutes, preset), **account(r)}
        return ['--preset', preset, *(part for pair in pairs.items() for part in ('--set', '%s=%s' % pair)), *fill]
    with open(config, 'w') as out:
        for pair in account(r).items():
            out.write('%s = %s\n' % (pair[0], toml(pair[1])))
        for index in range(r.randrange(2, 4)):
            preset = r.choice(presets)
            out.write(f'\n[[strategy]]\nname = "s{index}"\npreset = "{preset}"\n')
            if r.random() < .4:
                names = ', '.join(f'"{name}"' for name in sorted(r.sample(symbols, 2)))
                out.write(f'symbols = [{names}]\n')
            for key, value in settings(r, minutes, preset).items():
                out.write(f'{key} = {toml(value)}\n')
    extra = ['--set', f"s1.risk_fraction={r.choice(['0.02', '0.3'])}"] if r.random() < .3 else []
    return ['--config', config, *extra, *fill]


def main():
    r = random.Random(int(sys.argv[1]))
    minutes = r.choice([1, 1, 1, 5, 5, 15])
    with open(sys.argv[3]) as file:
        calendar = list(csv.DictReader(file))
    start = r.randrange(0, len(calendar) - 30)
    days = calendar[start:start + r.choice([3, 18, 20, 24])]
    symbols = SYMBOLS[:r.randrange(2, 9)]
    with open(sys.argv[2], 'w') as out:
        out.write('symbol,ts,open,high,low,close,volume\n')
        for row in market(r, symbols, days, minutes):
            out.write(row + '\n')
    print(' '.join(flags(r, symbols, minutes, sys.argv[4])))


main()
