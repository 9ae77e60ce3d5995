"""Drives a running orb-sim by alpaca-py, unchanged, through every endpoint of the simulator.

ORB_SIM_ADDRESS is host and port; key and secret are `sim` and `sim`. The session is open, and a simulated minute takes
a second or less. The symbols are those of the made-up market.
"""

import asyncio
import os
import threading
import time
import unittest
import uuid
from datetime import date, datetime, timedelta, timezone

from alpaca.common.exceptions import APIError
from alpaca.data.enums import Adjustment, CorporateActionsType, DataFeed
from alpaca.data.historical import StockHistoricalDataClient
from alpaca.data.historical.corporate_actions import CorporateActionsClient
from alpaca.data.live import StockDataStream
from alpaca.data.requests import (
    CorporateActionsRequest,
    StockBarsRequest,
    StockLatestBarRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
    StockQuotesRequest,
    StockSnapshotRequest,
    StockTradesRequest,
)
from alpaca.data.timeframe import TimeFrame, TimeFrameUnit
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import (
    AssetStatus,
    OrderClass,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    QueryOrderStatus,
    TimeInForce,
    TradeEvent,
)
from alpaca.trading.requests import (
    ClosePositionRequest,
    GetAssetsRequest,
    GetCalendarRequest,
    GetOrderByIdRequest,
    GetOrdersRequest,
    GetPortfolioHistoryRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopLimitOrderRequest,
    StopLossRequest,
    StopOrderRequest,
    TakeProfitRequest,
    TrailingStopOrderRequest,
)
from alpaca.trading.stream import TradingStream

ADDRESS = os.environ["ORB_SIM_ADDRESS"]
KEY = SECRET = "sim"
SYMBOL, OTHER, HALTED = "ALDVIN", "CELTRO", "DRAVEK"
TRIES, PAUSE_S = 600, 0.05


def trading(secret=SECRET):
    return TradingClient(KEY, secret, url_override=f"http://{ADDRESS}")


def data():
    return StockHistoricalDataClient(KEY, SECRET, url_override=f"http://{ADDRESS}")


def eventually(condition):
    """Returns what the condition gives as soon as that is true; fails when it never is."""
    for _ in range(TRIES):
        found = condition()
        if found:
            return found
        time.sleep(PAUSE_S)
    raise AssertionError("it never came true")


def price(symbol=SYMBOL):
    request = StockLatestTradeRequest(symbol_or_symbols=symbol)
    trades = eventually(lambda: data().get_stock_latest_trade(request))
    return trades[symbol].price


def cents(dollars):
    return round(dollars, 2)


class Trading(unittest.TestCase):
    def setUp(self):
        self.client = trading()
        price()

    def tearDown(self):
        self.client.cancel_orders()
        self.client.close_all_positions(cancel_orders=True)
        eventually(lambda: not self.client.get_all_positions())

    def order(self, order_id):
        return self.client.get_order_by_id(order_id, GetOrderByIdRequest(nested=True))

    def comes_to(self, order, status):
        return eventually(lambda: (found := self.order(order.id)).status == status and found)

    def buy(self, qty=10, symbol=SYMBOL):
        order = self.client.submit_order(
            MarketOrderRequest(symbol=symbol, qty=qty, side=OrderSide.BUY, time_in_force=TimeInForce.DAY)
        )
        return self.comes_to(order, OrderStatus.FILLED)

    def rest(self, **more):
        """Submits a buy that does not fill."""
        limit = cents(price() * 0.8)
        return self.client.submit_order(
            LimitOrderRequest(
                symbol=SYMBOL, qty=5, side=OrderSide.BUY, time_in_force=TimeInForce.DAY, limit_price=limit, **more
            )
        )


