//! Time moves when it may and never when it may not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use orb_core::Span;

use super::*;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn clock() -> SimClock {
    SimClock::new(at(0), Speed::Max)
}

#[track_caller]
fn held(clock: &SimClock, next: i64) {
    let before = clock.now();
    let step = clock.step(Some(at(next)));
    assert!(matches!(step, Step::Held(_)), "{step:?}");
    assert_eq!(clock.now(), before);
}

#[track_caller]
fn moves(clock: &SimClock, next: i64) {
    assert_eq!(clock.step(Some(at(next))), Step::Event(at(next)));
    assert_eq!(clock.now(), at(next));
}

/// Runs the simulator's side: events at the multiples of a distance, until told to stop.
async fn pump(clock: SimClock, every: i64, stop: Arc<AtomicBool>) {
    let mut next = every;
    while !stop.load(Ordering::SeqCst) {
        match clock.step(Some(at(next))) {
            Step::Event(_) => next += every,
            Step::Woken => {}
            Step::Held(recheck) => {
                let wait = recheck.unwrap_or(Duration::from_millis(5));
                let _ = tokio::time::timeout(wait, clock.changed()).await;
            }
            Step::Early(wait) => tokio::time::sleep(wait).await,
            Step::Idle => tokio::task::yield_now().await,
        }
        tokio::task::yield_now().await;
    }
}

#[test]
fn time_goes_from_event_to_event_and_stands_at_the_end() {
    let clock = clock();
    moves(&clock, 10);
    moves(&clock, 10);
    moves(&clock, 25);
    assert_eq!(clock.step(None), Step::Idle);
    assert_eq!(clock.now(), at(25));
}

#[test]
fn guards_hold_time_until_the_last_one_is_gone() {
    let clock = clock();
    let (one, other) = (clock.busy(), clock.busy());
    held(&clock, 10);
    drop(one);
    held(&clock, 10);
    drop(other);
    moves(&clock, 10);
}

#[test]
fn frames_hold_time_for_a_client_in_lock_step_alone() {
    let clock = clock();
    clock.frame_sent();
    moves(&clock, 10);
    let client = clock.register();
    clock.frame_sent();
    clock.frame_sent();
    held(&clock, 20);
    clock.frame_done();
    held(&clock, 20);
    clock.frame_done();
    moves(&clock, 20);
    clock.frame_sent();
    held(&clock, 30);
    drop(client);
    moves(&clock, 30);
}

#[test]
fn what_was_pushed_holds_time_until_it_was_seen() {
    let clock = clock();
    let _client = clock.register();
    clock.pushed();
    held(&clock, 10);
    clock.parked();
    moves(&clock, 10);
    // The runtime looked before the second push, so it has not seen it.
    clock.pushed();
    let seen = clock.seen();
    clock.pushed();
    clock.parked_since(seen);
    held(&clock, 20);
    clock.parked();
    moves(&clock, 20);
}

#[test]
fn frames_that_were_never_written_are_done_with_their_connection() {
    let clock = clock();
    let _client = clock.register();
    clock.frame_sent();
    clock.frame_sent();
    clock.frame_done();
    clock.connection_ended(1, 1);
    moves(&clock, 10);
}

#[test]
fn frames_that_were_written_to_a_dead_connection_are_given_up_in_the_end() {
    let clock = clock();
    let _client = clock.register();
    clock.frame_sent();
    clock.connection_ended(0, 1);
    held(&clock, 10);
    std::thread::sleep(QUIET + Duration::from_millis(20));
    moves(&clock, 10);
    // A late word about it is no word about another one.
    clock.frame_sent();
    clock.frame_done();
    moves(&clock, 20);
    clock.frame_done();
    clock.frame_sent();
    held(&clock, 30);
}

#[test]
fn frames_of_a_living_connection_are_never_given_up() {
    let clock = clock();
    let _client = clock.register();
    clock.frame_sent();
    std::thread::sleep(QUIET + Duration::from_millis(20));
    held(&clock, 10);
}

