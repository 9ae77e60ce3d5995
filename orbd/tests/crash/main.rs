//! Sessions whose process is killed as by `kill -9`, at each step between an event and its effects, and started again.
//!
//! The broker of a session remembers its orders and its time on disk, as a demo's does, and lives in the process that
//! is killed; `survivor` has the other kind, whose market goes on without orbd. A first undisturbed run of each session
//! tells which passages of which places there are (`orbd/src/failpoint.rs`); points are drawn among them.
//!
//! 300 points are drawn here. `ORB_CRASH_POINTS` says how many, `ORB_CRASH_FIRST` the number of the first, and
//! `ORB_CRASH_POINT` repeats a single one, as the message of a failure has it; `ORB_CRASH_SURVIVOR` the number of one at
//! a market that goes on.

// The attributes tell clippy that all of this is test code. A release has no places at which it can be killed.
#[cfg(debug_assertions)]
#[cfg(test)]
mod checks;
#[cfg(debug_assertions)]
#[cfg(test)]
#[path = "../../src/store/tests/cluster.rs"]
#[expect(dead_code, reason = "these tests stop no server")]
mod cluster;
#[cfg(debug_assertions)]
#[cfg(test)]
mod deaths;
#[cfg(debug_assertions)]
#[cfg(test)]
#[path = "../soak/draw.rs"]
mod draw;
#[cfg(debug_assertions)]
#[cfg(test)]
mod life;
#[cfg(debug_assertions)]
#[cfg(test)]
mod point;
#[cfg(debug_assertions)]
#[cfg(test)]
mod scene;
#[cfg(debug_assertions)]
#[cfg(test)]
mod survivor;

