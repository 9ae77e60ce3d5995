//! Random markets and random settings, from a seed.

use orb_core::event::SymbolReference;
use orb_core::{Bar, Price, Session, Span, SymbolId};

/// Draws numbers: a seed gives the same market everywhere.
///
/// Source: Vigna, "SplitMix64", public domain.
#[derive(Clone, Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Draws from [low, high).
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        assert!(low < high, "an empty interval");
        low + i64::try_from(self.next() % u64::try_from(high - low).expect("positive")).expect("small")
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[usize::try_from(self.next()).unwrap_or(usize::MAX) % choices.len()]
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in (1..items.len()).rev() {
            let other = usize::try_from(self.next() % (index as u64 + 1)).expect("an index");
            items.swap(index, other);
        }
    }
}

/// Draws the settings of a run: a line for [`crate::day::engine_config`].
pub(crate) fn settings(dice: &mut Dice) -> String {
    let base = *dice.pick(&[
        "orb-classic",
        "orb-classic slot_policy=ranked",
        "orb-classic direction=candle",
        "orb-classic direction=candle slot_policy=ranked",
        "orb-classic stop=atr:0.1 target_r=off",
        "orb-etf",
        "orb-etf stop=atr:0.1 slot_policy=first_trigger",
        "orb-classic entry=close",
        "orb-classic entry=close direction=candle slot_policy=ranked stop=percent:1",
        "orb-classic stop=percent:1 target_percent=2 sizing=notional:20000",
        "orb-classic atr_method=wilder stop=atr:0.1 sizing=shares:100 score_min=0.4",
    ]);
    let mut line = base.to_owned();
    for (key, values) in [
        ("max_positions", &["1", "2", "3", "5"][..]),
        ("risk_fraction", &["0.01", "0.02", "0.1", "0.5"]),
        ("leverage", &["0.1", "0.5", "1", "4"]),
        ("daily_loss_limit", &["0.002", "0.01", "0.05", "0.5"]),
        ("slippage", &["0", "0.003", "0.02"]),
        ("fee_per_share", &["0", "0.0035"]),
        ("flatten_before_close", &["0", "3", "5", "8"]),
        ("entry_cutoff", &["off", "30", "27"]),
        ("range_minutes", &["5", "15"]),
    ] {
        line = format!("{line} {key}={}", dice.pick(values));
    }
    line
}

/// Draws the settings of up to three strategies, with universes of their own: a line for [`crate::day::engine_config`].
pub(crate) fn strategies(dice: &mut Dice) -> String {
    let count = dice.between(1, 4);
    let one = |number: i64, dice: &mut Dice| {
        let universe = *dice.pick(&["", " symbols=A,B,C", " symbols=B,D"]);
        let filters =
            *dice.pick(&["", " price_min=20 universe_max=3 rvol_min=0.5 top=2", " atr_min=1 average_volume_min=3000"]);
        format!("{} name=s{number}{universe}{filters}", settings(dice))
    };
    (0..count).map(|number| one(number, dice)).collect::<Vec<_>>().join(" | ")
}

/// Draws the bars of a session: walks with gaps, missing bars and silent symbols.
pub(crate) fn bars(dice: &mut Dice, session: &Session, length: Span, symbols: u32) -> Vec<Bar> {
    let mut bars = Vec::new();
    let count = (session.close - session.open).micros() / length.micros();
    for symbol in (0..symbols).map(SymbolId) {
        let mut last = dice.between(400_000, 150_000_000);
        let silent = dice.chance(5);
        let missing = *dice.pick(&[0, 0, 3, 30]);
        for number in 0..count {
            if dice.chance(1) {
                last = last * dice.between(60, 150) / 100;
            }
            let wild = last / *dice.pick(&[50, 200, 400]) + 2_000;
            let step = |dice: &mut Dice, from: i64| (from + dice.between(-wild, wild)).max(1_000);
            let (open, close) = (step(dice, last), step(dice, last));
            let high = open.max(close) + dice.between(0, wild);
            let low = (open.min(close) - dice.between(0, wild)).max(500);
            last = close;
            if silent || dice.chance(missing) {
                continue;
            }
            let cents =
                |micros: i64| Price::from_micros(if micros > 2_000_000 { micros / 10_000 * 10_000 } else { micros });
            let bar = Bar {
                symbol,
                start: session.open + Span::from_micros(number * length.micros()),
                open: cents(open),
                high: cents(high),
                low: cents(low),
                close: cents(close),
                volume: 100 + dice.next() % 10_000,
            };
            bars.push(bar.validated().expect("a valid bar"));
        }
    }
    bars.sort_by_key(|bar| (bar.start, bar.symbol));
    bars
}

/// Draws what is known of the symbols.
pub(crate) fn reference(dice: &mut Dice, bars: &[Bar], symbols: u32) -> Vec<SymbolReference> {
    (0..symbols)
        .map(|symbol| {
            let first =
                bars.iter().find(|bar| bar.symbol == SymbolId(symbol)).map_or(1_000_000, |bar| bar.open.micros());
            let known = |dice: &mut Dice, value: i64| (!dice.chance(20)).then_some(value);
            let percent = dice.between(80, 120);
            let close = known(dice, (first * percent / 100).max(100)).map(Price::from_micros);
            let atr14 = known(dice, first / 20 + 100).map(Price::from_micros);
            let sum = dice.between(1, 200_000);
            let opening = known(dice, sum).and_then(|sum| u64::try_from(sum).ok());
            SymbolReference {
                previous_close: close,
                atr14,
                atr14_wilder: atr14,
                volume_sum14: opening.map(|sum| sum * 70),
                opening_volume_sum14: [opening; 5],
                restricted: dice.chance(10),
                unshortable: false,
                margin_long: None,
                margin_short: None,
            }
        })
        .collect()
}
