//! The keeper over a real file under real trouble.

use std::fs;
use std::time::Duration;

use super::{Books, LONG, PATIENCE, bundle, ledger, names, until_over};
use crate::spill::{KeepError, Keeper, Kept, Patience};
use crate::store::{StoreError, WriteLock, Writer, make_room};

async fn keep(keeper: &mut Keeper, sequence: u64) -> Kept {
    keeper.keep(bundle(sequence)).await.expect("kept")
}

/// Ends the trouble with a commit, as the loop does.
async fn end_of_trouble(keeper: &mut Keeper, sequence: u64) {
    until_over(keeper).await;
    keeper.resume();
    assert_eq!(keep(keeper, sequence).await, Kept::Committed);
    keeper.remove_spill();
    keeper.finish().await.expect("a good end");
}

#[tokio::test]
async fn while_all_is_well_there_is_no_file() {
    let books = Books::new();
    let mut keeper = books.keeper();
    for sequence in 1..=20 {
        assert_eq!(keep(&mut keeper, sequence).await, Kept::Committed);
    }
    assert!(keeper.trouble().is_none() && !books.spill().exists());
    keeper.finish().await.expect("a good end");
    assert_eq!(books.kept(), (20, (1..=20).collect()));
}

#[tokio::test]
async fn what_a_locked_database_does_not_take_is_in_the_file_and_committed_later_once_and_in_order() {
    let books = Books::new();
    let mut keeper = books.keeper();
    assert_eq!(keep(&mut keeper, 1).await, Kept::Committed);
    let lock = WriteLock::take(&books.url).expect("the lock");
    for sequence in 2..=9 {
        assert_eq!(keep(&mut keeper, sequence).await, Kept::Spilled);
    }
    assert!(!keeper.is_over().expect("no failure"));
    let text = fs::read_to_string(books.spill()).expect("a file");
    assert_eq!(text.lines().count(), 9, "a head and eight commits");
    let trouble = keeper.trouble().expect("trouble");
    assert!(trouble.store.contains("takes longer") || trouble.store.contains("locked"), "{trouble:?}");
    assert_eq!(trouble.spill, None);
    drop(lock);
    end_of_trouble(&mut keeper, 10).await;
    assert!(!books.spill().exists(), "the file is removed");
    assert_eq!(books.kept(), (10, (1..=10).collect()));
}

/// Keeps thousands of rows with next to no patience, but what each row adds.
async fn keep_many(row: Duration) -> Kept {
    let books = Books::new();
    let patience = Patience { commit: Duration::from_micros(1), row, most: LONG, save: LONG };
    let mut keeper = Keeper::start(books.writer(), books.folder.path(), patience).expect("threads");
    let mut many = bundle(1);
    many.facts = (1..=5_000).flat_map(|sequence| bundle(sequence).facts).collect();
    let kept = keeper.keep(many).await.expect("kept");
    until_over_or_well(&mut keeper).await;
    keeper.finish().await.expect("a good end");
    kept
}

async fn until_over_or_well(keeper: &mut Keeper) {
    if keeper.is_degraded() {
        until_over(keeper).await;
        keeper.resume();
    }
}

#[tokio::test]
async fn a_commit_of_thousands_of_rows_is_no_trouble_because_it_takes_its_time() {
    assert_eq!(keep_many(Duration::ZERO).await, Kept::Spilled, "it takes longer than that of a row");
    assert_eq!(keep_many(Duration::from_millis(6)).await, Kept::Committed);
}

#[tokio::test]
async fn trouble_is_not_over_before_everything_is_committed() {
    let books = Books::new();
    let short = Patience { commit: Duration::from_millis(300), ..PATIENCE };
    let mut keeper = Keeper::start(books.writer(), books.folder.path(), short).expect("threads");
    assert_eq!(keep(&mut keeper, 1).await, Kept::Committed);
    // As long as a store is looked at before it counts as calm.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let lock = WriteLock::take(&books.url).expect("the lock");
    assert_eq!(keep(&mut keeper, 2).await, Kept::Spilled);
    // SQLite still waits for the lock: nothing has failed yet, and nothing is well.
    assert!(!keeper.is_over().expect("no failure"), "a commit is still under way");
    drop(lock);
    end_of_trouble(&mut keeper, 3).await;
    assert_eq!(books.kept(), (3, vec![1, 2, 3]));
}

#[tokio::test]
async fn a_full_database_is_told_and_caught_up_when_there_is_room() {
    let books = Books::new();
    let mut writer = books.writer();
    writer.leave_no_room();
    let mut keeper = Keeper::start(writer, books.folder.path(), PATIENCE).expect("threads");
    let mut sequence = 0;
    while !keeper.is_degraded() {
        sequence += 1;
        assert!(sequence < 10_000, "there is always room");
        keep(&mut keeper, sequence).await;
    }
    let trouble = keeper.trouble().expect("trouble");
    assert!(trouble.store.contains("free space on its disk"), "{trouble:?}");
    assert_eq!(keep(&mut keeper, sequence + 1).await, Kept::Spilled);
    make_room(&books.url);
    end_of_trouble(&mut keeper, sequence + 2).await;
    let (last, holds) = books.kept();
    assert_eq!((last, holds), (sequence + 2, (1..=sequence + 2).collect()));
}

