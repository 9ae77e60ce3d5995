//! Results continue after any interruption, and join to the same bytes.

use super::*;
use crate::sweep::{Results, merge};

fn shard(index: usize, count: usize) -> Shard {
    Shard { index, count }
}

#[test]
fn threads_make_no_difference() {
    let market = market(8);
    let plan = plan(GRID, &market);
    let (folder, whole) = searched(&plan, &market);
    for threads in [2, 5] {
        let out = folder.path().join(format!("{threads}.jsonl"));
        run(&plan, &market, Shard::WHOLE, threads, &out).expect("results");
        assert_eq!(bytes(&out), bytes(&whole), "{threads} threads");
    }
}

#[test]
fn wherever_a_search_is_cut_off_it_continues_to_the_same_end() {
    let market = market(8);
    let plan = plan(GRID, &market);
    let (folder, whole) = searched(&plan, &market);
    let whole = bytes(&whole);
    let header = whole.iter().position(|&byte| byte == b'\n').expect("a header") + 1;
    let out = folder.path().join("cut.jsonl");
    // Within the header, at its end, within records, at the end of one, and one byte before the end.
    for cut in [0, 5, 100, header - 1, header, header + 1, whole.len() / 2, whole.len() - 1, whole.len()] {
        std::fs::write(&out, &whole[..cut]).expect("written");
        run(&plan, &market, Shard::WHOLE, 2, &out).expect("results");
        assert_eq!(bytes(&out), whole, "cut at {cut}");
    }
}

#[test]
fn what_is_finished_is_not_run_again() {
    let market = market(8);
    let plan = plan(GRID, &market);
    let (_folder, out) = searched(&plan, &market);
    let header = plan.header(&market, Shard::WHOLE).expect("a header");
    let text = String::from_utf8(bytes(&out)).expect("a text");
    let cut = text.lines().take(6).map(|line| format!("{line}\n")).collect::<String>() + "{\"combination\":6,\"po";
    std::fs::write(&out, cut).expect("written");
    let mut results = ResultsFile::open(&out, &header).expect("results");
    assert!(results.is_repaired());
    assert_eq!(results.done().iter().copied().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let ran = std::sync::atomic::AtomicUsize::new(0);
    let work = Work { plan: &plan, market: &market, shard: Shard::WHOLE, threads: NonZero::<usize>::MIN };
    let count = || {
        ran.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    };
    work.run(&mut results, count).expect("run");
    assert_eq!(ran.into_inner(), plan.len() - 5);
}

#[test]
fn parts_join_to_the_whole() {
    let market = market(8);
    for text in [GRID.to_owned(), format!("search = \"random\"\nsamples = 7\nseed = 3\n{GRID}")] {
        let plan = plan(&text, &market);
        let (folder, whole) = searched(&plan, &market);
        let path = |index: usize| folder.path().join(format!("{index}.jsonl"));
        (1..=3).for_each(|index| run(&plan, &market, shard(index, 3), 2, &path(index)).expect("results"));
        let out = folder.path().join("joined.jsonl");
        merge(&[path(3), path(1), path(2)], &out).expect("joined");
        assert_eq!(bytes(&out), bytes(&whole));
        assert_eq!(Results::read(&out).expect("results").records.len(), plan.len());
    }
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let market = market(8);
    let plan = plan(GRID, &market);
    let other = super::plan(&GRID.replace("15", "30"), &market);
    let folder = TempDir::new().expect("a folder");
    let part = |name: &str, plan: &Plan, shard| {
        let path = folder.path().join(name);
        run(plan, &market, shard, 1, &path).expect("results");
        path
    };
    let (one, two) = (part("1", &plan, shard(1, 3)), part("2", &plan, shard(2, 3)));
    let (again, strange) = (part("1-again", &plan, shard(1, 3)), part("strange", &other, shard(3, 3)));
    let halves = part("half", &plan, shard(2, 2));
    let torn = folder.path().join("torn");
    let three = bytes(&part("3", &plan, shard(3, 3)));
    std::fs::write(&torn, &three[..three.len() - 3]).expect("written");
    let out = folder.path().join("out");
    let refused = |parts: &[&PathBuf], says: &str| {
        let parts: Vec<_> = parts.iter().map(|&path| path.clone()).collect();
        let error = merge(&parts, &out).expect_err(says).to_string();
        assert!(error.contains(says), "{error}");
        assert!(!out.exists(), "something was written");
    };
    refused(&[&one, &two], "part 3 of 3 is missing: run it");
    refused(&[&two], "parts 1, 3 of 3 are missing: run them");
    refused(&[&one, &two, &again], "are both part 1/3");
    refused(&[&one, &two, &strange], "another grid");
    refused(&[&one, &halves], "another part (--shard)");
    refused(&[&one, &two, &torn], "part 3/3 is not finished, 1 of its combinations are missing: 12;");
    let error = merge(&[one.clone(), two], &one).expect_err("an input").to_string();
    assert!(error.contains("is one of the parts"), "{error}");
}

#[test]
fn other_results_are_not_continued() {
    let (market, shorter) = (market(8), market(7));
    let plan = plan(GRID, &market);
    let (folder, out) = searched(&plan, &market);
    let before = bytes(&out);
    let refused = |error: ResultsError, says: &str| {
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(bytes(&out), before, "something was written");
    };
    let whole = Shard::WHOLE;
    let other = super::plan(&GRID.replace("60", "90"), &market);
    refused(run(&other, &market, whole, 1, &out).expect_err("another grid"), "of another grid");
    let other = super::plan(GRID, &shorter);
    refused(run(&other, &shorter, whole, 1, &out).expect_err("other bars"), "of another market");
    refused(run(&plan, &market, shard(1, 2), 1, &out).expect_err("a part"), "of another part");
    let mut header = plan.header(&market, whole).expect("a header");
    header.fingerprint.build = "0".to_owned();
    refused(ResultsFile::open(&out, &header).expect_err("another build"), "of another build");
    let header = plan.header(&market, whole).expect("a header");
    let held = ResultsFile::open(&out, &header).expect("results");
    refused(run(&plan, &market, whole, 1, &out).expect_err("busy"), "another search is writing it");
    drop(held);
    // A comment and another order of keys make no other search.
    let same = super::plan(&format!("# mine\nobjective = \"sharpe\"\npreset = \"orb-classic\"\n{GRID}"), &market);
    run(&same, &market, whole, 1, &out).expect("the same search");
    let foreign = folder.path().join("bars.csv");
    std::fs::write(&foreign, "symbol,ts\n").expect("written");
    let error = run(&plan, &market, whole, 1, &foreign).expect_err("no results").to_string();
    assert!(error.contains("these are no results of a search"), "{error}");
    assert_eq!(bytes(&foreign), b"symbol,ts\n");
    let text = String::from_utf8(before.clone()).expect("a text").replacen("{\"combination\":3,", "{\"comb", 1);
    std::fs::write(&foreign, text).expect("written");
    let error = run(&plan, &market, whole, 1, &foreign).expect_err("damaged").to_string();
    assert!(error.contains("bars.csv:4: the line is damaged"), "{error}");
}