class Account(Trading):
    def test_account(self):
        account = self.client.get_account()
        self.assertEqual(account.status.value, "ACTIVE")
        self.assertGreater(float(account.equity), 90_000)
        self.assertGreater(float(account.buying_power), 90_000)
        self.assertFalse(account.trading_blocked)

    def test_configurations(self):
        configurations = self.client.get_account_configurations()
        configurations.no_shorting = True
        self.assertTrue(self.client.set_account_configurations(configurations).no_shorting)
        configurations.no_shorting = False
        self.assertFalse(self.client.set_account_configurations(configurations).no_shorting)

    def test_assets(self):
        assets = self.client.get_all_assets(GetAssetsRequest(status=AssetStatus.ACTIVE))
        self.assertIn(SYMBOL, [asset.symbol for asset in assets])
        asset = self.client.get_asset(SYMBOL)
        self.assertTrue(asset.tradable and asset.shortable)
        self.assertEqual(self.client.get_asset(asset.id).symbol, SYMBOL)
        with self.assertRaises(APIError) as raised:
            self.client.get_asset("NOSUCH")
        self.assertEqual(raised.exception.status_code, 404)

    def test_calendar_and_clock(self):
        clock = self.client.get_clock()
        self.assertTrue(clock.is_open)
        self.assertLess(clock.timestamp, clock.next_close)
        today = clock.timestamp.date()
        days = self.client.get_calendar(GetCalendarRequest(start=today, end=today + timedelta(days=10)))
        self.assertEqual(days[0].date, today)
        self.assertEqual((days[0].open.hour, days[0].open.minute), (9, 30))

    def test_activities(self):
        filled = self.buy()
        fills = self.client.get("/account/activities", {"activity_types": "FILL", "page_size": 100})
        mine = [fill for fill in fills if fill["order_id"] == str(filled.id)]
        self.assertEqual(sum(float(fill["qty"]) for fill in mine), 10)
        self.assertEqual(self.client.get("/account/activities/FILL", {"page_size": 1})[0]["activity_type"], "FILL")

    def test_portfolio_history(self):
        request = GetPortfolioHistoryRequest(period="1D", timeframe="1Min")
        history = self.client.get_portfolio_history(request)
        self.assertEqual(len(history.timestamp), len(history.equity))

    def test_wrong_secret(self):
        with self.assertRaises(APIError) as raised:
            trading("wrong").get_account()
        self.assertEqual(raised.exception.status_code, 401)