#[tokio::test]
async fn where_the_file_cannot_be_written_either_nothing_waits_and_it_is_told() {
    let books = Books::new();
    fs::create_dir(books.spill()).expect("a folder in its place");
    let mut keeper = books.keeper();
    let lock = WriteLock::take(&books.url).expect("the lock");
    for sequence in 1..=5 {
        assert_eq!(keep(&mut keeper, sequence).await, Kept::Volatile);
    }
    let trouble = keeper.trouble().expect("trouble");
    assert!(trouble.spill.expect("trouble with the file too").contains("spill.jsonl"));
    // The file can be written again: all of it goes there, in order.
    fs::remove_dir(books.spill()).expect("removed");
    let saved = async {
        while keeper.trouble().is_some_and(|trouble| trouble.spill.is_some()) {
            keeper.news().await;
        }
    };
    tokio::time::timeout(LONG, saved).await.expect("saved");
    assert_eq!(keep(&mut keeper, 6).await, Kept::Spilled);
    assert_eq!(fs::read_to_string(books.spill()).expect("a file").lines().count(), 7);
    drop(lock);
    end_of_trouble(&mut keeper, 7).await;
    assert_eq!(books.kept(), (7, (1..=7).collect()));
}

#[tokio::test]
async fn a_file_that_hangs_holds_nobody_up() {
    let books = Books::new();
    // Nobody reads from the pipe, so whoever opens it waits.
    let made = std::process::Command::new("mkfifo").arg(books.spill()).status();
    assert!(made.expect("mkfifo").success());
    let mut keeper = books.keeper();
    let lock = WriteLock::take(&books.url).expect("the lock");
    for sequence in 1..=100 {
        assert_eq!(keep(&mut keeper, sequence).await, Kept::Volatile);
    }
    let trouble = keeper.trouble().expect("trouble").spill.expect("trouble with the file too");
    assert!(trouble.contains("takes longer"), "{trouble}");
    drop(lock);
    until_over(&mut keeper).await;
    drop(keeper);
    assert_eq!(books.kept().0, 100);
}

#[tokio::test]
async fn what_is_in_memory_alone_is_bounded_and_told_at_the_end() {
    let books = Books::new();
    fs::create_dir(books.spill()).expect("a folder in its place");
    let mut keeper = books.keeper();
    let _lock = WriteLock::take(&books.url).expect("the lock");
    let large = |sequence| {
        let mut large = bundle(sequence);
        large.events.as_mut().expect("events").bytes = vec![7; 8 << 20];
        large
    };
    let mut sequence = 0;
    while !keeper.is_full() {
        sequence += 1;
        assert!(sequence < 20, "it is never full");
        assert_eq!(keeper.keep(large(sequence)).await.expect("kept"), Kept::Volatile);
    }
    let lost = keeper.finish().await.expect_err("nothing is kept");
    assert!(matches!(lost, KeepError::Lost { count, .. } if count == sequence), "{lost}");
}

#[tokio::test]
async fn an_end_in_trouble_leaves_the_file_for_the_next_start() {
    let books = Books::new();
    let mut keeper = books.keeper();
    let lock = WriteLock::take(&books.url).expect("the lock");
    assert_eq!(keep(&mut keeper, 1).await, Kept::Spilled);
    keeper.finish().await.expect("a good end");
    drop(lock);
    drop(keeper);
    assert!(books.spill().exists());
}

#[tokio::test]
async fn what_fails_for_good_is_an_error() {
    let books = Books::new();
    let mut keeper = books.keeper();
    assert_eq!(keep(&mut keeper, 1).await, Kept::Committed);
    let error = keeper.keep(bundle(1)).await.expect_err("the same number again");
    assert!(matches!(error, KeepError::Store(StoreError::Sequence { first: 1, last: 1 })), "{error}");
    assert!(!books.spill().exists());
    drop(keeper);
    // The ledger is free again.
    drop(Writer::open(&books.url, ledger(), names()).expect("a writer"));
}

#[tokio::test]
async fn explanations_are_kept_although_the_file_leaves_them_out() {
    use orb_core::event::SymbolReference;
    use orb_core::explain::Explanation;
    use orb_core::fact::Fact;
    let books = Books::new();
    let mut keeper = books.keeper();
    let lock = WriteLock::take(&books.url).expect("the lock");
    assert_eq!(keep(&mut keeper, 1).await, Kept::Spilled);
    let attempt = orb_core::order::AttemptId {
        date: "2026-02-13".parse().expect("a date"),
        strategy: orb_core::StrategyId(0),
        symbol: orb_core::SymbolId(1),
        attempt: 0,
    };
    let explained = Explanation::begin(attempt, orb_core::Timestamp::from_micros(3), SymbolReference::default());
    let mut second = bundle(2);
    second.facts.push(Fact::Explained(Box::new(explained)));
    assert_eq!(keeper.keep(second).await.expect("kept"), Kept::Spilled);
    drop(lock);
    end_of_trouble(&mut keeper, 3).await;
    let reader = crate::store::Reader::open(&books.url, &ledger()).expect("a reader");
    assert_eq!(reader.explanations(attempt.date, Some("BBB")).expect("the records").len(), 1);
}
