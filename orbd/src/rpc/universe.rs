//! The symbols of a day and what became of them, from the reckonings that were recorded.

use std::collections::BTreeSet;

use orb_api::v1;
use orb_core::{Date, Reason};
use tonic::Status;

use super::records::read;
use super::{Handle, chain, convert, explanation, unsettled, validate};
use crate::{store::PageBinding, view::View};

/// Orders the entries: by rank, those without one after the others, by symbol.
type Place = (u32, String, String);

pub(super) async fn list(
    handle: &Handle,
    request: &v1::ListUniverseRequest,
) -> Result<v1::ListUniverseResponse, Status> {
    let size = usize::try_from(validate::page_size(request.page_size)?).unwrap_or(usize::MAX);
    let (asked, strategies) = (validate::date("date", &request.date)?, validate::strategies(&request.strategies)?);
    let states = validate::universe_states(&request.states)?;
    let found = read(&handle.reader, move |reader| {
        let Some(date) = chain::session_date(reader, asked)? else { return Ok(None) };
        Ok(Some((date, reader.explanations(date, None)?)))
    })
    .await?;
    let ledger = Some(convert::ledger(&handle.current().ledger));
    let Some((date, rows)) = found else {
        let date = asked.map(convert::date).unwrap_or_default();
        return Ok(v1::ListUniverseResponse { ledger, date, entries: Vec::new(), next_page_token: String::new() });
    };
    let id = handle.reader.ledger_id();
    let binding = PageBinding::new("universe", id, &(date, &strategies, &states));
    let after = after(&binding, &request.page_token)?;
    let passes = |entry: &v1::UniverseEntry| {
        (strategies.is_empty() || strategies.contains(&entry.strategy))
            && (states.is_empty() || states.contains(&entry.state()))
            && after.as_ref().is_none_or(|after| place(entry) > *after)
    };
    let mut entries: Vec<_> = rows.iter().filter_map(|record| explanation::read(id, record)).map(entry).collect();
    add_unsettled(&handle.current(), date, &mut entries);
    entries.retain(passes);
    entries.sort_by_cached_key(place);
    let more = entries.len() > size;
    entries.truncate(size);
    let next = entries.last().filter(|_| more).map(|last| {
        let (rank, symbol, strategy) = place(last);
        binding.token(&[rank.to_string(), symbol, strategy])
    });
    let date = convert::date(date);
    Ok(v1::ListUniverseResponse { ledger, date, entries, next_page_token: next.unwrap_or_default() })
}

/// Adds the symbols of today of which nothing is recorded, because their day is not settled.
fn add_unsettled(view: &View, date: Date, entries: &mut Vec<v1::UniverseEntry>) {
    let known: BTreeSet<_> = entries.iter().map(|entry| (entry.strategy.clone(), entry.symbol.clone())).collect();
    let unsettled = unsettled::of(view, date).map(|symbol| symbol.entry());
    entries.extend(unsettled.filter(|entry| !known.contains(&(entry.strategy.clone(), entry.symbol.clone()))));
}

fn place(entry: &v1::UniverseEntry) -> Place {
    let rank = entry.features.as_ref().and_then(|features| features.rank);
    (rank.unwrap_or(u32::MAX), entry.symbol.clone(), entry.strategy.clone())
}

fn after(binding: &PageBinding, token: &str) -> Result<Option<Place>, Status> {
    if token.is_empty() {
        return Ok(None);
    }
    let place = binding.read(token).and_then(|parts| match &parts[..] {
        [rank, symbol, strategy] => Some((rank.parse().ok()?, symbol.clone(), strategy.clone())),
        _ => None,
    });
    let unknown =
        || validate::invalid("page_token", "not a token of this list and its filter; start again without one");
    place.map(Some).ok_or_else(unknown)
}

fn entry(found: v1::Explanation) -> v1::UniverseEntry {
    let (state, is_excluded) = match (found.conclusion(), found.reason.as_deref().and_then(Reason::from_code)) {
        (v1::Conclusion::Signal, _) => (v1::UniverseState::Signalled, false),
        // It was watched to the end of its window, and nothing came.
        (_, None | Some(Reason::NoTrigger | Reason::NoEntryBar)) => (v1::UniverseState::Watched, false),
        (_, Some(_)) => (v1::UniverseState::Excluded, true),
    };
    v1::UniverseEntry {
        state: state.into(),
        side: found.side,
        strategy: found.strategy,
        symbol: found.symbol,
        features: found.features,
        range: found.range,
        reason: found.reason.filter(|_| is_excluded),
        detail: if is_excluded { found.detail } else { String::new() },
    }
}