class Orders(Trading):
    def test_market_fills_and_becomes_a_position(self):
        filled = self.buy()
        self.assertEqual((filled.filled_qty, filled.order_class, filled.type), ("10", OrderClass.SIMPLE, OrderType.MARKET))
        position = self.client.get_open_position(SYMBOL)
        self.assertEqual((position.qty, position.side, position.qty_available), ("10", PositionSide.LONG, "10"))
        self.assertEqual(position.avg_entry_price, filled.filled_avg_price)
        self.assertEqual([one.symbol for one in self.client.get_all_positions()], [SYMBOL])

    def test_close_part_and_all(self):
        self.buy()
        self.client.close_position(SYMBOL, ClosePositionRequest(qty="4"))
        eventually(lambda: self.client.get_open_position(SYMBOL).qty == "6")
        self.client.close_position(SYMBOL, ClosePositionRequest(percentage="50"))
        eventually(lambda: self.client.get_open_position(SYMBOL).qty == "3")
        closed = self.client.close_all_positions(cancel_orders=True)
        self.assertEqual((closed[0].symbol, closed[0].status), (SYMBOL, 200))
        eventually(lambda: not self.client.get_all_positions())
        with self.assertRaises(APIError) as raised:
            self.client.get_open_position(SYMBOL)
        self.assertEqual(raised.exception.status_code, 404)

    def test_short(self):
        order = self.client.submit_order(
            MarketOrderRequest(symbol=SYMBOL, qty=3, side=OrderSide.SELL, time_in_force=TimeInForce.DAY)
        )
        self.comes_to(order, OrderStatus.FILLED)
        position = self.client.get_open_position(SYMBOL)
        self.assertEqual((position.qty, position.side), ("-3", PositionSide.SHORT))

    def test_notional(self):
        order = self.client.submit_order(
            MarketOrderRequest(symbol=SYMBOL, notional=500, side=OrderSide.BUY, time_in_force=TimeInForce.DAY)
        )
        filled = self.comes_to(order, OrderStatus.FILLED)
        self.assertAlmostEqual(float(filled.filled_qty) * float(filled.filled_avg_price), 500, delta=5)

    def test_limit_rests_is_found_and_cancelled(self):
        name = f"mine-{uuid.uuid4()}"
        order = self.rest(client_order_id=name)
        self.comes_to(order, OrderStatus.NEW)
        self.assertEqual(self.client.get_order_by_client_id(name).id, order.id)
        self.assertIn(order.id, [one.id for one in self.client.get_orders()])
        self.client.cancel_order_by_id(order.id)
        self.comes_to(order, OrderStatus.CANCELED)
        closed = self.client.get_orders(GetOrdersRequest(status=QueryOrderStatus.CLOSED, limit=500, symbols=[SYMBOL]))
        self.assertIn(order.id, [one.id for one in closed])
        with self.assertRaises(APIError) as raised:
            self.rest(client_order_id=name)
        self.assertEqual((raised.exception.status_code, raised.exception.code), (422, 40010001))

    def test_cancel_all(self):
        orders = [self.rest(), self.rest()]
        for order in orders:
            self.comes_to(order, OrderStatus.NEW)
        answers = self.client.cancel_orders()
        self.assertEqual({answer.id for answer in answers}, {order.id for order in orders})
        self.assertEqual({answer.status for answer in answers}, {200})

    def test_replace(self):
        order = self.comes_to(self.rest(), OrderStatus.NEW)
        changed = self.client.replace_order_by_id(order.id, ReplaceOrderRequest(qty=7))
        self.assertNotEqual(changed.id, order.id)
        self.assertEqual(changed.replaces, order.id)
        old = self.comes_to(order, OrderStatus.REPLACED)
        self.assertEqual(old.replaced_by, changed.id)
        self.assertEqual(self.comes_to(changed, OrderStatus.NEW).qty, "7")

    def test_stop_kinds(self):
        now = price()
        common = {"symbol": SYMBOL, "qty": 2, "side": OrderSide.BUY, "time_in_force": TimeInForce.GTC}
        requests = [
            StopOrderRequest(stop_price=cents(now * 1.2), **common),
            StopLimitOrderRequest(stop_price=cents(now * 1.2), limit_price=cents(now * 1.21), **common),
            TrailingStopOrderRequest(trail_percent=20, **common),
        ]
        for request in requests:
            order = self.client.submit_order(request)
            self.assertEqual(self.comes_to(order, OrderStatus.NEW).type, request.type)

    def test_bracket(self):
        now = price()
        order = self.client.submit_order(
            MarketOrderRequest(
                symbol=SYMBOL,
                qty=10,
                side=OrderSide.BUY,
                time_in_force=TimeInForce.DAY,
                order_class=OrderClass.BRACKET,
                take_profit=TakeProfitRequest(limit_price=cents(now * 1.2)),
                stop_loss=StopLossRequest(stop_price=cents(now * 0.8)),
            )
        )
        self.assertEqual(len(order.legs), 2)
        self.comes_to(order, OrderStatus.FILLED)
        legs = eventually(lambda: self.legs_of(order, {OrderType.LIMIT: OrderStatus.NEW, OrderType.STOP: OrderStatus.HELD}))
        self.client.cancel_order_by_id(legs[0].id)
        eventually(lambda: {leg.status for leg in self.order(order.id).legs} == {OrderStatus.CANCELED})

    def legs_of(self, order, statuses):
        legs = self.order(order.id).legs or []
        return legs if {leg.type: leg.status for leg in legs} == statuses else None

    def test_oto(self):
        order = self.client.submit_order(
            LimitOrderRequest(
                symbol=SYMBOL,
                qty=4,
                side=OrderSide.BUY,
                time_in_force=TimeInForce.DAY,
                limit_price=cents(price() * 1.05),
                order_class=OrderClass.OTO,
                stop_loss=StopLossRequest(stop_price=cents(price() * 0.8)),
            )
        )
        self.comes_to(order, OrderStatus.FILLED)
        eventually(lambda: self.legs_of(order, {OrderType.STOP: OrderStatus.NEW}))

    def test_oco(self):
        self.buy()
        now = price()
        order = self.client.submit_order(
            LimitOrderRequest(
                symbol=SYMBOL,
                qty=10,
                side=OrderSide.SELL,
                time_in_force=TimeInForce.GTC,
                order_class=OrderClass.OCO,
                take_profit=TakeProfitRequest(limit_price=cents(now * 1.2)),
                stop_loss=StopLossRequest(stop_price=cents(now * 0.8)),
            )
        )
        self.comes_to(order, OrderStatus.NEW)
        eventually(lambda: self.legs_of(order, {OrderType.STOP: OrderStatus.HELD}))
        nested = self.client.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN, nested=True))
        self.assertEqual([len(one.legs) for one in nested if one.id == order.id], [1])

    def test_refusals(self):
        common = {"symbol": SYMBOL, "side": OrderSide.BUY, "time_in_force": TimeInForce.DAY}
        now = price()
        cases = [
            (MarketOrderRequest(qty=1_000_000, **common), 403, 40310000),
            (LimitOrderRequest(qty=1, limit_price=round(now, 2) + 0.001, **common), 422, 42210000),
            (MarketOrderRequest(qty=1, **{**common, "symbol": "NOSUCH"}), 422, None),
        ]
        for request, status, code in cases:
            with self.subTest(request=request), self.assertRaises(APIError) as raised:
                self.client.submit_order(request)
            self.assertEqual(raised.exception.status_code, status)
            if code:
                self.assertEqual(raised.exception.code, code)
        with self.assertRaises(APIError) as raised:
            self.client.cancel_order_by_id(str(uuid.uuid4()))
        self.assertEqual(raised.exception.status_code, 404)