#[test]
fn time_follows_the_pace_but_never_reaches_an_event_by_itself() {
    let clock = SimClock::new(at(0), Speed::Times(1e6));
    clock.expect(Some(at(50_000_000)));
    std::thread::sleep(Duration::from_millis(5));
    let now = clock.now();
    assert!(at(0) < now && now < at(50_000_000), "{now}");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(clock.now(), at(49_999_999));
    assert_eq!(clock.step(Some(at(50_000_000))), Step::Event(at(50_000_000)));
}

#[test]
fn a_guard_stops_the_pace_as_well() {
    let clock = SimClock::new(at(0), Speed::Times(1_000.0));
    clock.expect(None);
    let guard = clock.busy();
    let before = clock.now();
    std::thread::sleep(Duration::from_millis(10));
    assert_eq!(clock.now(), before);
    drop(guard);
    assert!(matches!(clock.step(Some(before + Span::from_minutes(60))), Step::Early(_)));
}

#[test]
fn for_a_client_in_lock_step_only_events_have_times() {
    let clock = SimClock::new(at(0), Speed::Times(1e6));
    let _client = clock.register();
    clock.expect(Some(at(50_000_000)));
    let before = clock.now();
    std::thread::sleep(Duration::from_millis(5));
    assert_eq!(clock.now(), before);
}

#[test]
fn a_night_passes_at_once() {
    let clock = SimClock::new(at(0), Speed::Times(1.0));
    let morning = at(60_000_000_000);
    assert!(matches!(clock.step(Some(morning)), Step::Early(_)));
    clock.skip_to(morning);
    assert_eq!(clock.step(Some(morning)), Step::Event(morning));
    assert!(matches!(clock.step(Some(morning + Span::from_minutes(1))), Step::Early(_)));
}

#[tokio::test]
async fn sleepers_wake_after_the_events_of_their_instant_and_one_by_one() {
    let clock = clock();
    let (mut one, mut other) = (Box::pin(clock.sleep_until(at(10))), Box::pin(clock.sleep_until(at(10))));
    let poll = |sleep: &mut std::pin::Pin<Box<Sleep>>| futures_util::future::FutureExt::now_or_never(sleep.as_mut());
    assert_eq!((poll(&mut one), poll(&mut other)), (None, None));
    moves(&clock, 10);
    assert_eq!(clock.step(Some(at(20))), Step::Woken);
    held(&clock, 20);
    assert_eq!(poll(&mut other), None);
    assert_eq!(poll(&mut one), Some(()));
    assert_eq!(clock.step(Some(at(20))), Step::Woken);
    assert_eq!(poll(&mut other), Some(()));
    moves(&clock, 20);
    assert_eq!(futures_util::future::FutureExt::now_or_never(clock.sleep_until(at(20))), Some(()));
}

#[tokio::test]
async fn a_sleeper_that_is_dropped_is_forgotten() {
    let clock = clock();
    for woken in [false, true] {
        let next = clock.now() + Span::from_micros(10);
        let mut sleep = Box::pin(clock.sleep_until(next));
        assert_eq!(futures_util::future::FutureExt::now_or_never(sleep.as_mut()), None);
        if woken {
            assert_eq!(clock.step(None), Step::Woken);
        }
        drop(sleep);
        moves(&clock, clock.now().micros() + 20);
    }
}

#[tokio::test]
async fn in_lock_step_time_stands_until_a_woken_task_has_spoken() {
    let clock = clock();
    let _client = clock.register();
    let mut sleep = Box::pin(clock.sleep_until(at(10)));
    assert_eq!(futures_util::future::FutureExt::now_or_never(sleep.as_mut()), None);
    assert_eq!(clock.step(Some(at(50))), Step::Woken);
    assert_eq!(futures_util::future::FutureExt::now_or_never(sleep.as_mut()), Some(()));
    held(&clock, 50);
    let guard = clock.busy();
    held(&clock, 50);
    drop(guard);
    moves(&clock, 50);
}

