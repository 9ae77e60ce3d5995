//! Reads pages and writes them, so that an interruption costs at most one page.

use std::{
    fmt::Debug,
    fs::{self, File, OpenOptions},
    io::{self, Seek as _, SeekFrom, Write as _},
};

use orb_api::{Client, PAGE_SIZE_MAX, v1::SortOrder};

use super::{
    Destination, FileFormat, columnar,
    progress::{Progress, Workplace, cannot, with_suffix},
    writer::Lines,
};
use crate::{
    failure::{Failure, Kind},
    list::List,
    output::{Column, Grid},
    paging::PageRequest,
    session::Session,
};

/// What a page is written as: a Parquet file cannot be continued, so its rows wait as JSON.
fn lines_of(format: FileFormat) -> Lines {
    match format {
        FileFormat::Csv => Lines::Csv,
        FileFormat::Jsonl | FileFormat::Parquet => Lines::Json,
    }
}

/// Writes a list to standard output.
pub(super) async fn to_printer<L: List>(
    session: &mut Session,
    list: &L,
    format: FileFormat,
    columns: Option<usize>,
) -> Result<(), Failure> {
    let lines = lines_of(format);
    session.printer.raw(&lines.header(&grid::<L>(&[], columns)))?;
    let mut token = String::new();
    loop {
        let page = fetch(&session.client, list, token).await?;
        session.printer.raw(&lines.rows(&grid::<L>(&page.rows, columns)))?;
        if page.next.is_empty() {
            return Ok(());
        }
        token = page.next;
    }
}

/// Writes a list to a file and returns the number of its rows.
pub(super) async fn to_file<L: List + Debug>(
    client: &Client,
    list: &L,
    to: &Destination,
    columns: Option<usize>,
) -> Result<u64, Failure> {
    let place = Workplace::beside(&to.out);
    let task = format!("{} as {}: {list:?}", L::NAME, to.format.name());
    let (mut file, mut progress) = begin(&place, task, to.resume)?;
    let lines = lines_of(to.format);
    if progress.bytes == 0 {
        append(&mut file, &place, &mut progress, &lines.header(&grid::<L>(&[], columns)))?;
    }
    let transferred = transfer(client, list, &place, lines, columns, &mut file, &mut progress).await;
    if let Err(failure) = transferred {
        if progress.next_page.is_empty() {
            // There is nothing to go on with.
            place.clear();
            return Err(failure);
        }
        return Err(failure.with_hint(format!("{} rows are kept: go on with --resume", progress.rows)));
    }
    finish::<L>(&place, to)?;
    Ok(progress.rows)
}

/// Opens the file of the rows: a new one, or what is written for good of an interrupted one.
fn begin(place: &Workplace, task: String, is_resumed: bool) -> Result<(File, Progress), Failure> {
    let failed = |error: io::Error| cannot(&place.partial, &error);
    if !is_resumed {
        place.forget();
        return Ok((File::create(&place.partial).map_err(failed)?, Progress::none(task)));
    }
    let progress = place.read(&task)?;
    let mut file = OpenOptions::new().write(true).open(&place.partial).map_err(failed)?;
    // What came after the last page that was recorded comes again.
    file.set_len(progress.bytes).map_err(failed)?;
    file.seek(SeekFrom::End(0)).map_err(failed)?;
    Ok((file, progress))
}

async fn transfer<L: List>(
    client: &Client,
    list: &L,
    place: &Workplace,
    lines: Lines,
    columns: Option<usize>,
    file: &mut File,
    progress: &mut Progress,
) -> Result<(), Failure> {
    loop {
        let page = fetch(client, list, progress.next_page.clone()).await?;
        same_books(progress, page.ledger_id)?;
        append(file, place, progress, &lines.rows(&grid::<L>(&page.rows, columns)))?;
        file.sync_data().map_err(|error| cannot(&place.partial, &error))?;
        progress.rows += page.rows.len() as u64;
        progress.next_page = page.next;
        if progress.next_page.is_empty() {
            return Ok(());
        }
        place.write(progress)?;
    }
}

/// Fails where the daemon keeps other books than when the export began.
fn same_books(progress: &mut Progress, ledger_id: String) -> Result<(), Failure> {
    if progress.ledger_id.is_empty() {
        progress.ledger_id = ledger_id;
    } else if progress.ledger_id != ledger_id {
        let message = format!("the daemon keeps the ledger {ledger_id} now, not {}", progress.ledger_id);
        return Err(Failure::new(Kind::Refused, message).with_hint("start anew without --resume"));
    }
    Ok(())
}

fn append(file: &mut File, place: &Workplace, progress: &mut Progress, bytes: &[u8]) -> Result<(), Failure> {
    file.write_all(bytes).map_err(|error| cannot(&place.partial, &error))?;
    progress.bytes += bytes.len() as u64;
    Ok(())
}

/// Moves the rows into place, so that nobody reads half of them.
fn finish<L: List>(place: &Workplace, to: &Destination) -> Result<(), Failure> {
    let moved = |from| fs::rename(from, &to.out).map_err(|error| cannot(&to.out, &error));
    match to.format {
        FileFormat::Csv | FileFormat::Jsonl => moved(&place.partial)?,
        FileFormat::Parquet => {
            let fresh = with_suffix(&to.out, ".new");
            columnar::convert(&grid::<L>(&[], None), &place.partial, &fresh)?;
            moved(&fresh)?;
        }
    }
    place.clear();
    Ok(())
}

struct Page<R> {
    rows: Vec<R>,
    next: String,
    ledger_id: String,
}

async fn fetch<L: List>(client: &Client, list: &L, token: String) -> Result<Page<L::Row>, Failure> {
    let size = i32::try_from(PAGE_SIZE_MAX).unwrap_or(i32::MAX);
    let reply = list.page(client, PageRequest { size, token }, SortOrder::OldestFirst).await;
    let failed = |status| Failure::from_status(&format!("exporting the {}", L::NAME), &status);
    let (ledger, (rows, next)) = reply.map_err(failed)?;
    Ok(Page { rows, next, ledger_id: ledger.map_or_else(String::new, |ledger| ledger.id) })
}

fn grid<L: List>(rows: &[L::Row], columns: Option<usize>) -> Grid {
    let all: &[Column<L::Row>] = L::COLUMNS;
    Grid::of(&all[..columns.unwrap_or(all.len()).min(all.len())], rows)
}