class History(unittest.TestCase):
    def setUp(self):
        self.client = data()
        self.now = trading().get_clock().timestamp
        price()

    def bars(self, amount, unit, days, **more):
        request = StockBarsRequest(
            symbol_or_symbols=[SYMBOL, OTHER],
            timeframe=TimeFrame(amount, unit),
            start=self.now - timedelta(days=days),
            adjustment=Adjustment.RAW,
            feed=DataFeed.SIP,
            **more,
        )
        return self.client.get_stock_bars(request)

    def test_bars_of_every_length(self):
        lengths = [
            (1, TimeFrameUnit.Minute),
            (5, TimeFrameUnit.Minute),
            (15, TimeFrameUnit.Minute),
            (1, TimeFrameUnit.Hour),
            (1, TimeFrameUnit.Day),
        ]
        for amount, unit in lengths:
            with self.subTest(amount=amount, unit=unit):
                bars = self.bars(amount, unit, 10)
                self.assertEqual(set(bars.data), {SYMBOL, OTHER})
                for bar in bars[SYMBOL]:
                    self.assertLessEqual(bar.low, min(bar.open, bar.close, bar.vwap))
                    self.assertGreaterEqual(bar.high, max(bar.open, bar.close, bar.vwap))
                    self.assertLess(bar.timestamp, datetime.now(timezone.utc))

    def test_minutes_add_up_to_days(self):
        end = self.now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(seconds=1)
        minutes = self.bars(1, TimeFrameUnit.Minute, 6, end=end)[SYMBOL]
        days = {day.timestamp.date(): day for day in self.bars(1, TimeFrameUnit.Day, 6, end=end)[SYMBOL]}
        last = max(days)
        of_last = [bar for bar in minutes if bar.timestamp.date() == last]
        self.assertEqual(sum(bar.volume for bar in of_last), days[last].volume)
        self.assertEqual(max(bar.high for bar in of_last), days[last].high)

    def test_limit_and_order(self):
        self.assertEqual(len(self.bars(1, TimeFrameUnit.Minute, 5, limit=7)[SYMBOL]), 7)
        latest = self.bars(1, TimeFrameUnit.Day, 10, limit=2, sort="desc")[SYMBOL]
        self.assertGreater(latest[0].timestamp, latest[1].timestamp)

    def test_pages(self):
        """More than one page of 10,000: every bar once and in order."""
        minutes = self.bars(1, TimeFrameUnit.Minute, 24)
        self.assertGreater(sum(len(bars) for bars in minutes.data.values()), 10_000)
        for bars in minutes.data.values():
            times = [bar.timestamp for bar in bars]
            self.assertEqual(times, sorted(set(times)))

    def test_nothing_of_the_future(self):
        bars = self.bars(1, TimeFrameUnit.Minute, 0, end=self.now + timedelta(days=1)).data.get(SYMBOL, [])
        after = trading().get_clock().timestamp
        self.assertTrue(all(bar.timestamp + timedelta(minutes=1) <= after for bar in bars))

    def test_trades_and_quotes(self):
        yesterday = self.bars(1, TimeFrameUnit.Day, 10, sort="desc")[SYMBOL][-1].timestamp
        start = yesterday + timedelta(hours=10)
        common = {"symbol_or_symbols": SYMBOL, "start": start, "end": start + timedelta(minutes=10)}
        trades = self.client.get_stock_trades(StockTradesRequest(**common))[SYMBOL]
        quotes = self.client.get_stock_quotes(StockQuotesRequest(**common))[SYMBOL]
        self.assertGreater(len(trades), 10)
        self.assertEqual(len({trade.id for trade in trades}), len(trades))
        self.assertTrue(all(quote.bid_price < quote.ask_price for quote in quotes))

    def test_latest(self):
        symbols = [SYMBOL, OTHER]
        eventually(lambda: len(self.client.get_stock_latest_bar(StockLatestBarRequest(symbol_or_symbols=symbols))) == 2)
        trades = self.client.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols=symbols))
        quotes = self.client.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols=symbols))
        self.assertEqual((set(trades), set(quotes)), (set(symbols), set(symbols)))

    def test_snapshots(self):
        snapshot = self.client.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols=[SYMBOL]))[SYMBOL]
        for part in ["latest_trade", "latest_quote", "minute_bar", "daily_bar", "previous_daily_bar"]:
            self.assertIsNotNone(getattr(snapshot, part), part)
        self.assertLess(snapshot.previous_daily_bar.timestamp, snapshot.daily_bar.timestamp)

    def test_unknown_symbols_are_left_out(self):
        request = StockLatestTradeRequest(symbol_or_symbols=["NOSUCH", SYMBOL])
        self.assertEqual(set(self.client.get_stock_latest_trade(request)), {SYMBOL})

    def test_bad_parameters(self):
        for path, parameters in [
            ("/stocks/bars", {"symbols": SYMBOL, "timeframe": "7Parsec"}),
            ("/stocks/bars", {"symbols": "", "timeframe": "1Min"}),
            ("/stocks/trades", {"symbols": SYMBOL, "start": "whenever"}),
            ("/stocks/trades", {"symbols": SYMBOL, "limit": "0"}),
        ]:
            with self.subTest(path=path, parameters=parameters), self.assertRaises(APIError) as raised:
                self.client.get(path, parameters)
            self.assertEqual(raised.exception.status_code, 400)

    def test_one_symbol_paths(self):
        for kind in ["bars", "trades", "quotes"]:
            parameters = {"timeframe": "1Min", "start": (self.now - timedelta(days=5)).isoformat(), "limit": 3}
            answer = self.client.get(f"/stocks/{SYMBOL}/{kind}", parameters)
            self.assertEqual((answer["symbol"], len(answer[kind])), (SYMBOL, 3))
            latest = self.client.get(f"/stocks/{SYMBOL}/{kind}/latest")
            self.assertIn(kind[:-1], latest)
        self.assertIsNone(self.client.get("/stocks/NOSUCH/bars", {"timeframe": "1Min"})["bars"])
        self.assertIn("dailyBar", self.client.get(f"/stocks/{SYMBOL}/snapshot"))

    def test_corporate_actions(self):
        client = CorporateActionsClient(KEY, SECRET, url_override=f"http://{ADDRESS}")
        actions = client.get_corporate_actions(CorporateActionsRequest(symbols=[SYMBOL]))
        self.assertEqual(actions.data["forward_splits"][0].new_rate, 2)
        self.assertEqual(client.get_corporate_actions(CorporateActionsRequest(symbols=[OTHER])).data, {})
        split = date(2026, 2, 20)
        for start, end, count in [(split, split, 1), (date(2026, 2, 21), date(2026, 2, 28), 0), (date(2026, 2, 1), split, 1)]:
            wanted = CorporateActionsRequest(start=start, end=end, types=[CorporateActionsType.FORWARD_SPLIT])
            self.assertEqual(len(client.get_corporate_actions(wanted).data.get("forward_splits", [])), count, (start, end))

    def test_days_of_all_symbols_and_their_opening_ranges(self):
        names = [asset.symbol for asset in trading().get_all_assets(GetAssetsRequest(status=AssetStatus.ACTIVE))]
        start = self.now - timedelta(days=30)
        days = self.client.get_stock_bars(
            StockBarsRequest(symbol_or_symbols=names, timeframe=TimeFrame(1, TimeFrameUnit.Day), start=start, limit=10_000)
        )
        self.assertEqual(set(days.data), set(names))
        self.assertGreaterEqual(min(len(bars) for bars in days.data.values()), 16)
        open_time = self.bars(1, TimeFrameUnit.Minute, 5)[SYMBOL][0].timestamp
        opening = StockBarsRequest(
            symbol_or_symbols=names,
            timeframe=TimeFrame(1, TimeFrameUnit.Minute),
            start=open_time,
            end=open_time + timedelta(minutes=4),
        )
        self.assertEqual(len(self.client.get_stock_bars(opening)[SYMBOL]), 5)


