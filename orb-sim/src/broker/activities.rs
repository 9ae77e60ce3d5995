//! What happened to the account, as a list that is read page by page.

use orb_core::{Date, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::account::{CashMovement, Execution};
use super::engine::Broker;
use super::fields::shorten;
use super::hours::{new_york, new_york_date};
use super::order::OrderStatus;
use super::order_json::side_word;
use super::query::{self, Direction};
use super::refusal::Refusal;
use crate::http::Request;

const PAGE_SIZE_MAX: usize = 100;
const FILL: &str = "FILL";

/// Refers to one thing that happened.
#[derive(Clone, Copy, Debug)]
enum Activity<'a> {
    Fill(&'a Execution),
    Cash(&'a CashMovement),
}

/// Describes a list that is asked for.
#[derive(Clone, Debug)]
struct Filter<'a> {
    types: Option<Vec<&'a str>>,
    date: Option<Date>,
    after: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Broker {
    /// Lists activities, of one type where the path names it.
    pub(super) fn list_activities(&self, of_type: Option<&str>, request: &Request) -> Result<Value, Refusal> {
        let filter = parse_filter(of_type, request)?;
        let size = query::count(request, "page_size", PAGE_SIZE_MAX, PAGE_SIZE_MAX)?;
        let mut all = self.activities();
        all.retain(|activity| filter.fits(*activity));
        if query::direction(request)? == Direction::Descending {
            all.reverse();
        }
        let start = match request.parameter("page_token").filter(|token| !token.is_empty()) {
            None => 0,
            Some(token) => {
                let position = all.iter().position(|activity| activity.id() == token);
                position.ok_or_else(|| Refusal::Invalid { field: "page_token", value: shorten(token) })? + 1
            }
        };
        Ok(all[start..].iter().take(size).map(|activity| self.activity_json(*activity)).collect())
    }

    /// Returns everything in the order in which it happened; what was busted did not.
    fn activities(&self) -> Vec<Activity<'_>> {
        let fills = self.account.executions.iter().filter(|one| one.busted.is_none()).map(Activity::Fill);
        let mut all: Vec<_> = fills.chain(self.account.movements.iter().map(Activity::Cash)).collect();
        all.sort_by_key(|activity| activity.at());
        all
    }

    fn activity_json(&self, activity: Activity<'_>) -> Value {
        match activity {
            Activity::Fill(execution) => self.fill_json(&activity.id(), execution),
            Activity::Cash(movement) => json!({
                "id": activity.id(),
                "account_id": self.account_id,
                "activity_type": movement.kind.as_str(),
                "date": new_york_date(movement.at).to_string(),
                "created_at": movement.at.to_string(),
                "net_amount": movement.amount.to_string(),
                "description": movement.kind.description(),
                "status": "executed",
            }),
        }
    }

    fn fill_json(&self, id: &str, execution: &Execution) -> Value {
        let complete = execution.status == OrderStatus::Filled;
        json!({
            "id": id,
            "account_id": self.account_id,
            "activity_type": FILL,
            "transaction_time": execution.at.to_string(),
            "type": if complete { "fill" } else { "partial_fill" },
            "price": execution.price.to_string(),
            "qty": execution.shares.to_string(),
            "side": if execution.short { "sell_short" } else { side_word(execution.side) },
            "symbol": self.symbol_name(execution.symbol),
            "leaves_qty": execution.leaves.to_string(),
            "order_id": execution.order_id,
            "cum_qty": execution.cumulative.to_string(),
            "order_status": if complete { "filled" } else { "partially_filled" },
        })
    }
}

impl Activity<'_> {
    const fn at(self) -> Timestamp {
        match self {
            Self::Fill(execution) => execution.at,
            Self::Cash(movement) => movement.at,
        }
    }

    const fn uuid(self) -> Uuid {
        match self {
            Self::Fill(execution) => execution.id,
            Self::Cash(movement) => movement.id,
        }
    }

    /// Returns the identifier: the time in New York to the millisecond, and a UUID.
    fn id(self) -> String {
        format!("{}::{}", new_york(self.at()).format("%Y%m%d%H%M%S%3f"), self.uuid())
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Fill(_) => FILL,
            Self::Cash(movement) => movement.kind.as_str(),
        }
    }
}

impl Filter<'_> {
    fn fits(&self, activity: Activity<'_>) -> bool {
        let at = activity.at();
        self.types.as_ref().is_none_or(|types| types.contains(&activity.kind()))
            && self.date.is_none_or(|date| date == new_york_date(at))
            && self.after.is_none_or(|after| at > after)
            && self.until.is_none_or(|until| at < until)
    }
}

fn parse_filter<'a>(of_type: Option<&'a str>, request: &'a Request) -> Result<Filter<'a>, Refusal> {
    let types = match of_type {
        Some(one) => Some(vec![one]),
        None => query::list(request, "activity_types"),
    };
    let (after, until) = (query::instant(request, "after")?, query::instant(request, "until")?);
    Ok(Filter { types, date: query::date(request, "date")?, after, until })
}