#[tokio::test]
async fn a_woken_task_that_says_nothing_is_given_up_in_the_end() {
    let clock = clock();
    let _client = clock.register();
    let mut sleep = Box::pin(clock.sleep_until(at(10)));
    assert_eq!(futures_util::future::FutureExt::now_or_never(sleep.as_mut()), None);
    assert_eq!(clock.step(Some(at(50))), Step::Woken);
    assert_eq!(futures_util::future::FutureExt::now_or_never(sleep.as_mut()), Some(()));
    assert!(matches!(clock.step(Some(at(50))), Step::Held(Some(_))));
    tokio::time::sleep(QUIET + Duration::from_millis(20)).await;
    moves(&clock, 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_in_lock_step_never_misses_its_instants() {
    let clock = clock();
    // Between its sleep and its next word this thread may be away for any time.
    clock.lock().wait_for(Duration::from_secs(3_600));
    let client = clock.register();
    // Before anything moves the clock: a client that has not said anything yet holds nothing up.
    let mut hold = Some(clock.busy());
    let stop = Arc::new(AtomicBool::new(false));
    let pumping = tokio::spawn(pump(clock.clone(), 7, Arc::clone(&stop)));
    for round in 1..=1_000 {
        let wake = at(round * 5);
        // The sleep is registered before the guard goes, as a client does that has something to wait for.
        let mut sleep = Box::pin(clock.sleep_until(wake));
        assert_eq!(futures_util::future::FutureExt::now_or_never(sleep.as_mut()), None, "round {round}");
        drop(hold.take());
        sleep.await;
        assert_eq!(clock.now(), wake, "round {round}");
        hold = Some(clock.busy());
        tokio::task::yield_now().await;
        assert_eq!(clock.now(), wake, "round {round}");
    }
    drop(client);
    stop.store(true, Ordering::SeqCst);
    pumping.await.expect("the pump ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_pushed_is_seen_at_the_instant_of_its_frame() {
    let clock = clock();
    let client = clock.register();
    let (frames, mut socket) = tokio::sync::mpsc::unbounded_channel::<i64>();
    let (push, mut queue) = tokio::sync::mpsc::unbounded_channel::<i64>();
    let seen = Arc::new(AtomicU64::new(0));
    let reader = tokio::spawn({
        let clock = clock.clone();
        async move {
            while let Some(frame) = socket.recv().await {
                let _hold = clock.busy();
                push.send(frame).expect("the runtime lives");
                clock.pushed();
                clock.frame_done();
            }
        }
    });
    let runtime = tokio::spawn({
        let (clock, seen) = (clock.clone(), Arc::clone(&seen));
        async move {
            loop {
                let before = clock.seen();
                match queue.try_recv() {
                    Ok(frame) => {
                        assert_eq!(clock.now(), at(frame));
                        seen.fetch_add(1, Ordering::SeqCst);
                        continue;
                    }
                    Err(tokio::sync::mpsc::error::TryRecvError::Disconnected) => break,
                    Err(tokio::sync::mpsc::error::TryRecvError::Empty) => clock.parked_since(before),
                }
                match queue.recv().await {
                    Some(frame) => {
                        assert_eq!(clock.now(), at(frame));
                        seen.fetch_add(1, Ordering::SeqCst);
                    }
                    None => break,
                }
            }
        }
    });
    let mut next = 1;
    while next <= 2_000 {
        match clock.step(Some(at(next))) {
            Step::Event(now) => {
                clock.frame_sent();
                frames.send(now.micros()).expect("the reader lives");
                next += 1;
            }
            Step::Held(_) => clock.changed().await,
            Step::Woken | Step::Early(_) | Step::Idle => {}
        }
    }
    drop(frames);
    reader.await.expect("the reader ends");
    runtime.await.expect("the runtime saw every frame at its instant");
    assert_eq!(seen.load(Ordering::SeqCst), 2_000);
    drop(client);
}
