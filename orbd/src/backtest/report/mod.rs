//! A run as one page: self-contained, for screens and paper, the same bytes for the same run.
//!
//! Every figure comes from `orb_core::metrics`; this module only lays out and draws. All text goes through `maud`,
//! which escapes it.

mod breakdown;
mod chart;
mod data;
mod figures;
mod format;
mod months;
mod page;
mod reasons;
mod repeat;
mod style;
mod trades;
mod warnings;

#[cfg(test)]
mod tests;

use orb_backtest::{FillModel, Report};
use orb_core::RunConfig;
use orb_core::metrics::{Bootstrap, Confidence, Metrics};

use super::{Market, Reports};

/// Holds what a page is made of.
#[derive(Clone, Copy, Debug)]
pub struct PageSource<'a> {
    /// The bars.
    pub market: &'a Market,
    /// The configuration.
    pub run: &'a RunConfig,
    /// The results of both fill models.
    pub reports: &'a Reports,
    /// The model whose trades are listed and drawn; the figures are always those of both.
    pub shown: FillModel,
    /// The command line that repeats the run.
    pub command: &'a str,
}

/// Renders the page of a run.
///
/// # Errors
/// When the bars of the drawn trades cannot be read again.
pub fn report_html(source: PageSource<'_>) -> Result<String, super::InputError> {
    let data = data::scan(source.market)?;
    let models = [FillModel::Pessimistic, FillModel::Optimistic].map(|model| Model::of(model, source.reports));
    page::render(&View { source, data, models })
}

/// Holds a run ready to be shown.
struct View<'a> {
    source: PageSource<'a>,
    data: data::DataFacts,
    /// The pessimistic model first.
    models: [Model<'a>; 2],
}

/// Holds the results and figures of one fill model.
struct Model<'a> {
    fill: FillModel,
    report: &'a Report,
    metrics: Metrics,
    confidence: Confidence,
}

impl<'a> Model<'a> {
    fn of(fill: FillModel, reports: &'a Reports) -> Self {
        let report = reports.of(fill);
        let sample = report.sample();
        Self { fill, report, metrics: sample.metrics(), confidence: sample.confidence(&Bootstrap::default()) }
    }

    const fn title(&self) -> &'static str {
        match self.fill {
            FillModel::Pessimistic => "Pessimistic",
            FillModel::Optimistic => "Optimistic",
        }
    }
}

impl View<'_> {
    /// Returns the model whose trades are listed.
    fn shown(&self) -> &Model<'_> {
        if self.source.shown == FillModel::Pessimistic { &self.models[0] } else { &self.models[1] }
    }

    fn symbol(&self, id: orb_core::SymbolId) -> &str {
        self.source.market.symbols.name(id).as_str()
    }
}
