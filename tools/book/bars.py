#!/usr/bin/env python3
"""Writes made-up five-minute bars of two symbols for the first half of 2026, as CSV: bars.py FOLDER"""

import csv
import random
import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

# In 2026 New York's clocks went forward on this day; written down, so that no table of time zones is needed.
SUMMER = date(2026, 3, 8)
FIRST, LAST = date(2026, 1, 2), date(2026, 6, 30)
BARS_A_DAY = 78


def weekdays():
    """Yields the weekdays; bars of holidays are left out by their reader."""
    day = FIRST
    while day <= LAST:
        if day.weekday() < 5:
            yield day
        day += timedelta(days=1)


def rows(symbol, cents, dice):
    """Yields the bars of a symbol: a random walk of its price, in cents."""
    for day in weekdays():
        start = datetime(day.year, day.month, day.day, 13 if day >= SUMMER else 14, 30, tzinfo=timezone.utc)
        for number in range(BARS_A_DAY):
            path = [cents]
            for _ in range(3):
                path.append(max(500, path[-1] + dice.randint(-12, 12)))
            instant = start + timedelta(minutes=5 * number)
            prices = (path[0], max(path), min(path), path[-1])
            yield [symbol, instant.strftime("%Y-%m-%dT%H:%M:%SZ"), *(f"{each / 100:.2f}" for each in prices), dice.randint(1000, 9000)]
            cents = path[-1]


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for symbol, cents in (("ACME", 5000), ("EXMPL", 12000)):
        with (folder / f"{symbol}.csv").open("w", newline="") as file:
            out = csv.writer(file)
            out.writerow(["symbol", "ts", "open", "high", "low", "close", "volume"])
            out.writerows(rows(symbol, cents, random.Random(symbol)))


if __name__ == "__main__":
    main()
