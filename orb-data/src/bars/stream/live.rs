//! Threads that decode, and the days that they complete.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;

use orb_core::Span;

use super::super::arrange::{Arranged, arrange};
use super::super::collect::UnitSummary;
use super::super::length::{self, Gap};
use super::super::load::{Load, LoadOptions, dropped, symbol_maps};
use super::super::set::{Dropped, SessionBars};
use super::super::spare::SpareBars;
use super::board::{Board, News, Piles};
use super::lane::Trouble;
use super::plan::Plan;

/// Days whose bars are looked at to tell the bar length, at most, before the first one is given.
const DAYS_TO_TELL_LENGTH: usize = 5;

/// Lets threads and the consumer work on one board.
pub(super) struct Shared<'a> {
    board: Mutex<Board<'a>>,
    for_threads: Condvar,
    for_consumer: Condvar,
}

impl<'a> Shared<'a> {
    pub(super) const fn new(board: Board<'a>) -> Self {
        Self { board: Mutex::new(board), for_threads: Condvar::new(), for_consumer: Condvar::new() }
    }

    fn board(&self) -> MutexGuard<'_, Board<'a>> {
        self.board.lock().expect("no thread panics while it holds the board")
    }

    /// Decodes until there is nothing left to do.
    pub(super) fn work(&self) {
        let _alarm = EndOnPanic(self);
        let mut board = self.board();
        while !board.is_over() {
            let Some((seat, mut lane)) = board.take_lane() else {
                board = self.for_threads.wait(board).expect("no thread panics while it holds the board");
                continue;
            };
            drop(board);
            let step = lane.step();
            board = self.board();
            board.put_lane(seat, lane, step);
            self.for_consumer.notify_one();
            self.for_threads.notify_all();
        }
    }

    /// Waits for the next session that is complete; [`News::Wait`] is never returned.
    fn next(&self) -> News {
        let mut board = self.board();
        loop {
            match board.news() {
                News::Wait => {
                    board = self.for_consumer.wait(board).expect("no thread panics while it holds the board");
                }
                news @ (News::Day(..) | News::End | News::Trouble) => {
                    self.for_threads.notify_all();
                    return news;
                }
            }
        }
    }

    /// Ends all threads as soon as they are through with what they are at.
    pub(super) fn give_up(&self) {
        // Whatever happened to the thread that held the board, the others are to end.
        self.board.lock().unwrap_or_else(std::sync::PoisonError::into_inner).give_up();
        self.for_threads.notify_all();
        self.for_consumer.notify_all();
    }
}

/// Ends all work when the consumer leaves, however it leaves: the threads would wait for it.
pub(super) struct EndOnDrop<'a>(pub(super) &'a Shared<'a>);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.give_up();
    }
}

/// Ends all work when a thread panics: the consumer would wait for it.
struct EndOnPanic<'a, 'b>(&'b Shared<'a>);

impl Drop for EndOnPanic<'_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.give_up();
        }
    }
}

/// Gives the days of files that are being read, checked like those of files that are loaded.
pub(super) struct Live<'a> {
    shared: &'a Shared<'a>,
    load: Load<'a>,
    plan: &'a Plan,
    spare: &'a SpareBars,
    length: Span,
    /// The closest two bars of a symbol so far.
    closest: Option<Gap>,
    /// Days that were looked at before the first one was given.
    ready: VecDeque<Arranged>,
    has_trade: bool,
    summaries: Option<Vec<UnitSummary>>,
}

impl<'a> Live<'a> {
    /// Waits for the first days and tells the bar length from them.
    pub(super) fn begin(
        shared: &'a Shared<'a>,
        load: Load<'a>,
        plan: &'a Plan,
        spare: &'a SpareBars,
    ) -> Result<Self, Trouble> {
        let (ready, length) = (VecDeque::new(), Span::from_minutes(1));
        let (closest, has_trade, summaries) = (None, false, None);
        let mut live = Self { shared, load, plan, spare, length, closest, ready, has_trade, summaries };
        live.length = match load.options.bar_length {
            Some(length) => length,
            None => live.look_ahead()?,
        };
        Ok(live)
    }

