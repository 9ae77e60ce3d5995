//! Lists of the wire: each is a filter that knows how to ask for a page, and the columns of its rows.

use std::convert;

use orb_api::{Client, v1::SortOrder};
use tonic::Status;

use crate::{
    cli::Global,
    commands::filters::Limit,
    failure::{Failure, note},
    output::{Column, Grid},
    paging::{self, LedgerPage, PageRequest},
    session::Session,
};

/// A list that the daemon gives page by page.
pub(crate) trait List {
    /// One of its items.
    type Row: 'static;
    /// Names them in messages, in the plural.
    const NAME: &'static str;
    /// What is shown of them.
    const COLUMNS: &'static [Column<Self::Row>];

    /// Fails where the filter cannot be meant.
    fn check(&self) -> Result<(), Failure>;

    /// Asks for a page, in the order given.
    async fn page(&self, client: &Client, page: PageRequest, order: SortOrder)
    -> Result<LedgerPage<Self::Row>, Status>;
}

/// Shows a list as the daemon orders it, and says whose ledger it is.
pub(crate) async fn show<L: List>(global: &Global, list: &L, limit: &Limit) -> Result<(), Failure> {
    show_arranged(global, list, limit, convert::identity).await
}

/// Shows a list after `arrange` has put its rows in order.
pub(crate) async fn show_arranged<L: List>(
    global: &Global,
    list: &L,
    limit: &Limit,
    arrange: impl FnOnce(Vec<L::Row>) -> Vec<L::Row>,
) -> Result<(), Failure> {
    list.check()?;
    let mut session = Session::open(global).await?;
    let mut ledger = None;
    let client = session.client.clone();
    let rows = paging::collect(limit.rows_max(), async |request| {
        let (owner, page) = list.page(&client, request, SortOrder::Unspecified).await?;
        ledger = owner;
        Ok(page)
    });
    let rows = rows.await.map_err(|status| Failure::from_status(&format!("listing the {}", L::NAME), &status))?;
    session.show_ledger(ledger.as_ref());
    if rows.is_empty() {
        note(&format!("no {}", L::NAME));
    }
    Ok(session.printer.rows(&Grid::of(L::COLUMNS, &arrange(rows)))?)
}
