//! What a daemon prints for people.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use orb_core::metrics::TradeStats;

use crate::store::{DateRange, PageRequest, Reader, SortOrder, TradeFilter, TradeRow};
use crate::telemetry::new_york;
use crate::trades_csv::four_decimals;

/// Prints to standard output; a reader or a terminal that has gone away is no failure.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let is_gone = |error: &std::io::Error| {
        let of_terminal = Some(rustix::io::Errno::IO.raw_os_error());
        error.kind() == std::io::ErrorKind::BrokenPipe || error.raw_os_error() == of_terminal
    };
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if !is_gone(&error) => Err(error).context("cannot print"),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Tells where the daemon is and how to reach it. The link signs a browser in: what stands behind its `#` is kept by the
/// browser, and a demo's token is worth no money.
pub(crate) fn banner(url: &str, token: &Path, folder: &Path, name: &str, resumed: bool) -> String {
    let fragment = std::fs::read_to_string(token).map(|secret| format!("#token={}", secret.trim())).unwrap_or_default();
    let token = token.display();
    let how = if resumed { "goes on where it stood" } else { "begins" };
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(text, "orb demo: a simulated session {how} (ledger {name}, no real money)");
    let _ = writeln!(text, "  API      {url}, token in {token}");
    let _ = writeln!(text, "  browser  {url}/{fragment}");
    let _ = writeln!(text, "  orbctl   orbctl --config {}/orbctl.toml status", folder.display());
    // Expanded by grpcurl itself, so that the token is in no list of processes.
    let header = "-expand-headers -H 'authorization: Bearer ${ORB_TOKEN}'";
    let _ = writeln!(text, "  grpcurl  export ORB_TOKEN=$(cat {token})");
    let target = grpcurl_target(url);
    let _ = writeln!(text, "           grpcurl {header} {target} orb.v1.ControlService/GetStatus");
    let _ = writeln!(text, "  stop     orbctl --config {}/orbctl.toml kill --flatten", folder.display());
    text
}

/// Returns how grpcurl is told an address; of a certificate it must know the authority.
fn grpcurl_target(url: &str) -> String {
    match url.split_once("://") {
        Some(("https", address)) => format!("-cacert CA.pem {address}"),
        Some((_, address)) => format!("-plaintext {address}"),
        None => url.to_owned(),
    }
}

/// Tells where a daemon that trades at a broker is and how to reach it; no account number and no token is in it.
pub(crate) fn live_banner(environment: &str, url: &str, token: &Path, folder: &Path, resumed: bool) -> String {
    let how = if resumed { "goes on with its records" } else { "begins its records" };
    let money = if environment == "live" { "REAL MONEY" } else { "no real money" };
    let (folder, token) = (folder.display(), token.display());
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(text, "orbd run: {environment} ({money}), {how}");
    let _ = writeln!(text, "  API      {url}, token in {token}");
    let _ = writeln!(text, "  orbctl   orbctl --config {folder}/orbctl.toml status");
    let _ = writeln!(text, "  stop     orbctl --config {folder}/orbctl.toml kill --flatten");
    text
}

/// Renders the day's trades and their sums.
pub(crate) fn of_day(reader: &Reader, name: &str, fills: &str) -> anyhow::Result<String> {
    let sessions = reader.sessions(DateRange::default())?;
    let day = sessions.last().context("no session was recorded")?;
    let trades = all_trades(reader, day.date)?;
    let metrics = TradeStats::of(trades.iter().map(|row| &row.trade), &[]);
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(text, "\n{name} {}: {} trades", day.date, metrics.count);
    let _ = writeln!(
        text,
        "{:<8}{:<6}{:>7}  {:<9}{:>11}  {:<9}{:>11}  {:<11}{:>12}{:>9}",
        "symbol", "side", "shares", "in", "price", "out", "price", "by", "net P&L", "R"
    );
    for row in &trades {
        text.push_str(&trade_line(row));
    }
    let rate = metrics.win_rate.map_or_else(|| "-".to_owned(), |rate| format!("{:.1}%", rate * 100.0));
    let _ = writeln!(
        text,
        "win rate {rate}, gross {}, fees {}, net {} ({fills}; a simulation promises nothing)",
        metrics.gross, metrics.fees, metrics.net
    );
    Ok(text)
}

pub(crate) fn all_trades(reader: &Reader, date: orb_core::Date) -> anyhow::Result<Vec<TradeRow>> {
    let filter = TradeFilter { dates: DateRange::day(date), order: SortOrder::OldestFirst, ..TradeFilter::default() };
    let mut rows = Vec::new();
    let mut page = PageRequest::first(1000);
    loop {
        let found = reader.list_trades(&filter, &page)?;
        rows.extend(found.rows);
        match found.next {
            Some(token) => page.token = Some(token),
            None => return Ok(rows),
        }
    }
}

fn trade_line(row: &TradeRow) -> String {
    let trade = &row.trade;
    let exit = trade.exit_time.map(new_york).unwrap_or_default();
    format!(
        "{:<8}{:<6}{:>7}  {:<9}{:>11}  {:<9}{:>11}  {:<11}{:>12}{:>9}\n",
        row.attempt.symbol,
        trade.side,
        trade.entered,
        new_york(trade.entry_time),
        trade.entry_price().to_string(),
        exit,
        trade.exit_price().map(|price| price.to_string()).unwrap_or_default(),
        trade.exit_reason.map_or("open", orb_core::fact::ExitReason::code),
        trade.net().to_string(),
        trade.r_multiple_e4().map(four_decimals).unwrap_or_default(),
    )
}