class Running:
    """Runs a stream in a thread of its own, and stops it."""

    def __init__(self, stream):
        self.stream = stream
        self.thread = threading.Thread(target=stream.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stream.stop()
        self.thread.join(timeout=30)


class Streams(unittest.TestCase):
    def data_stream(self):
        return StockDataStream(KEY, SECRET, url_override=f"ws://{ADDRESS}/v2/sip")

    def test_market_data(self):
        """Bars, daily bars, trades, quotes and statuses, packed as alpaca-py asks for them."""
        heard = {"bars": [], "daily": [], "trades": [], "quotes": []}

        def keep(kind):
            async def handler(message):
                heard[kind].append(message)

            return handler

        stream = self.data_stream()
        stream.subscribe_bars(keep("bars"), "*")
        stream.subscribe_daily_bars(keep("daily"), SYMBOL)
        stream.subscribe_trades(keep("trades"), SYMBOL)
        stream.subscribe_quotes(keep("quotes"), SYMBOL)
        with Running(stream):
            eventually(lambda: all(heard.values()) and {SYMBOL, OTHER} <= {bar.symbol for bar in heard["bars"]})
            stream.unsubscribe_quotes(SYMBOL)
        self.assertEqual({trade.symbol for trade in heard["trades"]}, {SYMBOL})
        bar = next(bar for bar in heard["bars"] if bar.symbol == SYMBOL)
        self.assertEqual(bar.timestamp.second, 0)
        request = StockBarsRequest(
            symbol_or_symbols=SYMBOL, timeframe=TimeFrame.Minute, start=bar.timestamp, end=bar.timestamp
        )
        (same,) = data().get_stock_bars(request)[SYMBOL]
        self.assertEqual((same.open, same.high, same.low, same.close, same.volume, same.vwap, same.trade_count),
                         (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.vwap, bar.trade_count))

    def test_halts_and_corrections(self):
        """The configuration halts this symbol every five minutes, and corrects every bar of it."""
        statuses, updated = [], []

        async def keep_status(status):
            statuses.append(status)

        async def keep_updated(bar):
            updated.append(bar)

        stream = self.data_stream()
        stream.subscribe_trading_statuses(keep_status, HALTED)
        stream.subscribe_updated_bars(keep_updated, HALTED)
        with Running(stream):
            eventually(lambda: {"P", "T"} <= {status.status_code for status in statuses} and updated)
        self.assertEqual({status.reason_code for status in statuses}, {"LUDP"})
        self.assertEqual({bar.symbol for bar in updated}, {HALTED})

    def test_trades_that_are_corrected_or_taken_back(self):
        """The configuration does both to this symbol every five minutes; the SDK hears of them with its trades."""
        trades, corrections, cancels = [], [], []

        def keep_in(heard):
            async def handler(message):
                heard.append(message)

            return handler

        stream = self.data_stream()
        stream.subscribe_trades(keep_in(trades), HALTED)
        stream.register_trade_corrections(keep_in(corrections))
        stream.register_trade_cancels(keep_in(cancels))
        with Running(stream):
            eventually(lambda: corrections and cancels)
        correction, cancel = corrections[0], cancels[0]
        self.assertEqual((correction.symbol, cancel.symbol), (HALTED, HALTED))
        self.assertEqual(cents(correction.corrected_price), cents(correction.original_price + 0.03))
        self.assertNotEqual(correction.original_id, correction.corrected_id)
        self.assertEqual(correction.original_size, correction.corrected_size)
        self.assertEqual(cancel.action, "C")
        told = StockTradesRequest(symbol_or_symbols=HALTED, start=correction.timestamp - timedelta(minutes=2))
        prices = {trade.id: trade.price for trade in data().get_stock_trades(told)[HALTED]}
        self.assertEqual(prices[correction.corrected_id], correction.corrected_price)

    def test_trade_updates(self):
        updates = []

        async def keep(update):
            updates.append(update)

        client = trading()
        last = price()
        stream = TradingStream(KEY, SECRET, url_override=f"ws://{ADDRESS}/stream")
        stream.subscribe_trade_updates(keep)
        with Running(stream):
            eventually(lambda: stream._running)
            order = client.submit_order(
                MarketOrderRequest(symbol=OTHER, qty=2, side=OrderSide.BUY, time_in_force=TimeInForce.DAY)
            )
            rests = client.submit_order(
                LimitOrderRequest(
                    symbol=SYMBOL, qty=1, side=OrderSide.BUY, time_in_force=TimeInForce.DAY, limit_price=cents(last * 0.8)
                )
            )
            eventually(lambda: any(one.event == TradeEvent.NEW and one.order.id == rests.id for one in updates))
            client.cancel_order_by_id(rests.id)
            eventually(lambda: any(one.event == TradeEvent.CANCELED and one.order.id == rests.id for one in updates))
            fills = eventually(lambda: [one for one in updates if one.event == TradeEvent.FILL and one.order.id == order.id])
        self.assertEqual((fills[0].qty, fills[0].position_qty), (2, 2))
        self.assertEqual(float(fills[0].order.filled_avg_price), fills[0].price)
        client.close_all_positions(cancel_orders=True)
        eventually(lambda: not client.get_all_positions())

    def test_wrong_secret_on_the_data_stream(self):
        stream = StockDataStream(KEY, "wrong", url_override=f"ws://{ADDRESS}/v2/sip")
        with self.assertRaisesRegex(ValueError, "auth failed"):
            asyncio.run(self.started(stream))

    def test_wrong_secret_on_the_trading_stream(self):
        stream = TradingStream(KEY, "wrong", url_override=f"ws://{ADDRESS}/stream")
        with self.assertRaisesRegex(ValueError, "failed to authenticate"):
            asyncio.run(self.started(stream))

    def test_a_second_connection_is_refused(self):
        async def both():
            first, second = self.data_stream(), self.data_stream()
            await self.connected(first)
            try:
                with self.assertRaisesRegex(ValueError, "connection limit exceeded"):
                    await second._start_ws()
            finally:
                await first.close()
                await second.close()

        asyncio.run(both())

    async def connected(self, stream):
        """Connects as soon as the connection of the test before is gone."""
        for _ in range(TRIES):
            try:
                return await stream._start_ws()
            except ValueError:
                await stream.close()
                await asyncio.sleep(PAUSE_S)
        raise AssertionError("it never connected")

    async def started(self, stream):
        try:
            await stream._start_ws()
        finally:
            await stream.close()

    def test_the_test_stream(self):
        heard = []

        async def keep(bar):
            heard.append(bar)

        stream = StockDataStream(KEY, SECRET, url_override=f"ws://{ADDRESS}/v2/test")
        stream.subscribe_bars(keep, "FAKEPACA")
        with Running(stream):
            eventually(lambda: heard)
        self.assertEqual(heard[0].symbol, "FAKEPACA")


del Trading  # It has no tests of its own.

if __name__ == "__main__":
    unittest.main(verbosity=2)