    pub(super) const fn bar_length(&self) -> Span {
        self.length
    }

    /// Takes back bars that nobody looks at any more.
    pub(super) fn take_back(&self, bars: SessionBars) {
        self.spare.give([bars.bars]);
    }

    /// Ends the threads: nothing of what they decode is of use any more.
    pub(super) fn give_up(&self) {
        self.shared.give_up();
    }

    /// Guesses the bar length: bars that are closer together further on are trouble then.
    fn look_ahead(&mut self) -> Result<Span, Trouble> {
        for _ in 0..DAYS_TO_TELL_LENGTH {
            let Some(day) = self.arranged()? else { break };
            self.ready.push_back(day);
            if self.closest.is_some_and(|gap| gap.minutes == 1) {
                break;
            }
        }
        match self.closest.is_some() || self.summaries.is_some() {
            true => length::infer(self.closest).map_err(|_| Trouble),
            false => Err(Trouble),
        }
    }

    /// Returns the next day; `None` when there is none left and everything was in order.
    pub(super) fn next(&mut self) -> Result<Option<Arranged>, Trouble> {
        let day = match self.ready.pop_front() {
            Some(day) => Some(day),
            None => self.arranged()?,
        };
        let Some(mut day) = day else { return self.check_whole().map(|()| None) };
        let is_closer = self.closest.is_some_and(|gap| gap.minutes < self.length.minutes());
        if self.load.options.bar_length.is_none() && is_closer {
            return Err(Trouble);
        }
        day.shift(self.load.options.label, self.length);
        Ok(Some(day))
    }

    /// Waits for the next day and puts its bars in order, with the times that they are labelled with.
    fn arranged(&mut self) -> Result<Option<Arranged>, Trouble> {
        if self.summaries.is_some() {
            return Ok(None);
        }
        match self.shared.next() {
            News::Day(session, piles) => self.arrange(session, piles).map(Some),
            News::End => {
                self.summaries = Some(self.shared.board().summaries());
                Ok(None)
            }
            News::Trouble | News::Wait => Err(Trouble),
        }
    }

    fn arrange(&mut self, session: usize, mut piles: Piles) -> Result<Arranged, Trouble> {
        let LoadOptions { calendar, label, .. } = self.load.options;
        let symbols = self.plan.symbols.len();
        let room = |bars| self.spare.take(bars);
        let day = arrange(calendar.sessions()[session], &mut piles, symbols, label, room).map_err(|_| Trouble)?;
        self.spare.give(piles.into_iter().flatten().map(|stretch| stretch.bars));
        self.has_trade |= day.trade.is_some();
        self.closest = [self.closest, day.closest].into_iter().flatten().min();
        Ok(day)
    }

    /// Checks, once all rows are read, what only all of them tell.
    fn check_whole(&self) -> Result<(), Trouble> {
        let summaries = self.summaries.as_ref().ok_or(Trouble)?;
        self.load.check_files(summaries)?;
        let table = &self.plan.symbols;
        let maps = symbol_maps(summaries, table).ok_or(Trouble)?;
        let [traded, warming] = [false, true].map(|is_warmup| self.load.present(table, &maps, is_warmup));
        let all_are_there = traded.iter().zip(&warming).all(|(one, other)| *one || *other);
        let fits = self.load.regularity(summaries, &maps).fits(self.length, self.closest);
        let is_as_announced = all_are_there && traded == self.plan.tradable;
        if self.has_trade && is_as_announced && fits { Ok(()) } else { Err(Trouble) }
    }

    /// Returns how many rows were dropped; `None` before the end.
    pub(super) fn dropped(&self) -> Option<Dropped> {
        self.summaries.as_deref().map(dropped)
    }
}
