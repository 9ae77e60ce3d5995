"""Computes the figures of reference.rs with packages that share no code with orb.

In an environment of its own:
    pip install quantstats==0.0.86 empyrical-reloaded==0.7.1 scipy==1.17.1 arch==8.0.0 numpy==2.4.6 pandas==3.1.1
    python make.py            prints the figures, one a line: name, value, the call that made it
    python make.py --series   writes daily_returns_bp.txt anew

The series is synthetic: 441 sessions, returns in whole basis points, every seventh session without a trade (0), and
losing stretches, so that there are drawdowns. Each value is the sum of three draws of a linear congruential
generator, some of them doubled for fat tails, plus a drift that turns negative for a while.
"""

import sys
from pathlib import Path

SERIES = Path(__file__).with_name("daily_returns_bp.txt")
SESSIONS = 441


def series():
    state = 20_160_104

    def draw():
        nonlocal state
        state = (1_103_515_245 * state + 12_345) % 2**31
        return (state >> 16) % 101 - 50

    values = []
    for day in range(SESSIONS):
        value = draw() + draw() + draw()
        value = 2 * value if day % 13 == 0 else value
        value += -10 if 180 <= day < 240 else 6
        values.append(0 if day % 7 == 3 else value)
    return values


def show(name, value, call):
    print(f"{name:28} {value!r:26} {call}")


def figures(values):
    import empyrical
    import numpy as np
    import pandas as pd
    import quantstats.stats as qs
    from arch.bootstrap import StationaryBootstrap
    from scipy import stats

    days = pd.date_range("2024-01-01", periods=len(values), freq="D")
    returns = pd.Series(np.array(values) / 10_000, index=days)

    def of(package, function, *args, **named):
        value = getattr(package, function)(returns, *args, **named)
        return float(value)

    for name, keywords in [
        ("comp", {}),
        ("cagr", {"periods": 252}),
        ("sharpe", {"periods": 252}),
        ("sortino", {"periods": 252}),
        ("calmar", {"periods": 252}),
        ("max_drawdown", {}),
        ("win_rate", {}),
        ("payoff_ratio", {}),
        ("profit_factor", {}),
        ("skew", {}),
        ("kurtosis", {}),
        ("probabilistic_sharpe_ratio", {"periods": 252}),
    ]:
        show(f"quantstats.{name}", of(qs, name, **keywords), f"stats.{name}(returns, {keywords})")
    for name in ["cum_returns_final", "cagr", "sharpe_ratio", "sortino_ratio", "calmar_ratio", "max_drawdown"]:
        show(f"empyrical.{name}", of(empyrical, name), f"{name}(returns)")
    drawdown = qs.drawdown_details(qs.to_drawdown_series(returns)).sort_values("max drawdown").iloc[0]
    for name in ["start", "valley", "end"]:
        index = days.get_loc(drawdown[name])
        show(f"quantstats.drawdown.{name}", index, f"drawdown_details(...): position of {name}")
    show("scipy.skew", float(stats.skew(returns)), "scipy.stats.skew(returns)")
    show("scipy.kurtosis", float(stats.kurtosis(returns, fisher=False)), "scipy.stats.kurtosis(returns, fisher=False)")
    for x in [-8.5, -2.0, -0.3, 0.0, 1.0, 3.0, 6.0]:
        show(f"scipy.norm.cdf({x})", float(stats.norm.cdf(x)), "scipy.stats.norm.cdf")
    for p in [1e-300, 1e-20, 1e-6, 0.01, 0.075, 0.3, 0.5, 0.925, 0.975, 0.99, 0.999999]:
        show(f"scipy.norm.ppf({p})", float(stats.norm.ppf(p)), "scipy.stats.norm.ppf")

    def sharpe(sample):
        return np.array([sample.mean() / sample.std(ddof=1) * np.sqrt(252)])

    block = len(values) ** (1 / 3)
    for name, sample in [("returns", returns), ("five-day means", returns.rolling(5).mean().dropna())]:
        bootstrap = StationaryBootstrap(block, sample.to_numpy(), seed=1)
        low, high = bootstrap.conf_int(sharpe, reps=100_000, method="percentile", size=0.95)[:, 0]
        call = f"StationaryBootstrap({block}, {name}).conf_int(sharpe, 100_000, 'percentile')"
        show("arch.low", float(low), call)
        show("arch.high", float(high), call)


if sys.argv[1:] == ["--series"]:
    lines = [series()[start : start + 21] for start in range(0, SESSIONS, 21)]
    SERIES.write_text("".join(" ".join(map(str, line)) + "\n" for line in lines))
else:
    figures([int(value) for value in SERIES.read_text().split()])
