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
    let (file, progress) = begin(&place, task, to.resume)?;
    let mut job = Job { place, file, progress, lines: lines_of(to.format), columns };
    if let Err(failure) = job.run(client, list).await {
        if job.progress.next_page.is_empty() {
            // There is nothing to go on with.
            job.place.clear();
            return Err(failure);
        }
        if matches!(failure.kind(), Kind::Refused | Kind::Usage) {
            return Err(failure);
        }
        return Err(failure.with_hint(format!("{} rows are kept: go on with --resume", job.progress.rows)));
    }
    finish::<L>(&job.place, to)?;
    Ok(job.progress.rows)
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

/// An export to a file, and how far it has come.
struct Job {
    place: Workplace,
    file: File,
    progress: Progress,
    lines: Lines,
    columns: Option<usize>,
}

impl Job {
    /// Reads the pages that are missing, and records after each how far it has come.
    async fn run<L: List>(&mut self, client: &Client, list: &L) -> Result<(), Failure> {
        if self.progress.bytes == 0 {
            self.append(&self.lines.header(&grid::<L>(&[], self.columns)))?;
        }
        loop {
            let page = fetch(client, list, self.progress.next_page.clone()).await?;
            self.same_books(page.ledger_id)?;
            self.append(&self.lines.rows(&grid::<L>(&page.rows, self.columns)))?;
            self.file.sync_data().map_err(|error| cannot(&self.place.partial, &error))?;
            self.progress.rows += page.rows.len() as u64;
            if page.next.is_empty() {
                return Ok(());
            }
            self.progress.next_page = page.next;
            self.place.write(&self.progress)?;
        }
    }

    /// Fails where the daemon keeps other books than when the export began.
    fn same_books(&mut self, ledger_id: String) -> Result<(), Failure> {
        let began = &mut self.progress.ledger_id;
        if began.is_empty() {
            *began = ledger_id;
        } else if *began != ledger_id {
            let message = format!("the daemon keeps the ledger {ledger_id} now, not {began}");
            return Err(Failure::new(Kind::Refused, message).with_hint("start anew without --resume"));
        }
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(|error| cannot(&self.place.partial, &error))?;
        self.progress.bytes += bytes.len() as u64;
        Ok(())
    }
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
