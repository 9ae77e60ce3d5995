//! The made-up market: reproducible, valid, and with what a real one has.

use orb_core::{Bar, Span, Symbol};
use orb_data::synthetic::{HISTORY_SESSIONS, SyntheticError, SyntheticMarket, SyntheticOptions};
use orb_data::{BarSet, Loaded, SessionBars, nyse_calendar};

#[test]
fn a_seed_gives_the_same_market_on_every_platform() {
    assert_eq!(hash(&market(1)), hash(&market(1)));
    assert_ne!(hash(&market(1)), hash(&market(2)));
    assert_eq!(
        hash(&market(1)),
        469_743_869_797_350_292,
        "the market of a seed has changed: take a new label in random.rs"
    );
}

#[test]
fn symbols_do_not_depend_on_how_many_there_are() {
    let calendar = nyse_calendar(2026, 2026);
    let of = |symbols, sessions| {
        let options = SyntheticOptions { symbols, sessions, ..SyntheticOptions::default() };
        SyntheticMarket::new(3, options).generate(&calendar).expect("a market")
    };
    let (few, many) = (of(6, 1), of(40, 2));
    let date = few.trade.sessions()[0].session().date;
    let name = Symbol::new("ESTOMB").expect("a symbol");
    let bars = |market: &Loaded| {
        let id = market.symbols().id(&name).expect("listed");
        let session = market.trade.session(date).expect("traded");
        session
            .bars()
            .iter()
            .filter(|bar| bar.symbol == id)
            .map(|bar| (bar.start, bar.close, bar.volume))
            .collect::<Vec<_>>()
    };
    assert_eq!(bars(&few), bars(&many));
    assert_eq!((many.symbols().len(), many.trade.sessions().len()), (40, 2));
}

#[test]
fn every_bar_is_valid_and_in_hours_in_any_market() {
    let calendar = nyse_calendar(2025, 2026);
    for seed in 0..10 {
        let first_date = "2025-11-28".parse().expect("a half day");
        let options = SyntheticOptions { sessions: 3, first_date, ..SyntheticOptions::default() };
        let market = SyntheticMarket::new(seed, options).generate(&calendar).expect("a market");
        for set in [&market.trade, &market.warmup] {
            let bars: Vec<Bar> = set.iter().copied().collect();
            let again = BarSet::from_bars(set.symbols().clone(), Span::from_minutes(1), &calendar, bars);
            assert_eq!(again.as_ref(), Ok(set), "seed {seed}");
        }
        assert_eq!(market.trade.sessions()[0].session().date, first_date);
        assert_eq!(market.warmup.sessions().len(), HISTORY_SESSIONS);
        assert!(market.trade.iter().all(|bar| bar.open.micros() % 10_000 == 0 && bar.low.micros() >= 2_000_000));
    }
}

#[test]
fn one_symbol_is_halted_one_is_sparse_and_one_is_late() {
    let (model, market) = (SyntheticMarket::new(1, SyntheticOptions::default()), market(1));
    let session = &market.trade.sessions()[0];
    let gaps = |symbol: Option<Symbol>| minutes(&market, session, &symbol.expect("listed"));
    let halted = gaps(model.halted());
    let longest = halted.windows(2).map(|pair| pair[1] - pair[0]).max();
    assert!(longest >= Some(15), "a hole of a quarter of an hour, not {longest:?}");
    assert_eq!(halted[0], 0);
    let sparse = gaps(model.sparse());
    assert!(sparse[0] == 0 && (300..375).contains(&sparse.len()), "{} minutes", sparse.len());
    assert!(gaps(model.late())[0] > 0);
    let special = [model.halted(), model.sparse(), model.late()].map(|symbol| symbol.expect("listed"));
    let ordinary = market.symbols().iter().filter(|(_, name)| !special.contains(name));
    assert!(ordinary.map(|(_, name)| minutes(&market, session, name)).all(|minutes| minutes.len() == 390));
}

#[test]
fn the_open_is_busy_and_the_middle_of_the_day_is_quiet() {
    let market = market(1);
    let mut volume = [0; 13];
    let mut range = [0; 13];
    for session in market.warmup.sessions() {
        for bar in session.bars() {
            let half_hour = ((bar.start - session.session().open).minutes() / 30) as usize;
            volume[half_hour] += bar.volume;
            range[half_hour] += (bar.high.micros() - bar.low.micros()) * 1_000 / bar.close.micros();
        }
    }
    assert!(volume[0] > 2 * volume[6] && volume[12] > volume[6], "{volume:?}");
    assert!(range[0] > 2 * range[6], "{range:?}");
}

#[test]
fn a_market_beyond_the_calendar_or_without_symbols_is_refused() {
    let calendar = nyse_calendar(2026, 2026);
    let refused = |options| SyntheticMarket::new(0, options).generate(&calendar).expect_err("refused");
    let options = SyntheticOptions::default();
    assert_eq!(refused(SyntheticOptions { symbols: 0, ..options }), SyntheticError::Empty);
    let early = SyntheticOptions { first_date: "2026-01-12".parse().expect("a date"), ..options };
    assert!(matches!(refused(early), SyntheticError::BeyondCalendar { .. }));
    let long = SyntheticOptions { sessions: 1_000, ..options };
    assert!(matches!(refused(long), SyntheticError::BeyondCalendar { .. }));
}

fn market(seed: u64) -> Loaded {
    let calendar = nyse_calendar(2025, 2026);
    SyntheticMarket::new(seed, SyntheticOptions::default()).generate(&calendar).expect("a market")
}

/// Lists the minutes after the open in which a symbol trades.
fn minutes(market: &Loaded, session: &SessionBars, name: &Symbol) -> Vec<i64> {
    let id = market.symbols().id(name).expect("listed");
    let bars = session.bars().iter().filter(|bar| bar.symbol == id);
    bars.map(|bar| (bar.start - session.session().open).minutes()).collect()
}

/// Hashes all bars by FNV-1a.
fn hash(market: &Loaded) -> u64 {
    let numbers = market.warmup.iter().chain(market.trade.iter()).flat_map(|bar| {
        let prices = [bar.open, bar.high, bar.low, bar.close].map(|price| price.micros().cast_unsigned());
        [u64::from(bar.symbol.0), bar.start.micros().cast_unsigned(), bar.volume].into_iter().chain(prices)
    });
    numbers
        .flat_map(u64::to_le_bytes)
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
