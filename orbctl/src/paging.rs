//! Reading a list page by page.

use orb_api::PAGE_SIZE_MAX;
use orb_api::v1::Ledger;
use tonic::Status;

use crate::failure::note;

/// Which page is asked for.
#[derive(Debug)]
pub(crate) struct PageRequest {
    pub(crate) size: i32,
    pub(crate) token: String,
}

/// What a page brings: its rows, and the token of the next, empty on the last.
pub(crate) type Page<T> = (Vec<T>, String);

/// A page with the ledger that it belongs to.
pub(crate) type LedgerPage<T> = (Option<Ledger>, Page<T>);

/// Reads pages until there are `limit` rows or no more; without a limit, all.
pub(crate) async fn collect<T>(
    limit: Option<u32>,
    mut fetch: impl AsyncFnMut(PageRequest) -> Result<Page<T>, Status>,
) -> Result<Vec<T>, Status> {
    let mut rows = Vec::new();
    let mut token = String::new();
    loop {
        let missing = limit.map_or(PAGE_SIZE_MAX, |limit| limit.saturating_sub(count(&rows)));
        let size = i32::try_from(missing.min(PAGE_SIZE_MAX)).unwrap_or(i32::MAX);
        let (page, next) = fetch(PageRequest { size, token }).await?;
        rows.extend(page);
        if next.is_empty() {
            return Ok(rows);
        }
        if limit.is_some_and(|limit| count(&rows) >= limit) {
            note(&format!("only the first {} rows: raise --limit for more", rows.len()));
            return Ok(rows);
        }
        token = next;
    }
}

fn count<T>(rows: &[T]) -> u32 {
    u32::try_from(rows.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(limit: Option<u32>, total: usize) -> Vec<usize> {
        let fetch = async |page: PageRequest| {
            let start = page.token.parse().unwrap_or(0);
            let end = total.min(start + usize::try_from(page.size).unwrap());
            let next = if end < total { end.to_string() } else { String::new() };
            Ok(((start..end).collect(), next))
        };
        collect(limit, fetch).await.unwrap()
    }

    #[tokio::test]
    async fn all_pages_are_joined() {
        assert_eq!(run(None, 0).await, Vec::<usize>::new());
        assert_eq!(run(None, 2500).await, (0..2500).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_limit_is_kept_to_the_row() {
        assert_eq!(run(Some(1200), 2500).await.len(), 1200);
        assert_eq!(run(Some(50), 20).await.len(), 20);
    }
}
