//! The reckoning of every symbol's day, for people: it is kept only where it is asked for, and decides nothing.

use rust_decimal::Decimal;

use super::Engine;
use super::entries::Asked;
use crate::bar::Bar;
use crate::config::{EntryKind, StrategyId};
use crate::effect::Effects;
use crate::explain::{Explanation, ProposedEntry, SizeArithmetic, Verdict};
use crate::fact::Fact;
use crate::order::AttemptId;
use crate::ranker::{Candidate, Refusal};
use crate::reason::Reason;
use crate::score::{Score, Setting};
use crate::side::Side;
use crate::symbol::SymbolId;

impl Engine {
    /// Describes a candidate for the score; `None` when it has no setup, or no plan of that side.
    pub(super) fn setting(
        &self,
        id: StrategyId,
        symbol: SymbolId,
        side: Side,
        breakout: Option<&Bar>,
    ) -> Option<Setting> {
        let strategy = self.strategy(id);
        let signals = &self.strategies[id.index()].signals;
        let setup = signals.setup(symbol)?;
        Some(Setting {
            side,
            range: setup.range,
            level: signals.level(strategy, symbol, side, breakout)?,
            breakout: breakout.copied().filter(|_| strategy.entry == EntryKind::Close),
            rvol: setup.rvol,
            atr14: setup.atr14,
            previous_close: self.reference[symbol.index()].previous_close,
        })
    }

    pub(super) fn explain_refusal(&mut self, id: StrategyId, refusal: &Refusal) {
        if let Some(explanation) = self.explanation(id, refusal.symbol) {
            (explanation.range, explanation.rvol, explanation.rank) = (refusal.range, refusal.rvol, refusal.rank);
            explanation.checks.clone_from(&refusal.checks);
        }
    }

    pub(super) fn explain_candidate(&mut self, id: StrategyId, candidate: &Candidate) {
        if let Some(explanation) = self.explanation(id, candidate.symbol) {
            explanation.range = Some(candidate.range);
            (explanation.rvol, explanation.rank) = (candidate.rvol, Some(candidate.rank));
            explanation.checks.clone_from(&candidate.checks);
        }
    }

    pub(super) fn explain_entry(&mut self, asked: &Asked, size: &SizeArithmetic) {
        let &Asked { proposal, exits, score } = asked;
        if let Some(explanation) = self.explanation(proposal.attempt.strategy, proposal.attempt.symbol) {
            let (side, level) = (proposal.side, proposal.level);
            explanation.entry = Some(ProposedEntry { side, level, exits, score, size: *size });
        }
    }

    pub(super) fn explain_signal(&mut self, attempt: AttemptId, out: &mut Effects) {
        self.settle_explanation(attempt, Verdict::Signal, out);
    }

    pub(super) fn explain_no_trade(&mut self, attempt: AttemptId, reason: Reason, detail: &str, out: &mut Effects) {
        if self.config.explains {
            self.settle_explanation(attempt, Verdict::NoTrade(reason, detail.to_owned()), out);
        }
    }

    fn settle_explanation(&mut self, attempt: AttemptId, verdict: Verdict, out: &mut Effects) {
        let now = self.now;
        if let Some(explanation) = self.explanation(attempt.strategy, attempt.symbol) {
            (explanation.at, explanation.verdict) = (now, verdict);
            out.record(Fact::Explained(Box::new(explanation.clone())));
        }
    }

    /// Finds or begins the explanation of a symbol's day; `None` where none are asked for.
    fn explanation(&mut self, strategy: StrategyId, symbol: SymbolId) -> Option<&mut Explanation> {
        let session = self.session.filter(|_| self.config.explains)?;
        let (now, known) = (self.now, self.reference[symbol.index()]);
        let attempt = AttemptId { date: session.date, strategy, symbol, attempt: 0 };
        let begin = || Explanation::begin(attempt, now, known);
        Some(self.explanations.entry((strategy, symbol)).or_insert_with(begin))
    }
}

/// Returns why a score does not pass a smallest one; `None` when it does.
pub(super) fn score_refusal(score: Option<&Score>, smallest: Decimal) -> Option<(Reason, String)> {
    let Some(score) = score else { return Some((Reason::ScoreMissing, String::new())) };
    let score = Decimal::new(i64::from(score.total_e6), 6);
    (score < smallest).then(|| (Reason::Score, format!("{} needs {smallest}", score.normalize())))
}
