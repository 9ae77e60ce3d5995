#!/usr/bin/env python3
"""Makes a random market and a random configuration from a seed, to compare two implementations on.

Usage: market.py SEED OUT.csv CALENDAR.csv; prints the flags of the backtest. The market is made up: gaps, halts,
missing minutes and first bars, empty bars, prices on both sides of a dollar.
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


def market(r, days, minutes):
    volatility = r.choice([0.0005, 0.002, 0.01, 0.03])
    for symbol in SYMBOLS[:r.randrange(2, 9)]:
        price = r.choice([0.6, 1.02, 3, 12, 50, 300]) * r.uniform(.8, 1.2)
        missing = r.choice([0, 0, 0.02, 0.3])
        for day in days:
            if r.random() < 0.04:
                continue
            price = max(price * (1 + r.gauss(0, 1) * volatility * r.choice([1, 3, 10])), 0.05)
            price = yield from session_bars(r, symbol, price, day, minutes, volatility, missing)


def flags(r, minutes):
    """Returns random settings that go together."""
    flags = ['--preset', r.choice(['orb-classic', 'orb-etf'])]

    def choose(chance, key, values):
        if r.random() < chance:
            flags.extend(['--set', f'{key}={r.choice(values)}'])

    choose(1 if minutes == 15 else .5, 'range_minutes', [n for n in (1, 5, 15, 30, 60) if n % minutes == 0])
    choose(.5, 'slot_policy', ['ranked', 'first_trigger'])
    choose(.6, 'max_positions', [1, 2, 3, 5, 8])
    choose(.6, 'risk_fraction', ['0.01', '0.05', '0.2', '0.5', '1'])
    choose(.5, 'leverage', ['0.5', '1', '2', '10'])
    choose(.4, 'slippage', ['0.01', '0.003', '0.05'])
    choose(.4, 'daily_loss_limit', ['0.005', '0.01', '0.02', '0.2', '1'])
    choose(.4, 'target_r', ['0.5', '1', '3.3', 'none'])
    flatten = r.choice([0, 5, 15, 30])
    if r.random() < .4:
        flags.extend(['--set', f'flatten_before_close={flatten}'])
        flags.extend(['--set', f"entry_cutoff={r.choice(['off', max(flatten, 60), max(flatten, 30)])}"])
    choose(.3, 'initial_equity', ['500', '25000', '1000000'])
    return flags + ['--fill-model', r.choice(['pessimistic', 'optimistic'])]


def main():
    r = random.Random(int(sys.argv[1]))
    minutes = r.choice([1, 1, 1, 5, 5, 15])
    with open(sys.argv[3]) as file:
        calendar = list(csv.DictReader(file))
    start = r.randrange(0, len(calendar) - 30)
    days = calendar[start:start + r.choice([3, 18, 20])]
    with open(sys.argv[2], 'w') as out:
        out.write('symbol,ts,open,high,low,close,volume\n')
        for row in market(r, days, minutes):
            out.write(row + '\n')
    print(' '.join(flags(r, minutes)))


main()
