//! Lists that come in pages: orders, executions, positions.

use std::collections::BTreeSet;

use orb_core::Timestamp;

use super::super::wire::lenient::Listed;
use super::super::wire::order::{FillActivity, Order, Position};
use super::call::{CallError, Unclear};
use super::client::{Manner, Rest};
use super::paths::{self, ACTIVITIES_PAGE, ORDERS_PAGE};

/// Most pages of a list: a day with more is not one of orb's, and a server that never ends is wrong.
const PAGES_MAX: usize = 100;

impl Rest {
    /// Returns the orders of a status that were taken after an instant, oldest first, with their legs.
    ///
    /// # Errors
    /// When a page is missing or an order cannot be read: half a list would be taken for the whole.
    pub(crate) async fn order_list(&self, status: &str, after: Option<Timestamp>) -> Result<Vec<Order>, CallError> {
        let (mut orders, mut seen, mut after) = (Vec::new(), BTreeSet::new(), after);
        for _ in 0..PAGES_MAX {
            let page = whole(self.ask(&Manner::question(), paths::orders(status, after)).await?)?;
            let is_last = page.len() < ORDERS_PAGE;
            // Cut at the microsecond of the last one, which therefore comes again.
            after = page.last().and_then(|order: &Order| order.submitted_at.or(order.created_at)).or(after);
            let known = seen.len();
            orders.extend(page.into_iter().filter(|order| seen.insert(order.id.clone())));
            if is_last {
                return Ok(orders);
            }
            if seen.len() == known {
                break;
            }
        }
        Err(endless("orders"))
    }

    /// Returns the executions after an instant, oldest first, and what was paid in or out.
    ///
    /// # Errors
    /// When a page is missing or an execution cannot be read.
    pub(crate) async fn fill_list(&self, after: Timestamp) -> Result<Vec<FillActivity>, CallError> {
        let (mut fills, mut seen, mut token) = (Vec::new(), BTreeSet::new(), None::<String>);
        for _ in 0..PAGES_MAX {
            let page = whole(self.ask(&Manner::question(), paths::fills(after, token.as_deref())).await?)?;
            let is_last = page.len() < ACTIVITIES_PAGE;
            token = page.last().map(|fill: &FillActivity| fill.id.clone()).or(token);
            let known = seen.len();
            fills.extend(page.into_iter().filter(|fill| seen.insert(fill.id.clone())));
            if is_last {
                return Ok(fills);
            }
            if seen.len() == known {
                break;
            }
        }
        Err(endless("executions"))
    }

    /// Returns all open positions.
    ///
    /// # Errors
    /// When they are not told, or one cannot be read.
    pub(crate) async fn position_list(&self, manner: &Manner<'_>) -> Result<Vec<Position>, CallError> {
        whole(self.ask(manner, paths::call("/v2/positions", &[])).await?)
    }
}

/// Returns the elements of a list that could be read whole.
fn whole<T>(listed: Listed<T>) -> Result<Vec<T>, CallError> {
    match listed.unreadable.into_iter().next() {
        Some(first) => Err(CallError::Unclear(Unclear::Unreadable(first))),
        None => Ok(listed.items),
    }
}

fn endless(what: &str) -> CallError {
    CallError::Unclear(Unclear::Unreadable(format!("the list of {what} does not end")))
}