#[cfg(debug_assertions)]
#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, Ordering};

    use orb_core::{Span, Timestamp};

    use crate::cluster::Cluster;
    use crate::deaths::{Undisturbed, all_undisturbed, at_once, play, play_all, undisturbed};
    use crate::point::{Passage, Point};
    use crate::scene::{COMMAND, FLATTEN, KILL_AND_FLATTEN, LOSS, PLAIN, SCENES, at};
    use crate::{life, survivor};

    /// Points that are drawn where nothing else is said.
    const POINTS: u64 = 300;
    /// Points at a market that goes on without orbd.
    const SURVIVOR_POINTS: u64 = 20;
    /// Points on a server.
    const SERVER_POINTS: u64 = 6;
    /// Points of a stretch of which every point is meant, where nothing else is said: so many, evenly spread.
    const STRETCH_POINTS: usize = 40;
    /// How long after its first step everything that a flatten does has been done.
    const FLATTEN_LASTS: Span = Span::from_seconds(8);
    /// How long before and after the trip of the limit each passage is a point.
    const AROUND_TRIP: (Span, Span) = (Span::from_seconds(2), Span::from_seconds(8));

    fn number(variable: &str) -> Option<u64> {
        let text = std::env::var(variable).ok()?;
        Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not `{text}`")))
    }

    /// Tells whether a single point is repeated, and repeats it.
    fn repeats_one() -> bool {
        let Ok(text) = std::env::var("ORB_CRASH_POINT") else { return false };
        let point: Point = text.parse().unwrap_or_else(|error| panic!("ORB_CRASH_POINT: {error}"));
        let played = play(&point, None).unwrap_or_else(|told| panic!("{told}"));
        eprintln!("{point}: {played:?}");
        true
    }

    #[test]
    fn sessions_that_are_killed_anywhere_go_on_and_end_well() {
        if repeats_one() {
            return;
        }
        let first = number("ORB_CRASH_FIRST").unwrap_or(1);
        let count = number("ORB_CRASH_POINTS").unwrap_or(POINTS);
        let numbers = first..first.saturating_add(count);
        let undisturbed =
            all_undisturbed((0..SCENES).filter(|scene| numbers.clone().take(6).any(|n| Point::scene_of(n) == *scene)));
        let draw = |number| (Point::draw(number, &undisturbed[&Point::scene_of(number)].passages), None);
        let points: Vec<_> = numbers.map(draw).collect();
        let killed = play_all(&points) as u64;
        eprintln!("of {count} points {killed} killed a process");
        // Which events share a commit is a matter of the machine's time, so that a late passage may not come again.
        assert!(count < 50 || killed * 10 >= count * 8, "only {killed} of {count} points were reached");
    }

    /// Plays a point at each passage between two instants, in microseconds; half of them let entries through again.
    ///
    /// Where nothing is said of how many points there are to be, only some of them.
    fn every_point(scene: u64, undisturbed: &Undisturbed, from: i64, to: i64) {
        let passages: Vec<_> = undisturbed.passages.iter().filter(|passage| (from..to).contains(&passage.at)).collect();
        let every = match number("ORB_CRASH_POINTS") {
            Some(_) => 1,
            None => passages.len().div_ceil(STRETCH_POINTS).max(1),
        };
        // Numbered after they were chosen, so that of any choice half lets entries through again.
        let chosen = passages.into_iter().step_by(every).enumerate();
        let point = |(index, passage): (usize, &Passage)| Point {
            scene,
            deaths: vec![passage.name.clone()],
            resumes: index % 2 == 0,
        };
        let points: Vec<_> = chosen.map(|passage| (point(passage), None)).collect();
        assert!(points.len() >= 20, "there is much to do then: {points:?}");
        let killed = play_all(&points);
        eprintln!("of {} points {killed} killed a process", points.len());
        assert!(killed * 10 >= points.len() * 8, "only {killed} of {} points were reached", points.len());
    }

    fn every_point_after(scene: u64, from: Timestamp) {
        if std::env::var_os("ORB_CRASH_POINT").is_none() {
            every_point(scene, &undisturbed(scene), from.micros(), (from + FLATTEN_LASTS).micros());
        }
    }

    #[test]
    fn a_flatten_that_is_killed_at_any_step_ends_flat() {
        every_point_after(PLAIN, at(FLATTEN));
    }

    #[test]
    fn a_kill_with_flatten_that_is_killed_at_any_step_ends_halted_and_flat() {
        every_point_after(KILL_AND_FLATTEN, at(COMMAND));
    }

    #[test]
    fn a_daily_loss_that_is_passed_holds_whenever_the_process_is_killed() {
        if std::env::var_os("ORB_CRASH_POINT").is_some() {
            return;
        }
        let undisturbed = undisturbed(LOSS);
        let tripped = undisturbed.tripped.expect("the session is made to pass the limit");
        let (before, after) = (tripped - AROUND_TRIP.0.micros(), tripped + AROUND_TRIP.1.micros());
        every_point(LOSS, &undisturbed, before, after);
    }

    #[test]
    fn a_server_keeps_the_records_of_killed_sessions_too() {
        let Some(cluster) = Cluster::start() else { return };
        let numbers = 1..=SERVER_POINTS;
        let undisturbed = all_undisturbed(0..SCENES);
        let draw = |number| {
            let point = Point::draw(number, &undisturbed[&Point::scene_of(number)].passages);
            (point, Some(cluster.database()))
        };
        let points: Vec<_> = numbers.map(draw).collect();
        assert!(play_all(&points) > 0, "no process was killed: {points:?}");
    }

    #[test]
    fn a_market_that_goes_on_without_orbd_finds_it_in_good_order_again() {
        if std::env::var_os("ORB_CRASH_POINT").is_some() {
            return;
        }
        let passages = survivor::undisturbed().unwrap_or_else(|error| panic!("undisturbed: {error:#}"));
        let (killed, failures) = (AtomicU64::new(0), Mutex::new(Vec::new()));
        let first = number("ORB_CRASH_SURVIVOR").unwrap_or(1);
        let count = if std::env::var_os("ORB_CRASH_SURVIVOR").is_some() { 1 } else { SURVIVOR_POINTS };
        let numbers: Vec<u64> = (first..first + count).collect();
        at_once(&numbers, |number| match survivor::play(*number, &passages) {
            Ok(was_killed) => _ = killed.fetch_add(u64::from(was_killed), Ordering::SeqCst),
            Err(told) => failures.lock().expect("no one panics with it").push(format!("{told:#}")),
        });
        let failures = failures.into_inner().expect("no one panicked with it");
        assert!(failures.is_empty(), "{} of {count} failed\n{}", failures.len(), failures.join("\n\n"));
        eprintln!("of {count} points {} killed orbd", killed.load(Ordering::SeqCst));
        // How many depends on the pace of the machine.
        assert!(count == 1 || killed.into_inner() > 0, "no orbd was killed");
    }

    #[test]
    #[ignore = "it is a process of the other tests"]
    fn a_life() {
        life::live();
    }
}
