//! Panics, wherever they are.

use super::report::Report;
use super::reporter::Reporter;

/// Reports every panic of this process besides what is done about it anyway.
pub(super) fn report_to(reporter: Reporter) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        before(info);
        reporter.tell(Report::panic(info));
    }));
}
